"""Services that are programs: however a node, a worker or xylem ends, no process of a program is left."""

import os
import re
import signal
import unittest

from program import ENDING, Program, alive, descendants, main, options, title_of, until

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FICKLE = f"fickle=exec sh {ROOT}/tests/programs/fickle.sh"
UPPER = f"upper=sh {ROOT}/tools/examples/upper.sh"  # which has a shell above it
STARTED = ("pid", "fork", "leave")  # its own process, and two that it starts


class TestPrograms(unittest.TestCase):
    def start(self, *arguments):
        """Two nodes with programs that have started more processes; what they are."""
        program = Program("--program", FICKLE, "--program", UPPER, *arguments)
        self.addCleanup(program.__exit__, None, None, None)
        self.nodes = {id: program.create(id, "fickle") for id in (50, 25)}
        program.create(75, "upper")
        self.assertEqual(program.ask("exec 75 a"), "OK: node 75: A")
        self.pids = {id: [self.number(program, f"exec {id} {word}") for word in STARTED]
                     for id in (50, 25)}
        return program

    def number(self, program, command):
        reply = program.ask(command)
        self.assertRegex(reply, r"^OK: [1-9]\d*$")
        return int(reply[4:])

    def living(self, *ids):
        return [pid for id in ids for pid in self.pids[id] if alive(pid)]

    def check_gone(self, *ids):
        until(lambda: not self.living(*ids), lambda: f"left: {self.living(*ids)}", ENDING)

    def check_end(self, program):
        program.ended()
        self.check_gone(50, 25)
        program.check_nothing_left()

    def check_killed(self, program):
        """The folder of the sockets stays: the next xylem removes it."""
        os.kill(program.pid, signal.SIGKILL)
        program.ended()
        self.check_gone(50, 25)
        until(lambda: not descendants(os.getpid()), lambda: f"left: {descendants(os.getpid())}", ENDING)

    def test_all_run(self):
        self.start()
        self.assertEqual(len(self.living(50, 25)), 6)

    def test_exit(self):
        program = self.start()
        self.assertEqual(program.ask("exit"), "OK")
        self.check_end(program)

    def test_killed(self):
        self.check_killed(self.start())

    def test_killed_while_programs_work(self):
        program = self.start()
        for id, word in (50, "never"), (25, "busy"):
            self.assertRegex(program.ask(f"exec {id} {word} &"), "^OK: job")
        until(lambda: self.works(50) and self.works(25), "both programs work")
        self.check_killed(program)

    def works(self, id):
        """It computes, or has a child that waits, and that is the last one it has started."""
        with open(f"/proc/{self.pids[id][0]}/stat") as file:
            running = file.read().rpartition(")")[2].split()[0] == "R"
        return running or any("sleep" in title_of(pid) for pid in descendants(self.pids[id][0])
                              if pid not in self.pids[id])

    def test_terminated(self):
        program = self.start()
        os.kill(program.pid, signal.SIGTERM)
        self.check_end(program)

    def test_end_of_input(self):
        program = self.start()
        program.close_input()
        self.check_end(program)

    def test_removed_and_killed(self):
        program = self.start()
        self.assertEqual(program.ask("kill 25"), "OK")
        self.check_gone(25)
        self.assertEqual(len(self.living(50)), 3)
        self.assertEqual(program.ask("remove 50"), "OK")
        self.check_gone(50)
        self.assertEqual(program.ask("exit"), "OK")
        self.check_end(program)

    def test_worker_killed(self):
        if options.world == "thread":
            self.skipTest("there are no workers")
        program = self.start()
        os.kill(self.nodes[25], signal.SIGKILL)
        self.check_gone(25)
        self.assertEqual(len(self.living(50)), 3)
        self.assertEqual(program.ask("exit"), "OK")
        self.check_end(program)

    def test_paused(self):
        program = self.start()
        self.assertEqual(program.ask("pause 25"), "OK")
        self.assertEqual(program.ask("exit"), "OK")
        self.check_end(program)

    def test_program_killed(self):
        """Only its requests notice it: it is started again."""
        program = self.start()
        os.kill(self.pids[25][0], signal.SIGKILL)
        self.check_gone(25)
        self.assertEqual(program.ask("exec 25 say a"), "OK: 25 4 say a")
        self.assertEqual(program.ask("exit"), "OK")
        self.check_end(program)

    def keepers(self, program):
        return [pid for pid in descendants(program.pid) if comm(pid) == "xylem-keeper"]

    def test_keeper_killed(self):
        """Its program ends with it."""
        program = self.start()
        keepers = self.keepers(program)
        self.assertEqual(len(keepers), 3)
        for keeper in keepers:
            os.kill(keeper, signal.SIGKILL)
        until(lambda: not alive(self.pids[25][0]) and not alive(self.pids[50][0]), "the programs end", ENDING)
        self.assertRegex(program.ask("exec 25 say a"), r"OK: 25 4 say a")
        self.assertEqual(program.ask("exit"), "OK")
        program.ended()

    def test_standard_error(self):
        program = self.start()
        self.assertEqual(program.ask("exec 25 complain"), 'OK')
        self.assertEqual(program.ask("exit"), "OK")
        self.check_end(program)
        self.assertEqual(re.sub(r"(?m)^xylem: warning: node .*\n", "", program.errors()),
                         "xylem: node 25: warning: fickle: one\n"
                         "xylem: node 25: warning: fickle: tw?o\n")


def comm(pid):
    try:
        with open(f"/proc/{pid}/comm") as file:
            return file.read().strip()
    except OSError:
        return ""


class TestOptions(unittest.TestCase):
    def check_wrong(self, word, message):
        with Program("--program", word, "-c", "exit") as program:
            self.assertEqual(program.rest(), "")
            self.assertEqual(program.ended(), 2)
            self.assertEqual(program.errors(), f"xylem: {message}; try 'xylem --help'\n")

    def test_wrong(self):
        what = "--program takes NAME=COMMAND, with a name that is not taken and up to 899 bytes, not '{}'"
        for word in "", "wc", "=x", "wc=", "a b=c", "timer=x", "n" * 32 + "=x":
            with self.subTest(word=word):
                self.check_wrong(word, what.format(word))
        self.check_wrong("wc=" + "x" * 900, what.format("wc=" + "x" * 97))


if __name__ == "__main__":
    main()
