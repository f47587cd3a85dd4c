"""What is different when a person sits in front of it.

TestEditing needs a program with libedit, TestWithoutEditing one without; TestDumb any.
"""

import fcntl
import json
import os
import pty
import re
import signal
import struct
import tempfile
import termios
import unittest

from program import AVAILABLE, UNAVAILABLE, Program, main, processes, unread, until

PROMPT = r"xylem> $"
INTERRUPT = b"\x03"
HINT = r"Press Ctrl-C again, or type exit, to leave\.\r?\n"
JOB_MS = [500, 2000, 8000, 32000]

# What terminals send: xterm in both of its modes, rxvt, the Linux console, screen and tmux, PuTTY.
KEYS = {
    "home": [b"\x1b[H", b"\x1bOH", b"\x1b[1~", b"\x1b[7~", b"\x1b[1;2H", b"\x1b[7^", b"\x1b[7$"],
    "end": [b"\x1b[F", b"\x1bOF", b"\x1b[4~", b"\x1b[8~", b"\x1b[1;5F", b"\x1b[8^", b"\x1b[8@"],
    "delete": [b"\x1b[3~", b"\x1b[3;5~", b"\x1b[3^", b"\x1b[3$"],
    "left": [b"\x1b[D", b"\x1bOD", b"\x1b[1;2D", b"\x1b[d"],
    "right": [b"\x1b[C", b"\x1bOC", b"\x1b[1;2C", b"\x1b[c"],
    "word left": [b"\x1b[1;5D", b"\x1b[5D", b"\x1bO5D", b"\x1bOd", b"\x1b[1;3D", b"\x1b\x1b[D", b"\x1bb"],
    "word right": [b"\x1b[1;5C", b"\x1b[5C", b"\x1bO5C", b"\x1bOc", b"\x1b[1;3C", b"\x1b\x1b[C", b"\x1bf"],
}

# What they send besides: keys that do nothing, the marks of a paste, answers, the mouse, the focus.
UNKNOWN = [
    b"\x1bOP", b"\x1b[15~", b"\x1b[[A", b"\x1b[5~", b"\x1b[2~", b"\x1b[1;5P", b"\x1b[24;2~", b"\x1bOj",
    b"\x1b[Z", b"\x1b[200~", b"\x1b[201~", b"\x1b[?1;2c", b"\x1b[>41;330;0c", b"\x1b[24;80R",
    b"\x1b[1;2$y", b"\x1b[<0;10;10M", b"\x1b[M !!", b"\x1b[I", b"\x1b[O", b"\x1b[27;5;9~", b"\x1b[97;5u",
    b"\x1b]11;rgb:0000/0000/0000\x07", b"\x1b]11;rgb:0000/0000/0000\x1b\\", b"\x1bP1$r0m\x1b\\",
    b"\x1b[1;2;3;4;5;6;7;8;9;10;11;12m",
]


