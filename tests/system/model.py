"""Random commands, each reply checked against a model of the tree and of its timers."""

import random
import re
import unittest

from program import Program, main, options
from tree import Tree

IDS = range(201)
BAD_LINES = {
    "bogus": "Error: bad command: 'bogus'",
    "create": "Error: bad command: usage: create ID [PARENT] [--service NAME] [--arguments TEXT] [--fresh]",
    "create 1 2 3": "Error: bad command: usage: create ID [PARENT] [--service NAME] [--arguments TEXT] [--fresh]",
    "create 1 -2": "Error: bad id: '-2'",
    "remove x": "Error: bad id: 'x'",
    "exec 1": "Error: bad command: usage: exec ID TEXT|@FILE [&]",
    "ping -1": "Error: bad id: '-1'",
    "heartbeat 1.5": "Error: bad number: '1.5'",
    "exit now": "Error: bad command: usage: exit",
}


class Timer:
    """As much as can be known of a node's timer: 0, running, or frozen at what it showed first."""

    def __init__(self):
        self.shown = "OK: 0 ms"

    def start(self):
        self.shown = None

    def stop(self):
        self.shown = self.shown or r"OK: \d+ ms"

    def time(self, reply):
        fits = re.fullmatch(self.shown or r"OK: \d+ ms", reply)
        if fits and self.shown:
            self.shown = reply
        return fits


class Model:
    def __init__(self, chance):
        self.chance = chance
        self.tree = Tree()
        self.timers = {}

    def command(self):
        """A command, and what its reply must look like."""
        kind = self.chance.choices(
            [self.create, self.remove, self.exec, self.ping, self.ping_all, self.all, self.bad],
            [40, 4, 30, 15, 3, 5, 6])[0]
        known = len(self.tree) and self.chance.random() < 0.7 and kind != self.create
        return kind(self.chance.choice(list(self.tree)) if known else self.chance.choice(IDS))

    def create(self, id):
        if id in self.tree:
            return f"create {id}", "Error: Already exists"
        self.tree.insert(id)
        self.timers[id] = Timer()
        return f"create {id}", r"OK: [1-9]\d*"

    def remove(self, id):
        if id not in self.tree:
            return f"remove {id}", "Error: Not found"
        self.tree.remove(id)
        return f"remove {id}", "OK"

    def exec(self, id):
        what = self.chance.choice(["start", "stop", "time", "time", "time", "bogus"])
        command = f"exec {id} {what}"
        if id not in self.tree:
            return command, "Error: Not found"
        if what == "bogus":
            return command, "Error: bad subcommand: 'bogus' (timer takes start, stop, time)"
        if what == "time":
            return command, self.timers[id].time
        getattr(self.timers[id], what)()
        return command, f"OK: {what}"

    def ping(self, id):
        return f"ping {id}", "OK: 1" if id in self.tree else "OK: -1"

    def ping_all(self, _):
        return "pingall", "OK: -1"

    def all(self, _):
        return "all", " ".join(map(str, self.tree)) or "Error: Not found"

    def bad(self, _):
        return self.chance.choice(list(BAD_LINES.items()))


class TestModel(unittest.TestCase):
    def test_random_commands(self):
        seed = options.seed if options.seed is not None else random.randrange(1 << 32)
        count = options.count or 2000
        print(f"--seed {seed} --count {count}", flush=True)
        model = Model(random.Random(seed))
        largest = 0
        with Program() as program:
            for number in range(1, count + 1):
                command, expected = model.command()
                reply = program.ask(command)
                fits = expected if callable(expected) else re.compile(
                    expected if expected.startswith("OK: [") else re.escape(expected)).fullmatch
                self.assertTrue(
                    reply is not None and fits(reply),
                    f"command {number}, `{command}`: {reply!r}, expected {expected!r}")
                largest = max(largest, len(model.tree))
            self.assertEqual(program.ask("exit"), "OK")
            self.assertEqual(program.rest(), "")
            self.assertEqual(program.ended(), 1)
            self.assertEqual(program.notices, [])
            program.check_nothing_left()
        print(f"no difference; up to {largest} nodes at a time", flush=True)


if __name__ == "__main__":
    main()
