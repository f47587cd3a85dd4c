"""With little memory, from hardly any to enough: an error, and everything else goes on."""

import os
import random
import resource
import signal
import tempfile
import unittest

from program import Program, main, options

MIB = 1 << 20
STEP = 2300 * 1024  # no multiple of anything that is taken at once
MOST = 250 * MIB
NODES = {"thread": 40, "ipc": 6, "tcp": 6}
NO_ROOM = ("Error: out of memory", "Error: cannot start node: out of memory")


class TestMemory(unittest.TestCase):
    def setUp(self):
        self.program_size = os.path.getsize(options.program)
        self.ids = random.Random(1).sample(range(1000), NODES[options.world])
        first, last = self.ids[0], self.ids[-1]
        self.commands = [f"create {id}" for id in self.ids] + [f"ping {id}" for id in self.ids]
        for length in 1000, 200_000, MIB - len("exec 1000 "):
            self.commands += [f"exec {id} {'x' * length}" for id in (first, last, 1000)]
        self.commands += ["#".ljust(MIB), "all", f"remove {last}", f"create {last}", f"ping {last}",
                          f"exec {first} start", "exit"]
        self.script = tempfile.NamedTemporaryFile("w", suffix=".xylem")
        self.addCleanup(self.script.close)
        self.script.write("\n".join(self.commands))
        self.script.flush()

    def check_create(self, reply, id):
        if reply.startswith("OK: "):
            self.there.add(id)
        elif reply not in NO_ROOM:
            self.assertRegex(reply, r"^Error: cannot start node: .*memory.*\(ulimit -v")

    def check(self, command, reply):
        """Only what asks for more memory may be refused, and what is there stays there."""
        name, *words = command.split()
        id = int(words[0]) if words and words[0].isdigit() else None
        there = id in self.there
        if name == "create":
            self.check_create(reply, id)
        elif name == "ping":
            self.assertEqual(reply, "OK: 1" if there else "OK: -1")
        elif name == "exec" and words[1] != "start":
            right = "Error: bad subcommand" if there else "Error: Not found"
            self.assertIn(reply.split(": '")[0], (right, "Error: out of memory"))
        elif name == "all":
            self.assertEqual(reply, " ".join(map(str, sorted(self.there))) or "Error: Not found")
        else:
            right = "OK: start" if name == "exec" else "OK"
            self.assertEqual(reply, right if there or not words else "Error: Not found")
            if name == "remove":
                self.there.discard(id)

    def run_with(self, which, limit):
        """The number of errors; None when the network could not even be started."""
        with Program("-f", self.script.name, prepare=lambda: resource.setrlimit(
                which, (limit, limit))) as program:
            lines, status = program.rest().splitlines(), program.ended()
            program.check_nothing_left()
            if status == 127 or (status == -signal.SIGSEGV and limit < self.program_size):
                # The kernel cannot load it, or the loader not its libraries.
                self.assertEqual(lines, [])
                return None
            if status == 3:
                self.assertEqual(lines, [])
                self.assertRegex(program.errors(), "cannot start the network: .*memory")
                return None
        self.there = set()
        replies = iter(lines)
        for command in self.commands:
            if not command.startswith("#"):
                self.check(command, next(replies, "no reply"))
        self.assertEqual(list(replies), [])
        self.assertEqual(status, 1)
        return sum(line in NO_ROOM or "ulimit" in line for line in lines)

    def grow(self, which):
        """Give it more and more until it has enough."""
        seen, limit = [], 0
        while not seen or seen[-1] != 0:
            limit += STEP
            self.assertLess(limit, MOST)
            with self.subTest(MiB=limit / MIB):
                seen.append(-1)
                seen[-1] = self.run_with(which, limit)
        started = [errors for errors in seen if errors is not None]
        print(f"{len(started)} of {len(seen)} limits were enough to start, {limit / MIB:.1f} MiB "
              f"for {len(self.ids)} nodes", flush=True)
        self.assertIn(None, seen)
        if options.world == "thread":
            self.assertGreater(len(started), 2)

    def test_address_space(self):
        self.grow(resource.RLIMIT_AS)

    def test_data(self):
        self.grow(resource.RLIMIT_DATA)


if __name__ == "__main__":
    main()
