"""Deep and wide: many nodes in ascending order, which is a chain, and in random order.

All of it runs on one processor: a million hops from thread to thread would otherwise measure how
long an idle processor takes to wake up, which is several times what the hop itself takes.
"""

import os
import random
import time
import unittest

from program import Program, main, options


class TestScale(unittest.TestCase):
    def grow(self, name, ids):
        begun = time.monotonic()
        with Program("--timeout", 30000) as program:
            for id in ids:
                program.create(id)
            created = time.monotonic()
            self.assertEqual(program.ask("all"), " ".join(map(str, sorted(ids))))
            program.send("tree\n")
            drawn = [program.reply() for _ in ids]
            self.assertEqual(sorted(int(line.split()[-2]) for line in drawn), sorted(ids))
            for id in ids[0], ids[len(ids) // 2], ids[-1]:
                self.assertEqual(program.ask(f"ping {id}"), "OK: 1")
                self.assertEqual(program.ask(f"exec {id} time"), "OK: 0 ms")
            self.assertEqual(program.ask(f"remove {ids[len(ids) // 2]}"), "OK")
            self.assertEqual(program.ask(f"ping {ids[0]}"), "OK: 1")
            self.assertEqual(program.take_notices(), [])
            ending = time.monotonic()
            self.assertEqual(program.ask("exit"), "OK")
            self.assertEqual(program.ended(), 0)
            program.check_nothing_left()
        print(f"{len(ids)} nodes, {name}, {options.world}: {created - begun:.2f} s, "
              f"the end {time.monotonic() - ending:.2f} s", flush=True)

    def test_ascending(self):
        self.grow("ascending", list(range(1, (options.count or 1000) + 1)))

    def test_random(self):
        seed = options.seed if options.seed is not None else random.randrange(1 << 32)
        print(f"--seed {seed}", flush=True)
        ids = random.Random(seed).sample(range(1 << 40), options.count or 1000)
        self.grow("random order", ids)


if __name__ == "__main__":
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    main()
