"""When there are no more descriptors, threads or processes: an error, and everything else goes on."""

import os
import random
import resource
import shutil
import unittest

from program import Home, Program, main, options

A_USER_OF_OUR_OWN = 61500 + os.getpid() % 1000  # its processes are counted apart from all others


class TestLimits(unittest.TestCase):
    def fill(self, program, most=100, below=""):
        """Create nodes, side by side, until one cannot be started; return those there are."""
        there = []
        for id in random.Random(1).sample(range(1000), most):
            reply = program.ask(f"create {id}{below}")
            if not reply.startswith("OK: "):
                self.assertRegex(reply, r"^Error: cannot start node: \S")
                return there, id
            there.append(id)
        return there, None

    def check_goes_on(self, program, there, failed):
        for id in there:
            self.assertEqual(program.ask(f"ping {id}"), "OK: 1")
        self.assertEqual(program.ask("all"), " ".join(map(str, sorted(there))))
        self.assertEqual(program.ask(f"ping {failed}"), "OK: -1")
        self.assertEqual(program.ask(f"exec {there[0]} start"), "OK: start")

        # Again and again at the limit: no more room, but nothing gets lost either.
        for _ in range(5):
            self.assertRegex(program.ask(f"create {failed}"), "^(OK: |Error: cannot start node: )")
            program.ask(f"remove {failed}")
        for id in reversed(there[len(there) // 2:]):
            self.assertEqual(program.ask(f"remove {id}"), "OK")
        program.create(failed)
        self.assertEqual(program.ask(f"ping {failed}"), "OK: 1")
        self.assertEqual(program.take_notices(), [])

    def check_end(self, program):
        self.assertEqual(program.ask("exit"), "OK")
        program.ended()
        program.check_nothing_left()

    def test_descriptors(self):
        limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
        with Program(prepare=limit) as program:
            there, failed = self.fill(program)
            print(f"{len(there)} nodes with 64 descriptors", flush=True)
            if options.world == "thread":
                self.assertIsNotNone(failed)
            if failed is not None:
                self.check_goes_on(program, there, failed)
            self.check_end(program)

    def test_children_of_one_node(self):
        """Each takes a descriptor of its parent, the program or a worker."""
        for below in ("", " 1000"):
            with self.subTest(below=below), Program("--topology", "tree", prepare=self.few) as program:
                program.create(1000)
                there, failed = self.fill(program, below=below)
                print(f"{len(there)} children with 64 descriptors", flush=True)
                if options.world == "thread":
                    self.assertIsNotNone(failed)
                if failed is not None:
                    for id in there:
                        self.assertEqual(program.ask(f"ping {id}"), "OK: 1")
                    for id in there[:3]:
                        self.assertEqual(program.ask(f"remove {id}"), "OK")
                    self.assertRegex(program.ask(f"create {failed}{below}"), "^OK: ")
                self.check_end(program)

    @staticmethod
    def few():
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))

    def test_work_without_descriptors(self):
        """Work that takes long needs one for each node; without it that work fails, and no more."""
        if options.world != "thread":
            self.skipTest("a worker has descriptors of its own")
        limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
        long = "1000" + 1000 * " 1"
        with Program("--service", "sum", prepare=limit) as program:
            there, failed = self.fill(program)
            for id in there:
                reply = program.ask(f"exec {id} {long}")
                self.assertIn(reply, ("OK: 1000", "Error: cannot open a descriptor: the limit of 64 "
                                                  "is reached (ulimit -n)"))
            self.assertTrue(reply.startswith("Error"))
            for id in there:  # short texts need none
                self.assertEqual(program.ask(f"exec {id} 2 3 4"), "OK: 7")
            for id in reversed(there[1:]):
                self.assertEqual(program.ask(f"remove {id}"), "OK")
            self.assertEqual(program.ask(f"exec {there[0]} {long}"), "OK: 1000")
            self.check_end(program)

    def test_hardly_any_descriptors(self):
        """Whatever can still be done is done, the rest is an error, and nothing hangs."""
        for most in range(3, 41):
            limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
            with self.subTest(descriptors=most), Program(
                    "--timeout", 2000, "-c", "create 50; create 25; create 75; ping 99; exit",
                    prepare=limit) as program:
                lines, status = program.rest().splitlines(), program.ended()
                if status == 127 and not lines:  # not even its libraries can be loaded
                    continue
                if status == 3:
                    self.assertEqual(lines, [])
                    self.assertRegex(program.errors(), r"\S")
                else:
                    for line in lines[:3]:
                        self.assertRegex(
                            line, r"^(OK: [1-9]\d*$|Error: (cannot start node: \S|Parent))")
                    self.assertEqual(lines[3:], ["OK: -1", "OK"])
                    self.assertEqual(status, any(line.startswith("Error") for line in lines))
                program.check_nothing_left()

    @unittest.skipIf(os.geteuid(), "only root can become a user that has no other processes")
    def test_processes(self):
        home = Home()
        self.addCleanup(home.close)
        path = shutil.copy(options.program, f"{home.base}/xylem")  # where that user can reach it
        for folder in home.base, home.runtime, home.temporary:
            os.chown(folder, A_USER_OF_OUR_OWN, A_USER_OF_OUR_OWN)

        def limit():
            resource.setrlimit(resource.RLIMIT_NPROC, (40, 40))
            os.setgroups([])
            os.setgid(A_USER_OF_OUR_OWN)
            os.setuid(A_USER_OF_OUR_OWN)

        with Program("--timeout", 5000, path=path, home=home, prepare=limit) as program:
            there, failed = self.fill(program)
            print(f"{len(there)} nodes with 40 processes and threads", flush=True)
            self.assertIsNotNone(failed)
            self.check_goes_on(program, there, failed)
            self.check_end(program)


if __name__ == "__main__":
    main()
