"""Nodes that stop and go on: what is announced, and what works meanwhile."""

import os
import signal
import unittest

from program import AVAILABLE, UNAVAILABLE, Program, main, options, processes, until, workers_of

IDS = [50, 25, 75, 10, 30]
LOST = {10: [10], 25: [10, 25, 30], 50: [10, 25, 30, 50, 75]}  # a leaf, an inner node, the root


class TestHang(unittest.TestCase):
    def start(self, *arguments):
        program = Program(*arguments)
        self.addCleanup(program.__exit__, None, None, None)
        self.program = program
        self.pids = {id: program.create(id) for id in IDS}

    def stop(self, id, go_on=False):
        """From outside where a node is a process, by a command where it is a thread."""
        if options.world == "thread":
            self.assertEqual(self.program.ask(f"{'resume' if go_on else 'pause'} {id}"), "OK")
        else:
            os.kill(self.pids[id], signal.SIGCONT if go_on else signal.SIGSTOP)
            until(lambda: (processes()[self.pids[id]][1] == "T") != go_on, "the signal arrives")

    def go_on(self, id):
        self.stop(id, go_on=True)

    def finish(self):
        self.assertEqual(self.program.ask("exit"), "OK")
        self.program.ended()
        self.program.check_nothing_left()

    def notices_while_pinging(self, count, reachable):
        """Notices, collected while the nodes that can be reached must answer every time."""
        def enough():
            for id in reachable:
                self.assertEqual(self.program.ask(f"ping {id}"), "OK: 1")
            if not reachable:
                self.program.ask("all")
            return len(self.program.notices) >= count
        until(enough, lambda: f"notices: {self.program.notices}")
        return self.program.take_notices()

    def test_announced(self):
        self.start("--heartbeat", 50)
        for victim, lost in LOST.items():
            with self.subTest(victim=victim):
                reachable = [id for id in IDS if id not in lost]
                self.stop(victim)
                self.assertEqual(self.notices_while_pinging(len(lost), reachable),
                                 [UNAVAILABLE.format(id) for id in lost])
                for id in lost:
                    self.assertEqual(
                        self.program.ask(f"exec {id} time"), "Error: Node is not available")
                    self.assertEqual(self.program.ask(f"ping {id}"), "OK: -1")
                self.go_on(victim)
                self.assertEqual(self.notices_while_pinging(len(lost), reachable),
                                 [AVAILABLE.format(id) for id in lost])
                for id in IDS:
                    self.assertEqual(self.program.ask(f"ping {id}"), "OK: 1")
        self.assertEqual(self.program.take_notices(), [])
        self.finish()

    def test_announced_while_nothing_is_asked(self):
        self.start("--heartbeat", 50)
        self.stop(25)
        self.assertEqual([self.program.wait_notice() for _ in LOST[25]],
                         [UNAVAILABLE.format(id) for id in LOST[25]])
        self.go_on(25)
        self.assertEqual([self.program.wait_notice() for _ in LOST[25]],
                         [AVAILABLE.format(id) for id in LOST[25]])
        self.finish()

    def test_unnoticed_without_heartbeats(self):
        self.start("--timeout", 300)
        self.stop(25)
        for id in LOST[25]:
            self.assertEqual(self.program.ask(f"exec {id} time"), "Error: Node is not available")
            self.assertEqual(self.program.ask(f"ping {id}"), "OK: -1")
            self.assertEqual(self.program.ask("ping 75"), "OK: 1")
        self.go_on(25)
        for id in IDS:
            self.assertEqual(self.program.ask(f"exec {id} time"), "OK: 0 ms")
        self.assertEqual(self.program.take_notices(), [])
        self.finish()

    def test_reachable_nodes_do_not_wait_for_hanging_ones(self):
        self.start("--timeout", 10 * 60 * 1000)
        self.stop(25)
        for _ in range(20):
            self.assertEqual(self.program.ask("ping 75"), "OK: 1")
            self.assertEqual(self.program.ask("exec 50 time"), "OK: 0 ms")
        self.program.create(80)
        self.assertEqual(self.program.ask("remove 80"), "OK")
        self.assertEqual(self.program.ask("remove 25"), "OK")
        self.assertEqual(self.program.ask("all"), "50 75")
        self.program.create(25)
        self.stop(50)
        self.finish()

    def test_create_below_a_hanging_node_comes_to_nothing(self):
        self.start("--timeout", 300)
        workers = len(workers_of(self.program))
        for id, others in (5, "10 25 30 50 75"), (15, "5 10 25 30 50 75"):
            self.stop(10)
            self.assertRegex(self.program.ask(f"create {id}"), "^Error: ")
            self.assertEqual(self.program.ask("all"), others)
            self.go_on(10)
            self.assertEqual(self.program.ask("wait 10 up 10000"), "OK")
            self.program.create(id)
            self.assertEqual(self.program.ask(f"ping {id}"), "OK: 1")
            workers += options.world != "thread"
            until(lambda: len(workers_of(self.program)) == workers, "a worker too many")
        self.assertEqual(self.program.ask("all"), "5 10 15 25 30 50 75")
        self.assertEqual(self.program.take_notices(), [])
        self.finish()


if __name__ == "__main__":
    main()