class Terminal:
    """What holds for a terminal of every kind."""

    environment = {}

    def launch(self, *arguments, **settings):
        environment = dict(self.environment, **settings.pop("environment", {}))
        program = Program(*arguments, terminal=True, environment=environment, **settings)
        self.addCleanup(program.__exit__, None, None, None)
        return program

    def start(self, *arguments, **settings):
        program = self.launch(*arguments, **settings)
        program.expect(PROMPT)
        self.expect_editing(program)
        return program

    def ask(self, program, command, reply):
        program.send(command + "\n")
        match = program.expect(reply)
        program.expect(PROMPT)
        self.expect_editing(program)
        return match

    def waits(self, program):
        return processes()[program.pid][1] == "S"

    def expect_waiting(self, program):
        """It has begun what it was asked for, and waits."""
        until(lambda: self.waits(program), "it waits")

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
            "bogus": r"Error: bad command.*\r?\n",
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

    # The end

    def test_end_of_input(self):
        program = self.start()
        self.ask(program, "create 50", r"OK: [1-9]\d*\r?\n")
        program.send(b"\x04")
        self.check_end(program, 0)
        self.assertTrue(self.echoes(program))

    def test_end_typed_ahead(self):
        program = self.start()
        program.send("sleep 300\n")
        program.expect("sleep 300")
        program.send(b"\x04")
        self.check_end(program, 0)

    def test_end_typed_before_the_start(self):
        ours, theirs = pty.openpty()
        try:
            os.write(ours, b"\x04")
            with Program(stdin=theirs, stdout=theirs, environment=self.environment) as program:
                self.assertEqual(program.ended(), 0)
                program.check_nothing_left()
        finally:
            os.close(ours)
            os.close(theirs)

    def test_control_space_is_no_end(self):
        program = self.start()
        self.expect_waiting(program)
        program.send(b"\x00")
        self.ask(program, "ping 1", r"OK: -1\r?\n")
        self.expect_waiting(program)
        program.send(b"ping\x00 2\n")
        program.expect(r"OK: -1\r?\n")
        program.expect(PROMPT)
        program.send(b"\x04")
        self.check_end(program, 0)

    def test_quit_at_the_prompt(self):
        program = self.start()
        program.send(b"\x1c")
        self.check_end(program, 130)
        self.assertTrue(self.echoes(program))

    def test_terminated_at_the_prompt(self):
        program = self.start()
        self.ask(program, "create 50", r"OK: [1-9]\d*\r?\n")
        os.kill(program.pid, signal.SIGTERM)
        self.check_end(program, 130)
        self.assertTrue(self.echoes(program))

    def test_terminated_while_a_command_waits(self):
        program = self.start()
        program.send("ping 1; sleep 1000000\n")
        program.expect(r"OK: -1\r?\n")
        self.expect_waiting(program)
        os.kill(program.pid, signal.SIGTERM)
        self.check_end(program, 130)

    # Ctrl-C

    def test_interrupt_clears_the_line(self):
        program = self.start()
        program.send("exec 50 ti")
        program.expect("exec 50 ti")
        program.send(INTERRUPT)
        program.expect(r"\^C\r?\n")
        program.expect(PROMPT)
        self.expect_editing(program)
        self.ask(program, "ping 1", r"ping 1\r?\nOK: -1\r?\n")
        program.send("exit\n")
        self.check_end(program, 0)

    def test_interrupt_stops_what_waits(self):
        program = self.start("--timeout", 1000000)
        self.ask(program, "create 50; pause 50", r"OK: [1-9]\d*\r?\nOK\r?\n")
        for command in ("sleep 1000000", "wait 50 down", "wait 60 up 1000000", "ping 50", "exec 50 time",
                        "create 25"):
            with self.subTest(command):
                program.send(f"ping 1; {command}; ping 2; bogus\n")
                program.expect(r"OK: -1\r?\n")
                self.expect_waiting(program)
                program.send(INTERRUPT)
                program.expect(r"^\s*(\^C)?\r?\nError: interrupted\r?\n" + PROMPT)
                self.expect_editing(program)
        self.ask(program, "ping 1", r"ping 1\r?\nOK: -1\r?\n")
        program.send("resume 50; ping 50; exit\n")
        program.expect(r"OK\r?\nOK: 1\r?\nOK\r?\n")
        self.check_end(program, 0)

    def test_interrupt_of_a_set(self):
        """What has been answered by then is shown."""
        program = self.start("--timeout", 1000000, "--service", "dict")
        self.ask(program, "create 50,60,40; pause 60", r"OK: 3 nodes\r?\nOK\r?\n")
        for command, reply in (("ping all", r"Error: [450,]*60: interrupted(; OK: \d nodes?)?"),
                               ("exec 60,50 x 5", r"Error: (50,)?60: interrupted(; OK: 50)?"),
                               ("create 70-72", "Error: 70-72: interrupted")):  # 71 is below 70
            with self.subTest(command):
                program.send(f"ping 1; {command}; ping 2\n")
                program.expect(r"OK: -1\r?\n")
                self.expect_waiting(program)
                program.send(INTERRUPT)
                program.expect(r"^\s*(\^C)?\r?\n" + reply + r"\r?\n" + PROMPT)
                self.expect_editing(program)
        program.send("remove all; exit\n")
        program.expect(r"OK: 3 nodes\r?\nOK\r?\n")
        self.check_end(program, 0)

    def test_interrupt_spares_the_jobs(self):
        program = self.start()
        self.ask(program, "create 50 --service sleep", r"OK: [1-9]\d*\r?\n")
        program.send("exec 50 1500 &; ping 1; wait all 1000000\n")
        program.expect(r"OK: job 1\r?\nOK: -1\r?\n")
        self.expect_waiting(program)
        program.send(INTERRUPT)
        program.expect(r"Error: interrupted\r?\n")
        program.expect(PROMPT)
        program.expect(r"Job 1: OK\r?\n")
        program.send("exit\n")
        self.check_end(program, 0)

    def interrupt_what_is_written(self, program):
        """Whether it said so. It does not if the kernel found room after all, and a reply was complete."""
        program.send("help;" * 400 + "\n")
        until(lambda: unread(program.output) > 3000, "help is written")
        until(lambda: all(self.waits(program) and program.blocked() for look in range(10)),
              "no more can be written")
        program.send(INTERRUPT)
        match = program.expect(r"\r?\n(\^C|Error: interrupted|)\r?\n" + PROMPT)
        self.expect_editing(program)
        return match[1] == "Error: interrupted"

    def test_interrupt_stops_what_is_written(self):
        program = self.start()
        self.assertTrue(any(self.interrupt_what_is_written(program) for attempt in range(5)))
        self.ask(program, "ping 1", r"ping 1\r?\nOK: -1\r?\n")
        program.send("exit\n")
        self.check_end(program, 0)

    def interrupt_at_empty_line(self, program):
        program.send(INTERRUPT)
        program.expect(r"\^C\r?\n" + HINT)
        program.expect(PROMPT)
        self.expect_editing(program)

    def test_two_interrupts_end_it(self):
        program = self.start()
        self.ask(program, "create 50", r"OK: [1-9]\d*\r?\n")
        self.interrupt_at_empty_line(program)
        program.send(INTERRUPT)
        self.check_end(program, 130)
        self.assertTrue(self.echoes(program))

    def test_two_interrupts_that_are_not_in_a_row(self):
        program = self.start()
        self.interrupt_at_empty_line(program)
        self.ask(program, "ping 1", r"OK: -1\r?\n")
        self.interrupt_at_empty_line(program)
        program.send("x")
        program.expect("x")
        program.send(INTERRUPT)
        program.expect(r"\^C\r?\n")
        program.expect(PROMPT)
        self.expect_editing(program)
        self.interrupt_at_empty_line(program)
        program.send("exit\n")
        self.check_end(program, 0)

    # A notice and what is being typed

    def type_before_the_end_of_a_job(self, program, text):
        """Type something while a job is under way that ends afterwards."""
        for duration in JOB_MS:
            self.ask(program, f"exec 50 {duration} &", r"OK: job \d+\r?\n")
            program.send(text)
            if program.expect(re.escape(text.decode()) + "|Job").group() != "Job":
                return
            program.send(INTERRUPT)
            program.expect(PROMPT)
        self.fail("it takes too long to type")

    def test_a_notice_leaves_what_is_typed(self):
        program = self.start()
        self.ask(program, "create 50 --service sleep", r"OK: [1-9]\d*\r?\n")
        self.type_before_the_end_of_a_job(program, b"ping 5")
        program.expect(r"Job \d+: OK\r?\n")
        program.expect(r"xylem> ping 5$")
        program.send("0\n")
        program.expect(r"OK: 1\r?\n")
        program.send("exit\n")
        self.check_end(program, 0)

    # Keys

    def check_keys(self, cases, **environment):
        """Each types what is in the end the same command, unless something else is typed as well."""
        program = self.start(environment=environment)
        self.ask(program, "create 50", r"OK: [1-9]\d*\r?\n")
        for keys in cases:
            with self.subTest(keys=keys):
                program.send(keys + b"\n")
                reply = program.expect(r"(OK|Error).*\r?\n").group().strip()
                program.expect(PROMPT)
                self.expect_editing(program)
                self.assertEqual(reply, "OK: 1")
        program.send("exit\n")
        self.check_end(program, 0)

    def test_unknown_sequences_type_nothing(self):
        self.check_keys([b"pi" + sequence + b"ng 50" for sequence in UNKNOWN])

    def test_erasing(self):
        self.check_keys([b"pinx\x7fg 50", b"pinx\x08g 50", b"exec\x15ping 50", b"ping bla  \x1750",
                         "ping \u00e4\u20ac\x7f\x7f50".encode()])

    # What the terminal can show

    def test_help_fits_into_the_window(self):
        program = self.start()
        for columns in 40, 60, 80, 200:
            size = struct.pack("4H", 24, columns, 0, 0)
            fcntl.ioctl(program.input, termios.TIOCSWINSZ, size)
            program.buffer = b""
            program.send("ping 1; help; ping 1\n")
            text = program.expect(r"OK: -1\r?\n((.*\n)*)OK: -1").group(1)
            lines = text.split("\r\n")
            self.assertIn("exit", text)
            self.assertLessEqual(max(map(len, lines)), min(columns, 80))
            self.assertFalse([line for line in lines if line != line.rstrip()])
            program.expect(PROMPT)
            self.expect_editing(program)
        program.send("exit\n")
        self.check_end(program, 0)

    def draw(self, environment):
        nothing = dict(LC_ALL="", LC_CTYPE="", LANG="")
        program = self.start(environment=dict(nothing, **environment))
        self.ask(program, "create 50 --service dict; create 25", r"OK: [1-9]\d*\r?\nOK: [1-9]\d*\r?\n")
        self.ask(program, "create 75", r"OK: [1-9]\d*\r?\n")
        picture = self.ask(program, "tree", r"50 available\r?\n(.*25.*\r?\n.*75.*)\r?\n").group(1)
        error = self.ask(program, "exec 50 gr\u00fcn", r"Error: ([^\r]*)\r?\n").group(1)
        program.send("exit\n")
        self.check_end(program, 0)
        return picture.replace("\r", ""), error

    def test_a_tree_in_ascii(self):
        for environment in {"LC_ALL": "C"}, {}, {"LANG": "C.UTF-8", "LC_ALL": "POSIX"}:
            picture, error = self.draw(environment)
            self.assertEqual(picture, "|-- 25 available\n`-- 75 available")
            self.assertEqual(error, "'gr?n' not found")

    def test_a_tree_in_utf8(self):
        for environment in {"LC_ALL": "C.UTF-8"}, {"LANG": "tlh_QO.utf8"}:  # not installed anywhere
            picture, error = self.draw(environment)
            self.assertEqual(picture, "\u251c\u2500\u2500 25 available\n\u2514\u2500\u2500 75 available")
            self.assertEqual(error, "'gr\u00fcn' not found")


