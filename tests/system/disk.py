"""A disk that is full or may not be written: an error that says what to do, and the rest goes on."""

import os
import resource
import tempfile
import unittest

import namespaces
from program import Home, Program, main, options


class TestDisk(unittest.TestCase):
    def setUp(self):
        if no_mounts:
            self.skipTest(no_mounts)
        self.home = Home()
        self.addCleanup(self.home.close)

    def mount(self, settings):
        """A small file system in place of the folder for sockets."""
        namespaces.mount(self.home.runtime, f"mode=700,{settings}")
        self.addCleanup(namespaces.unmount, self.home.runtime)

    def fill(self):
        """Take what there is of files, and return their paths."""
        taken = []
        try:
            while True:
                taken.append(f"{self.home.runtime}/taken{len(taken)}")
                open(taken[-1], "w").close()
        except OSError:
            return taken[:-1]

    def start(self, *arguments, **settings):
        program = Program(*arguments, home=self.home, **settings)
        self.addCleanup(program.__exit__, None, None, None)
        return program

    def check_refused(self, pattern):
        program = self.start("-c", "create 5")
        self.assertEqual(program.rest(), "")
        self.assertEqual(program.ended(), 3)
        self.assertRegex(program.errors(), pattern)
        program.check_nothing_left()


class TestSockets(TestDisk):
    def setUp(self):
        if options.world != "ipc":
            self.skipTest("only over ipc are sockets files")
        super().setUp()

    def test_no_room_to_start(self):
        self.mount("nr_inodes=7")
        taken = self.fill()
        self.check_refused("cannot create a folder in .*: No space left on device .*XDG_RUNTIME_DIR")
        os.unlink(taken.pop())  # now there is room for the folder, but not for its marker
        self.check_refused("cannot create a folder in .*: No space left on device .*XDG_RUNTIME_DIR")
        os.unlink(taken.pop())  # for both, but not for a socket
        self.check_refused("cannot bind .*: No space left on device .*XDG_RUNTIME_DIR")
        self.assertEqual(sorted(os.path.join(self.home.runtime, name)
                                for name in os.listdir(self.home.runtime)), sorted(taken))

    def test_no_room_for_another(self):
        self.mount("nr_inodes=9")
        program = self.start()
        for id in 50, 25:
            program.create(id)
        taken = self.fill()
        for id in 75, 10, 30:  # below the controlling node's child and below another
            self.assertRegex(program.ask(f"create {id}"),
                             "^Error: cannot start node: cannot bind .*: No space left on device "
                             r"\(free some space")
        self.assertEqual(program.ask("all"), "25 50")
        for id in 50, 25:
            self.assertEqual(program.ask(f"ping {id}"), "OK: 1")
        self.assertEqual(program.ask("remove 25"), "OK")  # which makes room
        program.create(25)
        self.assertRegex(program.ask("create 75"), "^Error: cannot start node: ")
        for path in taken:
            os.unlink(path)
        program.create(75)
        self.assertEqual(program.take_notices(), [])
        self.assertEqual(program.ask("exit"), "OK")
        self.assertEqual(program.ended(), 1)
        program.check_nothing_left()

    def test_read_only(self):
        self.mount("size=1m")
        namespaces.make_read_only(self.home.runtime)
        self.check_refused("cannot create a folder in .*: Read-only file system .*XDG_RUNTIME_DIR")


class TestOutput(TestDisk):
    """Replies that cannot be written: the program says so, and ends everything."""

    def check(self, output):
        program = self.start("-c", "create 5; create 6; ping 5; all" + "; help" * 200,
                             stdout=output)
        self.assertEqual(program.ended(), 1)
        self.assertEqual(program.errors(),
                         "xylem: cannot write the replies: No space left on device\n")
        program.check_nothing_left()

    def test_full_from_the_start(self):
        with open("/dev/full", "w") as output:
            self.check(output)

    def test_full_in_the_middle(self):
        room = f"{self.home.base}/room"
        os.mkdir(room)
        namespaces.mount(room, "size=64k")
        self.addCleanup(namespaces.unmount, room)
        with open(f"{room}/output", "wb", buffering=0) as output:
            self.check(output)
            self.assertEqual(os.path.getsize(f"{room}/output"), 64 * 1024)


class TestLimits(unittest.TestCase):
    """Files that may not be longer (ulimit -f): an error like any other."""

    def setUp(self):
        if "TSAN_OPTIONS" in os.environ:
            self.skipTest("the thread sanitizer writes a file of its own first")

    def start(self, limit, *arguments, **settings):
        def prepare():
            os.dup2(writer, 2)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        reader, writer = os.pipe()
        self.said = open(reader)
        self.addCleanup(self.said.close)
        program = Program(*arguments, prepare=prepare, **settings)
        self.addCleanup(program.__exit__, None, None, None)
        os.close(writer)
        return program

    def test_output(self):
        for limit in 0, 4096:
            home = Home()
            self.addCleanup(home.close)
            with open(f"{home.base}/output", "wb", buffering=0) as output:
                program = self.start(limit, "-c", "create 5; create 6; all" + "; help" * 200,
                                     home=home, stdout=output)
                self.assertEqual(program.ended(), 1)
                self.assertEqual(self.said.read(),
                                 "xylem: cannot write the replies: File too large\n")
                self.assertEqual(os.path.getsize(output.name), limit)
                program.check_nothing_left()

    def test_help(self):
        with tempfile.TemporaryFile() as output:
            program = self.start(0, "--help", stdout=output)
            self.assertEqual(program.ended(), 1)
            self.assertIn("File too large", self.said.read())

    def test_no_file_is_needed(self):
        program = self.start(0, "-c", "create 5; create 6; ping 6; remove 6")
        self.assertRegex(program.rest(), r"^OK: \d+\nOK: \d+\nOK: 1\nOK\n$")
        self.assertEqual((program.ended(), self.said.read()), (0, ""))
        program.check_nothing_left()

    def test_log(self):
        """The log ends at the limit, and everything goes on."""
        with tempfile.NamedTemporaryFile(mode="ab") as log:
            def prepare():
                os.dup2(log.fileno(), 2)
                resource.setrlimit(resource.RLIMIT_FSIZE, (256, 256))
                resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            with Program("--log", "info", prepare=prepare) as program:
                for id in 50, 25:
                    program.create(id)
                for _ in range(10):  # the log is of the worker above
                    program.create(10)
                    self.assertEqual(program.ask("remove 10"), "OK")
                self.assertEqual(program.ask("ping 25"), "OK: 1")
                self.assertEqual(program.ask("remove 25"), "OK")
                self.assertEqual(program.ask("exit"), "OK")
                self.assertEqual(program.ended(), 0)
                program.check_nothing_left()
            self.assertEqual(os.path.getsize(log.name), 256)


if __name__ == "__main__":
    no_mounts = namespaces.enter_or_explain(namespaces.MOUNTS)
    main()
