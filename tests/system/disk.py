"""A disk that is full or may not be written: an error that says what to do, and the rest goes on."""

import os
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
        self.mount("nr_inodes=6")
        taken = self.fill()
        self.check_refused("no folder .*: No space left on device .*XDG_RUNTIME_DIR")
        os.unlink(taken.pop())  # now there is room for the folder, but not for a socket in it
        self.check_refused("cannot bind .*: No space left on device .*XDG_RUNTIME_DIR")
        self.assertEqual(sorted(os.path.join(self.home.runtime, name)
                                for name in os.listdir(self.home.runtime)), sorted(taken))

    def test_no_room_for_another(self):
        self.mount("nr_inodes=8")
        program = self.start()
        for id in 50, 25:
            program.create(id)
        taken = self.fill()
        for id in 75, 10, 30:  # below the controlling node's child and below another
            self.assertRegex(program.ask(f"create {id}"),
                             "^Error: cannot start node: cannot bind .*: No space left on device "
                             r"\(make room")
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
        self.check_refused("no folder .*: Read-only file system .*XDG_RUNTIME_DIR")


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


if __name__ == "__main__":
    no_mounts = namespaces.enter_or_explain(namespaces.MOUNTS)
    main()
