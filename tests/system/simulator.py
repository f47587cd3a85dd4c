"""xylem-sim: its options, its trace, and that the same seed gives the same run."""

import json
import os
import re
import subprocess
import tempfile
import unittest

from program import CEILING, main, options

STRICT = "tests/sim_strict"  # whose check finds fault with what is right


def simulate(*arguments, name="xylem-sim"):
    """Run xylem-sim, and return its status, what it wrote and its complaints."""
    program = os.path.join(os.path.dirname(options.program), name)
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True,
                          timeout=4 * CEILING, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout, done.stderr


def faults(text):
    """How many faults of each kind there were."""
    return [int(number) for number in re.findall(r" (\d+)", text)]


class TestSimulator(unittest.TestCase):
    def test_the_last_line(self):
        status, output, complaints = simulate("--seeds", "1..5", "--minutes", 2, "--nodes", 7)
        self.assertEqual((status, complaints), (0, ""))
        self.assertRegex(output, r"^5 seeds, [\d.]+ node-hours, \d+ events; faults: crash \d+, .*"
                                 r" drift \d, .*, slow-start \d+, slow-report \d+; moves:"
                                 r" begun \d+, done \d+, .*, retired \d+, cast answered \d+, .*;"
                                 r" hash [0-9a-f]{16}; .*; 0 failures\n$")

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
        self.assertEqual(set(events[0]), {"seed", "topology", "repair"})
        times = [event["us"] for event in events[1:]]
        self.assertEqual(times, sorted(times))
        for key in "event", "action", "command", "fault":
            self.assertTrue(any(key in event for event in events), key)

    def test_the_shrunk_run(self):
        """It is the one that is traced and counted: its replay writes the same."""
        with tempfile.NamedTemporaryFile("r") as shrunk, tempfile.NamedTemporaryFile("r") as again:
            report = simulate("--seeds", "1..3", "--shrink", "--trace", shrunk.name, name=STRICT)[1]
            replays = re.findall("^replay: xylem-sim (.*)$", report, re.MULTILINE)
            self.assertEqual(len(replays), 3)
            replayed, traces = [], ""
            for replay in replays:
                self.assertIn("--without", replay)
                replayed += [simulate(*replay.split(), "--trace", again.name, name=STRICT)[1]]
                traces += again.read()
                again.seek(0)
            self.assertEqual(shrunk.read(), traces)
        said = [re.search(r"(\d+) events; faults: (.*); hash", output) for output in replayed]
        total = re.search(r"(\d+) events; faults: (.*); hash", report)
        self.assertEqual(int(total[1]), sum(int(one[1]) for one in said))
        self.assertEqual(faults(total[2]), list(map(sum, zip(*(faults(one[2]) for one in said)))))

    def test_topology(self):
        """It is drawn from the seed, or the one that is asked for; the replay names it."""
        def shapes(*arguments):
            with tempfile.NamedTemporaryFile("r") as file:
                simulate("--seeds", "1..20", "--minutes", 0.01, "--trace", file.name, *arguments)
                return {json.loads(line).get("topology") for line in file} - {None}
        self.assertEqual(shapes(), {"avl", "bst", "balanced", "list", "tree"})
        self.assertEqual(shapes("--topology", "any"), {"avl", "bst", "balanced", "list", "tree"})
        self.assertEqual(shapes("--topology", "list"), {"list"})
        report = simulate("--seeds", 1, "--topology", "tree", name=STRICT)[1]
        self.assertIn("replay: xylem-sim --seeds 1 --topology tree --nodes 31 ", report)

    def test_repair(self):
        """It is drawn from the seed, or the one that is asked for; the replay names it."""
        def repairs(*arguments):
            with tempfile.NamedTemporaryFile("r") as file:
                simulate("--seeds", "1..20", "--minutes", 0.01, "--trace", file.name, *arguments)
                return {json.loads(line).get("repair") for line in file} - {None}
        self.assertEqual(repairs(), {"none", "adopt", "restart"})
        self.assertEqual(repairs("--repair", "any"), {"none", "adopt", "restart"})
        self.assertEqual(repairs("--repair", "adopt"), {"adopt"})
        report = simulate("--seeds", 1, "--repair", "none", name=STRICT)[1]
        self.assertIn("replay: xylem-sim --seeds 1 --repair none --nodes 31 ", report)
        without = simulate("--seeds", "1..9", "--minutes", 1, "--topology", "bst", "--repair", "none")
        self.assertRegex(without[1], " begun 0, .* sent again 0, .* restarted 0, ")

    def test_without(self):
        output = simulate("--seeds", "1..9", "--minutes", 1, "--without", "crash,stall,create,remove")[1]
        self.assertRegex(output, " 0.0 node-hours, .* crash 0, .* stall 0, ")

    def test_file(self):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("# a comment\n\n--seeds 1..2 --minutes 1  # two\n--seeds 9 --nodes 3\n")
            file.flush()
            self.assertRegex(simulate("--file", file.name)[1], "^3 seeds, .* 0 failures\n$")

    def test_wrong_usage(self):
        for wrong, complaint in (("--seeds=5..3", "not '5..3'"), ("--seeds=-1", "not '-1'"),
                                 ("--nodes=0", "not '0'"), ("--minutes=x", "not 'x'"),
                                 ("--minutes=nan", "not 'nan'"), ("--topology=ring", "not 'ring'"),
                                 ("--repair=all", "not 'all'"), ("--without=crash,", "not 'crash,'"),
                                 ("more", "Too many arguments"), ("--file=/none", "No such file")):
            status, output, complaints = simulate("--seeds=1", "--minutes=1", wrong)
            self.assertEqual((status, output), (2, ""), wrong)
            self.assertIn(complaint, complaints)


if __name__ == "__main__":
    main()