class TestEditing(Terminal, unittest.TestCase):
    environment = {"TERM": "xterm"}

    def test_keys(self):
        home, right = KEYS["home"][0], KEYS["right"][0]
        self.check_keys(
            [b"ing 50" + key + b"p" for key in KEYS["home"]]
            + [b"ping 5" + home + key + b"0" for key in KEYS["end"]]
            + [b"xping 50" + home + key for key in KEYS["delete"]]
            + [b"ping 0" + key + b"5" for key in KEYS["left"]]
            + [b"ping 0" + home + 5 * key + b"5" for key in KEYS["right"]]
            + [b"png 50" + 2 * key + right + b"i" for key in KEYS["word left"]]
            + [b"pin 50" + home + key + b"g" for key in KEYS["word right"]])

    def test_keys_of_vi(self):
        with tempfile.TemporaryDirectory() as home:
            with open(f"{home}/.editrc", "w") as file:
                file.write("bind -v\n")
            self.check_keys(
                [b"ing 50" + key + b"ip" for key in KEYS["home"]]
                + [b"xping 50" + KEYS["home"][0] + key for key in KEYS["delete"]]
                + [b"xxping 50" + KEYS["home"][0] + 2 * key for key in KEYS["delete"]]
                + [b"png 50" + 2 * key + KEYS["right"][0] + b"ii" for key in KEYS["word left"]]
                + [b"pi" + sequence + b"ng 50" for sequence in UNKNOWN], HOME=home)

    def test_interrupt_of_a_search(self):
        program = self.start()
        self.ask(program, "ping 1", r"OK: -1\r?\n")
        program.send(b"\x12pi")
        program.expect(r"bck:p(.*\n)*.*ping 1(.*\n)*.*i")
        program.send(INTERRUPT)
        program.expect(r"\^C\r?\n")
        program.expect(PROMPT)
        self.expect_editing(program)
        self.ask(program, "ping 2", r"^ping 2\r?\nOK: -1\r?\n")
        program.send("exit\n")
        self.check_end(program, 0)

    def test_completion(self):
        program = self.start()
        program.send("sl\t1\n")
        program.expect(r"xylem> sleep 1\r?\n")
        program.send("pi\t 1\n")
        program.expect(r"xylem> ping 1\r?\nOK: -1\r?\n")
        program.send("create 1 --s\ttimer\n")
        program.expect(r"xylem> create 1 --service timer\r?\nOK: \d+\r?\n")
        program.send("exit\n")
        self.check_end(program, 0)

    def test_interrupt_in_the_middle_of_a_line(self):
        program = self.start()
        program.send(b"exec 50 time" + 8 * KEYS["left"][0] + b"X")
        program.expect("X")
        program.send(INTERRUPT)
        program.expect(r"\rxylem> execX 50 time\^C\r?\n")
        program.expect(PROMPT)
        program.send("exit\n")
        self.check_end(program, 0)


