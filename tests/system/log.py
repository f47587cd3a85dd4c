"""Standard error that nothing reads: nothing waits for it, and what was lost is said later."""

import fcntl
import os
import re
import signal
import unittest

from program import Program, main, until

ROOM = 4096  # of the pipe


class TestLog(unittest.TestCase):
    def start(self, level):
        """A program whose standard error is a pipe that is full."""
        self.reader, writer = os.pipe()
        self.addCleanup(os.close, self.reader)
        fcntl.fcntl(self.reader, fcntl.F_SETPIPE_SZ, ROOM)
        self.assertEqual(os.write(writer, b"x" * ROOM), ROOM)
        flags = fcntl.fcntl(writer, fcntl.F_GETFL)
        program = Program("--log", level, prepare=lambda: os.dup2(writer, 2))
        self.addCleanup(program.__exit__, None, None, None)
        self.addCleanup(os.close, writer)
        self.addCleanup(lambda: self.assertEqual(fcntl.fcntl(writer, fcntl.F_GETFL), flags))
        return program

    def make_noise(self, program):
        """Have the controlling node and two others log how their children end."""
        program.create(50)
        for _ in range(10):
            program.create(25)
            program.create(10)
            program.create(75)
            self.assertEqual(program.ask("kill 10"), "OK")
            self.assertEqual(program.ask("wait 10 down 30000"), "OK")
            for id in 75, 10, 25:
                self.assertEqual(program.ask(f"remove {id}"), "OK")
            self.assertEqual(program.ask("ping 50"), "OK: 1")

    def test_goes_on(self):
        for level in "info", "debug":
            with self.subTest(level=level):
                program = self.start(level)
                self.make_noise(program)
                self.assertEqual(program.ask("exit"), "OK")
                self.assertEqual(program.ended(), 0)
                program.check_nothing_left()

    def test_signal(self):
        for level in "info", "debug":
            with self.subTest(level=level):
                program = self.start(level)
                self.make_noise(program)
                program.create(25)
                until(program.busy, "it waits")
                os.kill(program.pid, signal.SIGTERM)
                self.assertEqual(program.ended(), 130)
                program.check_nothing_left()

    def test_said_later(self):
        program = self.start("info")
        for _ in range(10):
            program.create(50)
            self.assertEqual(program.ask("remove 50"), "OK")
        self.assertEqual(os.read(self.reader, 2 * ROOM), b"x" * ROOM)
        program.create(50)
        self.assertEqual(program.ask("remove 50"), "OK")
        self.assertRegex(
            os.read(self.reader, 2 * ROOM).decode(),
            f"^xylem: warning: process {program.pid} lost 10 log lines before this line: standard "
            "error is not read fast enough\nxylem: info: life 11: the (node|process) ended.*\n$")
        self.assertEqual(program.ask("exit"), "OK")
        self.assertEqual(program.ended(), 0)
        program.check_nothing_left()


if __name__ == "__main__":
    main()
