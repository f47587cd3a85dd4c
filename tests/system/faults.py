"""Kill, pause and resume say what was done; and so does an end by force."""

import os
import resource
import unittest

from program import Program, alive, main, options, processes, until

ORDER = 50, 25, 10


class TestFaults(unittest.TestCase):
    def start(self):
        self.program = Program()
        self.addCleanup(self.program.__exit__, None, None, None)
        self.pids = {id: self.program.create(id) for id in ORDER}

    def start_processes(self):
        if options.world == "thread":
            self.skipTest("there is nothing that threads could lack")
        self.start()

    def finish(self):
        self.assertEqual(self.program.ask("exit"), "OK")
        self.program.ended()
        self.program.check_nothing_left()

    def state(self, id):
        return processes()[self.pids[id]][1]

    def check_works(self):
        """The agent sends the signals, and needs nothing for that."""
        self.assertEqual(self.program.ask("pause 25"), "OK")
        until(lambda: self.state(25) == "T", "it is stopped")
        self.assertEqual(self.program.ask("resume 25"), "OK")
        until(lambda: self.state(25) != "T", "it goes on")
        self.assertEqual(self.program.ask("ping 25"), "OK: 1")
        self.assertEqual(self.program.ask("kill 25"), "OK")
        until(lambda: not alive(self.pids[25]), "it is dead")
        for command in "pause", "resume", "kill":  # it is dead already
            self.assertEqual(self.program.ask(f"{command} 25"), "OK")

    def test_no_descriptor(self):
        self.start_processes()
        limits = resource.prlimit(self.program.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(self.program.pid, resource.RLIMIT_NOFILE, (3, limits[1]))
        self.check_works()
        resource.prlimit(self.program.pid, resource.RLIMIT_NOFILE, limits)
        self.finish()

    def test_dead_with_its_parent(self):
        """A request for it at once is not told that there is no such worker."""
        self.start()
        self.program.send("kill 50\nkill 25\nkill 10\npause 25\nresume 10\n")
        self.assertEqual([self.program.reply() for _ in range(5)], ["OK"] * 5)
        self.finish()

    def test_end_by_force(self):
        """That a node did not end in time is said by the controlling node."""
        self.start()
        self.program.create(75)
        for id in 75, 25:
            self.assertEqual(self.program.ask(f"pause {id}"), "OK")
            self.assertEqual(self.program.ask(f"remove {id}"), "OK")
        self.assertEqual(self.program.ask("pause 50"), "OK")
        self.finish()
        for said in ("warning: node 75 did not end in time and is killed: ",
                     "warning: node 25 did not end in time and is killed: ",
                     "warning: node 50 did not end in time and is killed: "):
            self.assertIn(f"xylem: {said}the close function of its service may not have run\n",
                          self.program.errors(killed=True))
        self.assertEqual(self.program.errors(), "")


if __name__ == "__main__":
    main()