class Plain(Terminal):
    """There is no cursor to move: what is typed stands at the end."""

    def test_keys(self):
        self.check_keys([b"pi" + key + b"ng 50" for keys in KEYS.values() for key in keys])

    def test_a_tab_is_a_blank(self):
        self.check_keys([b"ping\t50", b"ping x\t\x7f\x7f50"])

    def test_escape_key(self):
        program = self.start()
        self.ask(program, "create 50 --service sleep", r"OK: [1-9]\d*\r?\n")
        self.type_before_the_end_of_a_job(program, b"ping 5")
        program.send(b"\x1b")
        program.expect(r"Job \d+: OK\r?\n")  # long after it
        program.expect(r"xylem> ping 5$")
        program.send("0\n")
        program.expect(r"OK: 1\r?\n")
        program.send("exit\n")
        self.check_end(program, 0)

    def test_no_echo_where_there_was_none(self):
        def silence():
            mode = termios.tcgetattr(0)
            mode[3] &= ~termios.ECHO
            termios.tcsetattr(0, termios.TCSANOW, mode)

        program = self.launch(prepare=silence)
        program.expect(PROMPT)
        program.send("ping 1\n")
        program.expect(r"^OK: -1\r?\n" + PROMPT)
        program.send("exit\n")
        self.check_end(program, 0)
        self.assertFalse(self.echoes(program))


