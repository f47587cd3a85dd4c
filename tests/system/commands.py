"""What a script of fixed replies cannot say: pids, times, help, and lines no editor would write."""

import ctypes
import os
import re
import unittest

from program import UNAVAILABLE, Program, alive, main, options, until

COMMANDS = ("create remove exec heartbeat ping pingall all tree info status exit help sleep wait "
            "kill pause resume jobs cancel move").split()
MIB = 1 << 20
TEXT_MAX = 32 * MIB  # XYLEM_TEXT_MAX


def obey_modes():
    """From its next program on, this process may not read every file, though it be root's."""
    drop, capabilities = 24, (1, 2)  # PR_CAPBSET_DROP; CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
    for capability in capabilities:
        ctypes.CDLL(None).prctl(drop, capability, 0, 0, 0)


class TestCommands(unittest.TestCase):
    def setUp(self):
        self.program = Program()
        self.addCleanup(self.program.__exit__, None, None, None)

    def check(self, command, reply):
        self.assertEqual(self.program.ask(command), reply)

    def finish(self, status):
        self.program.close_input()
        self.assertEqual(self.program.rest(), "")
        self.assertEqual(self.program.ended(), status)
        self.program.check_nothing_left()

    def test_create_replies_the_pid(self):
        """The process of the node; where nodes are threads, the thread of the node."""
        thread = options.world == "thread"
        pids = {id: self.program.create(id) for id in (50, 25, 75)}
        self.assertEqual(len(set(pids.values())), 3)
        self.assertNotIn(self.program.pid, pids.values())

        def there(pid):
            return os.path.exists(f"/proc/{self.program.pid}/task/{pid}") if thread else alive(pid)

        for id, pid in pids.items():
            self.assertTrue(there(pid), f"node {id}")
        self.check("remove 25", "OK")
        until(lambda: not there(pids[25]), "the removed node is gone")
        self.assertTrue(there(pids[50]) and there(pids[75]))
        self.finish(0)

    def time(self, id):
        return int(re.fullmatch(r"OK: (\d+) ms", self.program.ask(f"exec {id} time"))[1])

    def test_timer(self):
        self.program.create(50)
        self.program.create(25)
        self.check("exec 50 start", "OK: start")
        self.program.send("sleep 400\n")
        self.assertGreaterEqual(self.time(50), 400)
        until(lambda: self.time(50) > 400, "the timer runs on")
        self.assertEqual(self.time(25), 0)
        self.check("exec 50 stop", "OK: stop")
        frozen = self.time(50)
        self.assertGreaterEqual(frozen, 400)
        self.program.send("sleep 30\n")
        self.assertEqual(self.time(50), frozen)
        self.check("exec 50 stop", "OK: stop")
        self.assertEqual(self.time(50), frozen)
        self.program.send("exec 50 start\nexec 50 stop\n")
        self.assertEqual([self.program.reply(), self.program.reply()], ["OK: start", "OK: stop"])
        self.assertLess(self.time(50), frozen)
        self.finish(0)

    def test_help(self):
        lines = self.program.ask_lines("help")
        text = "\n".join(lines)
        for name in COMMANDS:
            self.assertRegex(text, rf"(?m)^{name}\b")
            one = self.program.ask_lines(f"help {name}")
            self.assertTrue(one[0].startswith(name), one[0])
            self.assertIn("Example:", one)
            lines += one
        self.assertLessEqual(max(map(len, lines)), 80)
        self.assertFalse(lines[0].startswith("Error"))
        self.assertEqual(self.program.ask("help bogus"), "Error: bad command: 'bogus'")
        self.assertEqual(self.program.ask("help creat"),
                         "Error: bad command: 'creat' (did you mean 'create'?)")

    def test_usage_is_that_of_help(self):
        """What an error shows of a command is what help shows."""
        for name in COMMANDS:
            with self.subTest(name=name):
                error = self.program.ask(f"{name} 1 2 x y z" if name != "exec" else name)
                usage = error.partition("usage: ")[2]
                self.assertTrue(usage.startswith(name), error)
                shown = self.program.ask_lines(f"help {name}")
                self.assertTrue(shown[0] == usage or shown[0].startswith(usage + " "), shown[0])

    def test_examples_of_help_are_true(self):
        """Each, from its first command on, replies what help shows; pids are others."""
        pages = {name: self.program.ask_lines(f"help {name}") for name in COMMANDS}
        self.finish(1)
        for name, shown in pages.items():
            example = [line[2:] for line in shown[shown.index("Example:") + 1:]]
            typed = [line[2:] for line in example if line.startswith("> ")]
            replies = [line for line in example if not line.startswith("> ")]
            self.assertIn(name, [line.split()[0] for line in typed])
            shape = ["--topology", "tree"] if name == "move" else []
            with self.subTest(name=name), Program(*shape) as program:
                program.send("\n".join(typed) + "\n")
                program.close_input()
                passing = r"(?m)^(OK|pid): ( *)\d{3,}$|^(heard): ( *)\d+ ms$"
                said, shown = (re.sub(passing, r"\1\3: \2\4N", text).splitlines()
                               for text in (program.rest(), "\n".join(replies)))
                self.assertEqual(said, shown)

    def test_notices_come_while_a_command_waits(self):
        for command in ("sleep 100000000", "wait 1 100000000", "wait all 100000000",
                        "wait 99 up 100000000"):
            with self.subTest(during=command), Program() as program:
                program.send("create 50 --service sleep\ncreate 75 --service sleep\n"
                             f"exec 50 100000000 &\nexec 75 300 &\n{command}\n")
                for reply in "OK: [1-9]", "OK: [1-9]", "OK: job 1", "OK: job 2", "Job 2: OK":
                    self.assertRegex(program.line(), reply)

    def test_notices_come_while_no_command_runs(self):
        for world in (options.world, "simulated"):
            with self.subTest(world=world), Program(world=world) as program:
                program.create(50)
                program.send("kill 50\n")
                self.assertEqual(program.line(), "OK")
                self.assertEqual(program.line(), UNAVAILABLE.format(50))

    def test_ping_beside_many_jobs(self):
        """A node that is there is never said not to be: when there is no room, that is said."""
        for id in range(1, 6):
            self.program.send(f"create {id} --service sleep\n")
            self.assertRegex(self.program.reply(), r"^OK: [1-9]\d*$")
        for id in range(1, 6):
            self.program.send(f"exec {id} 100000000 &\n" * 1000)
            for _ in range(1000):
                self.assertRegex(self.program.reply(), "^OK: job |^Error: |^Job .*: Error: ")
        reply = self.program.ask("ping 1")
        while reply.startswith("Job "):
            reply = self.program.reply()
        self.assertIn(reply, ["OK: 1", "Error: too many requests in flight"])

    def test_long_lines(self):
        self.program.create(1)
        longest = "ping 1".ljust(MIB)
        self.check(longest, "OK: 1")
        self.check(longest + " ", "Error: bad command")
        self.check("#".ljust(MIB, "x") + "\nping 1", "OK: 1")
        self.check("#".ljust(MIB + 1, "x"), "Error: bad command")
        self.check("create 2".ljust(4 * MIB) + "create 3", "Error: bad command")
        self.check("create 4;" * (MIB // 8), "Error: bad command")
        self.check("x" * MIB, f"Error: bad command: '{'x' * 64}...'")
        self.assertRegex(self.program.ask("create " + "9" * (MIB - 7)), "^Error: bad id: '9+")
        for text in "x" * (MIB - 7), "x " * (MIB // 2 - 4):
            self.check(f"exec 1 {text}",
                       f"Error: bad subcommand: '{text[:64]}...' (timer takes start, stop, time)")
        self.check("all", "1")
        self.finish(1)

    def test_long_last_line(self):
        self.program.send("ping 1".ljust(MIB + 1))
        self.program.close_input()
        self.assertEqual(self.program.rest(), "Error: bad command\n")
        self.assertEqual(self.program.ended(), 1)

    def write(self, name, content):
        path = os.path.join(self.program.home.base, name)
        with open(path, "wb") as file:
            file.write(content)
        return path

    def test_text_from_a_file(self):
        self.program.create(1)
        bad, long = "Error: bad subcommand: '", "Error: text is too long"
        for content, reply in (
            (b"start", "OK: start"), (b"stop\n", "OK: stop"), (b"stop\n\n", bad), (b"\nstop", bad),
            (b"stop\r\n", bad), (b"\xef\xbb\xbfstop", bad), (b"", bad), (b"\n", bad), (b"\xff\xfe", bad),
            (b"x" * TEXT_MAX, bad), (b"x" * TEXT_MAX + b"\n", bad), (b"x" * (TEXT_MAX + 1), long),
            (b"x" * TEXT_MAX + b"\n\n", long), (b"x" * (TEXT_MAX + 1) + b"\n", long),
            (b"x" * 2 * TEXT_MAX, long),
        ):
            with self.subTest(content=content[:10], length=len(content)):
                said = self.program.ask(f"exec 1 @'{self.write('a text', content)}'")
                self.assertEqual(said[:len(reply)] if reply is bad else said, reply)
        self.check(f"exec 2 @{self.write('text', b'start')}", "Error: Not found")
        self.finish(1)

    def test_the_file_is_read_when_the_command_runs(self):
        self.program.create(1)
        path = self.write("text", b"start")
        self.program.send(f"sleep 300; exec 1 @{path}\n")
        until(self.program.busy, "it sleeps")
        self.write("text", b"stop")
        self.assertEqual(self.program.reply(), "OK: stop")
        self.finish(0)

    def test_files_that_cannot_be_read(self):
        self.program.create(1)
        base = self.program.home.base
        os.mkfifo(f"{base}/fifo")
        for path, reason in (
            (f"{base}/none", "No such file or directory"), (base, "Is a directory"),
            (f"{base}/stderr/x", "Not a directory"), ("x" * 300, "File name too long"),
            (self.write("nul", b"start\0"), "it contains a NUL byte"),
            (self.write("nul", b"\0" * MIB), "it contains a NUL byte"),
            (f"{base}/fifo", "it is not a regular file"),
            ("/dev/zero", "it is not a regular file"),
        ):
            with self.subTest(path=path):
                self.check(f"exec 1 @{path}", f"Error: cannot read '{path}': {reason}")
        self.check("exec 1 @\x1b[2J", r"Error: cannot read '\x1b[2J': No such file or directory")
        self.check("exec 1 '@none'", "Error: bad subcommand: '@none' (timer takes start, stop, time)")
        self.check("exec 1 time", "OK: 0 ms")  # nothing has reached it
        self.finish(1)

    def test_a_file_that_is_closed_to_us(self):
        path = self.write("closed", b"start")
        os.chmod(path, 0)
        self.finish(0)
        with Program("-c", f"exec 1 @{path}", prepare=obey_modes) as program:
            self.assertEqual(program.rest(), f"Error: cannot read '{path}': Permission denied\n")
            self.assertEqual(program.ended(), 1)

    def test_bytes_that_are_no_text(self):
        self.program.create(1)
        for line in (
            b"\0", b"create 2\0", b"create\0 2", b"create 2 \0# remove 1", b"\0create 2",
            b"create 2;\0", b"\xff", b"create \xe9", b"create 2 \xc3", b"\x80create 2",
            b"create \xc0\xb2",  # an overlong 2
            b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xfe\xff\0c",
        ):
            with self.subTest(line=line):
                self.program.send(line + b"\n")
                self.assertEqual(self.program.reply(), "Error: bad command")
        self.check("all", "1")
        self.finish(1)

    def test_input_in_pieces(self):
        for piece in "crea", "te 5", "0\npi", "ng 50\n", "ping", " 51":
            self.program.send(piece)
            until(self.program.busy, "it takes the piece")
        self.program.close_input()
        self.assertRegex(self.program.rest(), r"^OK: [1-9]\d*\nOK: 1\nOK: -1\n$")
        self.assertEqual(self.program.ended(), 0)

    def test_many_lines_at_once(self):
        self.program.create(1)
        self.program.send("ping 1\n" * 1000)
        self.assertEqual({self.program.reply() for _ in range(1000)}, {"OK: 1"})
        self.finish(0)


if __name__ == "__main__":
    main()
