"""However xylem ends, and whatever state its nodes are in: nothing is left."""

import os
import re
import signal
import unittest

from program import Home, Program, alive, main, options, until


class TestEnds(unittest.TestCase):
    def start(self, *arguments, home=None):
        """A net with nodes that run, hang and are dead, and nodes below each of them."""
        program = Program(*arguments, home=home)
        self.addCleanup(program.__exit__, None, None, None)
        pids = {id: program.create(id) for id in (50, 25, 75, 10, 30, 60, 90, 5, 95)}
        self.assertEqual(program.ask("kill 75"), "OK")
        self.assertEqual(program.ask("wait 90 down 10000"), "OK")
        self.assertEqual(program.ask("pause 10"), "OK")
        if options.world != "thread":
            os.kill(pids[30], signal.SIGSTOP)
        program.take_notices()
        self.pids = pids
        return program

    def check_end(self, program, status, output=""):
        self.assertEqual(program.rest(), output)
        self.assertEqual(program.ended(), status)
        program.check_nothing_left()

    def test_exit(self):
        program = self.start()
        program.send("exit\n")
        self.check_end(program, 0, "OK\n")

    def test_exit_with_a_hanging_root(self):
        program = self.start()
        program.send("pause 50\nexit\n")
        self.check_end(program, 0, "OK\nOK\n")

    def test_exit_with_a_dead_root(self):
        program = self.start()
        program.send("kill 50\nwait 50 down 10000\n")
        self.assertEqual([program.reply(), program.reply()], ["OK", "OK"])
        program.send("exit\n")
        self.check_end(program, 0, "OK\n")

    def test_exit_after_an_error(self):
        program = self.start()
        program.send("bogus\nexit\n")
        self.check_end(program, 1, "Error: bad command: 'bogus'\nOK\n")

    def test_end_of_input(self):
        program = self.start()
        program.close_input()
        self.check_end(program, 0)

    def test_end_without_any_node(self):
        with Program() as program:
            program.close_input()
            self.check_end(program, 0)

    def interrupt(self, number, command="", whole_group=False, arguments=()):
        program = self.start(*arguments)
        if command:
            program.send(command + "\n")
        until(program.busy, "it takes its input and waits")
        (os.killpg if whole_group else os.kill)(program.pid, number)
        self.check_end(program, 130)

    def test_signals(self):
        for number in signal.SIGINT, signal.SIGTERM, signal.SIGQUIT:
            for name, command in {
                "idle": "",
                "sleep": "sleep 100000",
                "wait": "wait 1 up 100000",
                "hanging node": "exec 10 time",
                "below a hanging node": "ping 5",
                "create below a hanging node": "create 11",
            }.items():
                with self.subTest(signal=number.name, during=name):
                    self.interrupt(number, command, arguments=["--timeout", 100000])

    def test_signal_from_a_terminal_reaches_the_whole_group(self):
        self.interrupt(signal.SIGINT, "sleep 100000", whole_group=True)

    def test_signal_in_a_script(self):
        script = "create 50; create 25; pause 25; ping 50; sleep 100000"
        with Program("-c", script) as program:
            for _ in range(4):
                self.assertTrue(program.line())
            until(program.busy, "it waits")
            os.kill(program.pid, signal.SIGTERM)
            self.check_end(program, 130)

    def test_killed(self):
        """The workers end by themselves, and what lies around does not disturb the next start."""
        home = Home()
        self.addCleanup(home.close)
        for _ in range(2):
            program = self.start(home=home)
            os.kill(program.pid, signal.SIGKILL)
            program.ended()
            if options.world != "thread":
                until(lambda: not any(map(alive, self.pids.values())), "workers without a program")
        program = self.start(home=home)
        program.send("exit\n")
        self.check_end(program, 0, "OK\n")

    def start_jobs(self, *arguments):
        program = Program(*arguments)
        self.addCleanup(program.__exit__, None, None, None)
        program.send("create 1 --service sleep\nexec 1 100000000 &\nexec 1 1 &\n")
        replies = [program.line() for _ in range(3)]
        self.assertEqual(replies[1:], ["OK: job 1", "OK: job 2"])
        return program

    def test_every_end_tells_of_the_jobs(self):
        jobs = "Job 1: Error: interrupted\nJob 2: Error: interrupted\n"
        for name, end in {
            "exit": lambda program: program.send("exit\n"),
            "end of input": lambda program: program.close_input(),
            "interrupted": lambda program: os.kill(program.pid, signal.SIGINT),
            "terminated": lambda program: os.kill(program.pid, signal.SIGTERM),
        }.items():
            with self.subTest(end=name):
                program = self.start_jobs()
                until(program.busy, "it waits")
                end(program)
                status = 130 if name in ("interrupted", "terminated") else 0
                self.check_end(program, status, jobs + "OK\n" * (name == "exit"))

    def test_no_job_is_lost_when_many_of_them_end(self):
        count = 300
        for after in 2, 100, 200, 300, 400, 500:
            with self.subTest(after=after), Program() as program:
                program.send("create 1\n" + "exec 1 time &\n" * count + "wait all\n")
                lines = []
                while len(lines) < after:
                    lines.append(program.line())
                os.kill(program.pid, signal.SIGINT)
                output = "\n".join(lines) + "\n" + program.rest()
                begun = re.findall(r"^OK: job (\d+)", output, re.MULTILINE)
                told = re.findall(r"^Job (\d+): (?:OK|Error: interrupted)", output, re.MULTILINE)
                self.assertEqual(len(told), len(set(told)))
                self.assertLessEqual(set(begun), set(told))
                self.assertEqual(program.ended(), 130)

    def test_an_error_that_stops_tells_of_the_jobs(self):
        program = self.start_jobs("--stop-on-error")
        program.send("bogus\nping 1\n")
        self.check_end(program, 1, "Error: bad command: 'bogus'\n"
                       "Job 1: Error: interrupted\nJob 2: Error: interrupted\n")

    def test_a_reader_that_does_not_read(self):
        """It cannot keep the program from stopping, and gets no reply that has no beginning."""
        program = self.start_jobs()
        program.send("help\n" * 2000)
        until(program.blocked, "the pipe is full")
        os.kill(program.pid, signal.SIGTERM)
        self.assertEqual(program.ended(), 130)
        self.assertNotIn("Job", program.rest())
        program.check_nothing_left()

    def test_output_that_nobody_reads(self):
        program = self.start()
        program.process.stdout.close()
        program.process.stdout = None
        try:
            program.send("all\n" * 10 + "exit\n")
        except BrokenPipeError:
            pass
        self.assertNotEqual(program.ended(), 0)
        program.check_nothing_left()


if __name__ == "__main__":
    main()