class TestDumb(Plain, unittest.TestCase):
    environment = {"TERM": "dumb"}

    def test_no_colour_and_no_movement(self):
        program = self.start()
        program.send("bogus\nexit\n")
        while program.receive():
            pass
        self.assertNotIn(b"\x1b", program.buffer)
        self.assertEqual(program.ended(), 0)


class TestWithoutEditing(Plain, unittest.TestCase):
    environment = {"TERM": "xterm"}


class TestOther(unittest.TestCase):
    """No person, or a program that looks like one."""

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

    def test_interrupts_in_json(self):
        program = Program("--output", "json", terminal=True)
        self.addCleanup(program.__exit__, None, None, None)
        program.send("ping 1; sleep 1000000\n")
        program.expect(r'\{.*"ping".*\}\r?\n')
        until(lambda: processes()[program.pid][1] == "S", "it waits")
        program.send(INTERRUPT)
        reply = json.loads(program.expect(r"\{.*\}(?=\r?\n)").group())
        self.assertEqual((reply["command"], reply["ok"], reply["error"]["code"]),
                         ("sleep", False, "interrupted"))
        program.send("pi")
        program.expect("pi")
        program.send(INTERRUPT)
        program.expect(r"\^C\r?\n")
        program.send(INTERRUPT)
        program.expect(HINT)
        program.send(INTERRUPT)
        while program.receive():
            pass
        self.assertEqual(program.ended(), 130)
        program.check_nothing_left()

    def test_interrupt_ends_a_script(self):
        program = Program("-c", "ping 1; sleep 1000000", terminal=True)
        self.addCleanup(program.__exit__, None, None, None)
        program.expect(r"OK: -1\r?\n")
        until(lambda: processes()[program.pid][1] == "S", "it waits")
        program.send(INTERRUPT)
        while program.receive():
            pass
        self.assertEqual(program.buffer, b"^C")
        self.assertEqual(program.ended(), 130)
        program.check_nothing_left()

    def test_a_tree_on_a_pipe(self):
        with Program(environment={"LC_ALL": "C"}) as program:
            program.send("create 50\ncreate 25\ntree\nexit\n")
            self.assertIn("\u2514\u2500\u2500 25 available", program.rest())

    def test_no_prompt_on_pipes(self):
        with Program() as program:
            program.send("create 50\nbogus\nexit\n")
            self.assertRegex(program.rest(), r"^OK: [1-9]\d*\nError: bad command: 'bogus'\nOK\n$")
            self.assertEqual(program.ended(), 1)
            self.assertEqual(program.errors(), "")

    def test_no_prompt_and_no_colour_when_only_one_side_is_a_terminal(self):
        ours, theirs = pty.openpty()
        try:
            with Program(stdin=theirs) as program:
                os.write(ours, b"bogus\nexit\n")
                self.assertEqual(program.rest(), "Error: bad command: 'bogus'\nOK\n")
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
                self.assertEqual(seen.split("\r\n")[-3:], ["Error: bad command: 'bogus'", "OK", ""])
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
