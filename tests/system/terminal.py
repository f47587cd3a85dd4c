"""What is different when a person sits in front of it."""

import json
import os
import pty
import signal
import termios
import unittest

from program import AVAILABLE, UNAVAILABLE, Program, main, until

PROMPT = r"(xylem|>|\$)\s*$"


class TestTerminal(unittest.TestCase):
    def start(self, *arguments):
        program = Program(*arguments, terminal=True)
        self.addCleanup(program.__exit__, None, None, None)
        program.expect(PROMPT)
        return program

    def echoes(self, program):
        """The terminal is as it was found: a prompt echoes by itself, from shortly after it appears."""
        return bool(termios.tcgetattr(program.input)[3] & termios.ECHO)

    def expect_editing(self, program):
        until(lambda: not self.echoes(program), "the line is edited")

    def check_end(self, program, status):
        while program.receive():
            pass
        self.assertEqual(program.ended(), status)
        program.check_nothing_left()

    def test_a_session(self):
        program = self.start("--heartbeat", 50)
        for command, reply in {
            "create 50": r"OK: [1-9]\d*\r?\n",
            "create 75": r"OK: [1-9]\d*\r?\n",
            "ping 75": r"OK: 1\r?\n",
            "bogus": r"Error: bad command\r?\n",
            "pause 75": r"OK\r?\n",
        }.items():
            program.send(command + "\n")
            program.expect(reply)
        program.expect(UNAVAILABLE.format(75) + r"\r?\n")  # while the prompt waits
        program.send("resume 75\n")
        program.expect(r"OK\r?\n")
        program.expect(AVAILABLE.format(75) + r"\r?\n")
        program.send("exit\n")
        self.check_end(program, 0)

    def test_json_has_no_prompt_and_no_colour(self):
        program = Program("--output", "json", "--heartbeat", 50, terminal=True)
        self.addCleanup(program.__exit__, None, None, None)
        program.send("create 50\nbogus\nkill 50\n")
        while b"notice" not in program.buffer or not program.buffer.endswith(b"\n"):
            program.receive()
        program.send("exit\n")
        while program.receive():
            pass
        self.assertNotRegex(program.buffer, rb"xylem>|\x1b")
        answers = [line for line in program.buffer.decode().splitlines() if line.startswith("{")]
        self.assertEqual([json.loads(line).get("ok") for line in answers],
                         [True, False, True, None, True])
        self.assertEqual(program.ended(), 0)
        program.check_nothing_left()

    def test_end_of_input(self):
        program = self.start()
        program.send("create 50\n")
        program.expect(r"OK: [1-9]\d*\r?\n")
        program.expect(PROMPT)
        program.send(b"\x04")
        self.check_end(program, 0)

    def test_end_typed_ahead(self):
        program = self.start()
        program.send("sleep 300\n")
        program.expect("sleep 300")
        program.send(b"\x04")
        self.check_end(program, 0)

    def test_control_space_is_no_end(self):
        program = self.start()
        self.expect_editing(program)
        program.send(b"\x00")
        program.send("ping 1\n")
        program.expect(r"OK: -1\r?\n")
        program.expect(PROMPT)
        self.expect_editing(program)
        program.send(b"ping\x00 2\n")
        program.expect(r"OK: -1\r?\n")
        program.expect(PROMPT)
        program.send(b"\x04")
        self.check_end(program, 0)

    def test_quit_at_the_prompt(self):
        program = self.start()
        self.expect_editing(program)
        program.send(b"\x1c")
        self.check_end(program, 130)
        self.assertTrue(self.echoes(program))

    def test_interrupted(self):
        program = self.start()
        program.send("create 50\n")
        program.expect(r"OK: [1-9]\d*\r?\n")
        program.send("sleep 100000\n")
        program.expect("sleep 100000")
        program.send(b"\x03")
        self.check_end(program, 130)

    def test_interrupted_at_the_prompt(self):
        program = self.start()
        program.send(b"\x03")
        self.check_end(program, 130)

    def test_terminated_at_the_prompt(self):
        program = self.start()
        program.send("create 50\n")
        program.expect(r"OK: [1-9]\d*\r?\n")
        program.expect(PROMPT)
        os.kill(program.pid, signal.SIGTERM)
        self.check_end(program, 130)

    def test_no_prompt_on_pipes(self):
        with Program() as program:
            program.send("create 50\nbogus\nexit\n")
            self.assertRegex(program.rest(), r"^OK: [1-9]\d*\nError: bad command\nOK\n$")
            self.assertEqual(program.ended(), 1)
            self.assertEqual(program.errors(), "")

    def test_no_prompt_and_no_colour_when_only_one_side_is_a_terminal(self):
        ours, theirs = pty.openpty()
        try:
            with Program(stdin=theirs) as program:
                os.write(ours, b"bogus\nexit\n")
                self.assertEqual(program.rest(), "Error: bad command\nOK\n")
                self.assertEqual(program.ended(), 1)
                self.assertEqual(program.errors(), "")
            with Program(stdout=theirs) as program:
                program.send("bogus\nexit\n")
                self.assertEqual(program.ended(), 1)
                self.assertEqual(program.errors(), "")
                program.output, seen = ours, ""
                while not seen.endswith("\nOK\r\n"):
                    self.assertTrue(program.receive())
                    seen = program.buffer.decode()
                self.assertEqual(seen.split("\r\n")[-3:], ["Error: bad command", "OK", ""])
        finally:
            os.close(ours)
            os.close(theirs)

    def test_no_prompt_for_a_script(self):
        program = Program("-c", "ping 1", terminal=True)
        self.addCleanup(program.__exit__, None, None, None)
        while program.receive():
            pass
        self.assertEqual(program.buffer, b"OK: -1\r\n")
        self.assertEqual(program.ended(), 0)


if __name__ == "__main__":
    main()
