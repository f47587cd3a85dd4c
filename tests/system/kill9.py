"""Workers that are killed from outside, again and again, with heartbeats and without."""

import os
import random
import resource
import signal
import time
import unittest

from program import ENDING, UNAVAILABLE, Home, Program, alive, main, options, until
from tree import Tree

NODES = 9
IDS = range(0, 1000, 10)  # the place of id + 1 is always free, and below id


class Net:
    """A program and the tree it should have."""

    def __init__(self, program, chance):
        self.program, self.chance = program, chance
        self.tree, self.pids = Tree(), {}

    def create(self, id):
        self.pids[id] = self.program.create(id)
        self.tree.insert(id)

    def fill(self):
        while len(self.tree) < NODES:
            self.create(self.chance.choice([i for i in IDS if i not in self.tree]))

    def victim(self, kind):
        """A node to kill: the root, an inner node, or a leaf."""
        tree = self.tree
        kinds = {id: "inner" if tree.children(id) else "leaf" for id in tree}
        kinds.update((id, "root") for id, parent in tree.parents.items() if parent is None)
        return self.chance.choice([id for id in tree if kinds[id] == kind] or list(tree))


class TestKill9(unittest.TestCase):
    def test_workers_killed_in_a_row(self):
        seed = options.seed if options.seed is not None else random.randrange(1 << 32)
        print(f"--seed {seed}", flush=True)
        with Program("--timeout", 3000) as program:
            net = Net(program, random.Random(seed))
            for number in range(options.count or 30):
                net.fill()
                self.assertEqual(program.ask(f"heartbeat {number % 2 * 100}"), "OK")
                self.one_death(net, net.victim(("leaf", "inner", "root")[number // 2 % 3]))
            self.assertEqual(program.ask("exit"), "OK")
            program.ended()
            program.check_nothing_left()

    def test_killed_while_a_child_starts(self):
        """Whether the child has begun to live or not, nothing of it stays in the folder."""
        seed = options.seed if options.seed is not None else random.randrange(1 << 32)
        print(f"--seed {seed}", flush=True)
        chance = random.Random(seed)
        with Program() as program:
            program.create(10)
            empty = program.home.files()
            for _ in range(2 * (options.count or 30)):
                parent = program.create(20)
                program.send("create 30\n")
                time.sleep(chance.uniform(0, 0.01))
                os.kill(parent, signal.SIGKILL)
                program.reply()
                self.assertEqual(program.ask("wait 20 down 10000"), "OK")
                self.assertEqual(program.ask("remove 20"), "OK")
                until(lambda: program.home.files() == empty,
                      lambda: f"left: {set(program.home.files()) - set(empty)}", ENDING)
            self.assertEqual(program.ask("exit"), "OK")
            program.ended()
            program.check_nothing_left()

    def crash(self, home, *arguments):
        """What is said of a worker that ends with a fault of its own, and its core, which there is not."""
        folder = f"{home.base}/core"
        os.makedirs(folder, exist_ok=True)

        def prepare():
            os.chdir(folder)
            resource.setrlimit(resource.RLIMIT_CORE, (1 << 30, 1 << 30))
        sanitizers = home.environment().get("ASAN_OPTIONS", "")  # they would answer the signal
        with Program(*arguments, home=home, prepare=prepare,
                     environment={"ASAN_OPTIONS": f"{sanitizers}:handle_segv=0"}) as program:
            program.create(50)
            os.kill(program.create(25), signal.SIGSEGV)
            self.assertEqual(program.ask("wait 25 down 10000"), "OK")
            self.assertEqual(program.take_notices(), [UNAVAILABLE.format(25)])
            self.assertEqual(program.ask("exit"), "OK")
            program.ended()
            return program.errors(), os.listdir(folder)

    def test_crash_in_the_log(self):
        home = Home()
        self.addCleanup(home.close)
        errors, cores = self.crash(home, "--log", "info")
        self.assertRegex(errors, r"(?m)^xylem: info: life \d+: the process was ended by signal 11 "
                                 r"\(Segmentation fault\)$")
        self.assertEqual(cores, [])
        self.assertEqual(self.crash(home), ("", []))  # the notice is all

    def one_death(self, net, victim):
        program, tree = net.program, net.tree
        lost = tree.below(victim)
        os.kill(net.pids[victim], signal.SIGKILL)

        # Whether its death is known by now or not, a command to it gets its error.
        self.assertEqual(program.ask(f"exec {lost[0]} time"), "Error: Node is not available")
        self.assertEqual(program.ask(f"ping {victim}"), "OK: -1")
        self.assertEqual(program.ask(f"wait {victim} down 10000"), "OK")
        self.assertEqual(program.take_notices(), [UNAVAILABLE.format(id) for id in lost])

        for id in tree:
            self.assertEqual(program.ask(f"ping {id}"), "OK: -1" if id in lost else "OK: 1")
        for id in lost:
            self.assertEqual(program.ask(f"exec {id} start"), "Error: Node is not available")
        self.assertEqual(program.ask(f"create {victim + 1}"), "Error: Parent is unavailable")
        self.assertEqual(program.ask(f"create {victim}"), "Error: Already exists")

        # Its place can be taken again, and nothing of it or below it goes on living.
        self.assertEqual(program.ask(f"remove {victim}"), "OK")
        tree.remove(victim)
        until(lambda: not any(alive(net.pids[id]) for id in lost), "workers below the dead one")
        net.create(victim)
        self.assertEqual(program.ask(f"ping {victim}"), "OK: 1")
        self.assertEqual(program.ask("all"), " ".join(map(str, tree)))
        self.assertEqual(program.take_notices(), [])


if __name__ == "__main__":
    main()
