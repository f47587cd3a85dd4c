"""What xylem-sim and xylem-bench cannot write is an error, with a reason."""

import os
import resource
import signal
import subprocess
import tempfile
import unittest

from program import CEILING, main, options

RUN = "xylem-sim", "--seeds=1..3", "--minutes=1"
COMMANDS = (RUN, ("xylem-sim", "--help"), ("xylem-sim", "--version"), ("xylem-bench", "--list"),
            ("xylem-bench", "--help"))
MEASURED = "xylem-bench", "--quick", "--only=hop/1", "--json"


def run(command, stdout, prepare=None):
    """Status and complaints."""
    path = os.path.join(os.path.dirname(options.program), command[0])
    done = subprocess.run([path, *command[1:]], stdin=subprocess.DEVNULL, stdout=stdout,
                          stderr=subprocess.PIPE, text=True, timeout=CEILING, preexec_fn=prepare)
    return done.returncode, done.stderr


def limit_files(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def ignore_broken_pipes():
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)


class TestOutput(unittest.TestCase):
    def test_full(self):
        for command in *COMMANDS, MEASURED:
            with self.subTest(command), open("/dev/full", "w") as output:
                self.assertEqual(run(command, output), (1, f"{command[0]}: cannot write its output: "
                                                           "No space left on device\n"))

    def test_limited(self):
        for command in COMMANDS:
            with self.subTest(command), tempfile.TemporaryFile() as output:
                self.assertEqual(run(command, output, lambda: limit_files(10)),
                                 (1, f"{command[0]}: cannot write its output: File too large\n"))

    def test_no_reader(self):
        for prepare, status in (None, -signal.SIGPIPE), (ignore_broken_pipes, 1):
            for command in COMMANDS:
                reader, writer = os.pipe()
                os.close(reader)
                with self.subTest(command):
                    self.assertEqual(run(command, writer, prepare), (status, ""))
                os.close(writer)

    def test_trace(self):
        complaint = "xylem-sim: cannot write the trace: {}\n"
        self.assertEqual(run((*RUN, "--trace=/dev/full"), subprocess.DEVNULL),
                         (1, complaint.format("No space left on device")))
        with tempfile.NamedTemporaryFile() as trace:
            self.assertEqual(run((*RUN, f"--trace={trace.name}"), subprocess.DEVNULL,
                                 lambda: limit_files(10000)),
                             (1, complaint.format("File too large")))
            self.assertEqual(os.path.getsize(trace.name), 10000)

    def test_well_written(self):
        for command in COMMANDS:
            with self.subTest(command), tempfile.TemporaryFile() as output:
                self.assertEqual(run(command, output), (0, ""))


if __name__ == "__main__":
    main()
