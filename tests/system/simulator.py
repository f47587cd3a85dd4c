"""xylem-sim: its options, its trace, and that the same seed gives the same run."""

import json
import os
import re
import subprocess
import tempfile
import unittest

from program import CEILING, main, options


def simulate(*arguments):
    """Run xylem-sim, and return its status, what it wrote and its complaints."""
    program = os.path.join(os.path.dirname(options.program), "xylem-sim")
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True,
                          timeout=CEILING, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout, done.stderr


class TestSimulator(unittest.TestCase):
    def test_the_last_line(self):
        status, output, complaints = simulate("--seeds", "1..5", "--minutes", 2, "--nodes", 7)
        self.assertEqual((status, complaints), (0, ""))
        self.assertRegex(output, r"^5 seeds, [\d.]+ node-hours, \d+ events; faults: crash \d+, .*"
                                 r" drift \d, .*; hash [0-9a-f]{16}; .*; 0 failures\n$")

    def test_the_same_run(self):
        hashes = [re.search("hash (.*?);", simulate("--seeds", seed, "--minutes", 3)[1]).group(1)
                  for seed in (7, 7, 8)]
        self.assertEqual(hashes[0], hashes[1])
        self.assertNotEqual(hashes[0], hashes[2])

    def test_trace(self):
        with tempfile.NamedTemporaryFile() as file:
            traced = simulate("--seeds", 3, "--minutes", 1, "--trace", file.name)[1]
            events = [json.loads(line) for line in file]
        untraced = simulate("--seeds", 3, "--minutes", 1)[1]
        self.assertEqual(*(re.search("hash .*?;", line).group() for line in (traced, untraced)))
        self.assertEqual(events[0], {"seed": 3})
        times = [event["us"] for event in events[1:]]
        self.assertEqual(times, sorted(times))
        for key in "event", "action", "command", "fault":
            self.assertTrue(any(key in event for event in events), key)

    def test_without(self):
        output = simulate("--seeds", "1..9", "--minutes", 1, "--without", "crash,stall,create")[1]
        self.assertRegex(output, " 0.0 node-hours, .* crash 0, .* stall 0, ")

    def test_file(self):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("# a comment\n\n--seeds 1..2 --minutes 1  # two\n--seeds 9 --nodes 3\n")
            file.flush()
            self.assertRegex(simulate("--file", file.name)[1], "^3 seeds, .* 0 failures\n$")

    def test_wrong_usage(self):
        for wrong, complaint in (("--seeds=5..3", "not '5..3'"), ("--seeds=-1", "not '-1'"),
                                 ("--nodes=0", "not '0'"), ("--minutes=x", "not 'x'"),
                                 ("--minutes=nan", "not 'nan'"), ("--without=crash,", "not 'crash,'"),
                                 ("more", "Too many arguments"), ("--file=/none", "No such file"),
                                 ("--trace=/dev/full", "No space left")):
            status, output, complaints = simulate("--seeds=1", "--minutes=1", wrong)
            self.assertEqual((status, output), (2, ""), wrong)
            self.assertIn(complaint, complaints)


if __name__ == "__main__":
    main()
