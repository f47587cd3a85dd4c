"""Folders that sockets cannot be made in: an error that says what to do, and the rest goes on."""

import os
import shutil
import socket
import unittest

from program import Home, Program, main, options

A_USER_OF_OUR_OWN = 62500 + os.getpid() % 1000
PATH_MAX = 107 - len("/xylem-XXXXXX/" + "9" * 20)  # of the folder that the network's own is made in


class TestFolders(unittest.TestCase):
    def setUp(self):
        self.home = Home()
        self.addCleanup(self.home.close)

    def run_at(self, path, variable="XDG_RUNTIME_DIR", user=None):
        """Status, output and complaints of a network that looks for its folder there."""
        program = options.program
        if user:
            program = shutil.copy(program, f"{self.home.base}/xylem")  # where that user reaches it
            os.chown(self.home.base, user, user)

        def become():
            if user:
                os.setgroups([])
                os.setgid(user)
                os.setuid(user)

        # An empty variable counts as none.
        environment = {"XDG_RUNTIME_DIR": "", "TMPDIR": "", variable: path}
        with Program("-c", "create 5; create 3; ping 3", path=program, home=self.home,
                     environment=environment, prepare=become) as program:
            output, status = program.rest(), program.ended()
            program.check_nothing_left()
            return status, output, program.errors()

    def check_refused(self, path, pattern, user=None):
        for variable in "XDG_RUNTIME_DIR", "TMPDIR":
            with self.subTest(variable=variable):
                status, output, errors = self.run_at(path, variable, user)
                self.assertEqual((status, output), (3, ""))
                self.assertRegex(errors, f"^xylem: cannot start the network: {pattern}")
                self.assertIn("XDG_RUNTIME_DIR", errors)

    def check_works(self, path):
        status, output, errors = self.run_at(path)
        self.assertEqual((status, errors), (0, ""))
        self.assertRegex(output, r"^OK: \d+\nOK: \d+\nOK: 1\n$")
        self.assertEqual(os.listdir(path), [])

    def test_missing(self):
        self.check_refused(f"{self.home.base}/none", "no folder .*: No such file or directory")

    def test_no_folder(self):
        path = f"{self.home.base}/file"
        open(path, "w").close()
        self.check_refused(path, "no folder .*: Not a directory")

    @unittest.skipIf(os.geteuid(), "only root can become another user")
    def test_of_another(self):
        self.check_refused(self.home.runtime, "no folder .*: Permission denied", A_USER_OF_OUR_OWN)

    def test_not_writable(self):
        """Root may write everywhere, so it becomes someone who may not."""
        user = A_USER_OF_OUR_OWN if os.geteuid() == 0 else None
        if user:
            os.chown(self.home.runtime, user, user)
        os.chmod(self.home.runtime, 0o500)
        self.check_refused(self.home.runtime, "no folder .*: Permission denied", user)

    def folder_of(self, length):
        path = self.home.runtime + "/"
        path += "x" * (length - len(path))
        os.mkdir(path)
        self.assertEqual(len(path), length)
        return path

    def test_longest_path(self):
        self.check_works(self.folder_of(PATH_MAX))

    def test_path_too_long(self):
        for length in PATH_MAX + 1, 200:
            path = self.folder_of(length)
            self.check_refused(path, f"'{path[:100]}' is too long for ipc: ")
            self.assertEqual(os.listdir(path), [])

    # While the network runs

    def check_gone(self, clear):
        with Program("--timeout", 60000, home=self.home) as program:
            for id in 50, 25:
                program.create(id)
            folder, = os.listdir(self.home.runtime)
            clear(f"{self.home.runtime}/{folder}")
            for id in 75, 10:  # below the topmost node and below another
                self.assertRegex(program.ask(f"create {id}"),
                                 "^Error: cannot start node: .*: No such file or directory "
                                 ".*start the network again")
            self.assertEqual(program.ask("all"), "25 50")
            for id in 50, 25:
                self.assertEqual(program.ask(f"ping {id}"), "OK: 1")
                self.assertEqual(program.ask(f"exec {id} start"), "OK: start")
            self.assertEqual(program.ask("remove 25"), "OK")
            self.assertEqual(program.take_notices(), [])
            self.assertEqual(program.ask("exit"), "OK")
            self.assertEqual(program.ended(), 1)
            program.check_nothing_left()

    def test_removed(self):
        self.check_gone(shutil.rmtree)

    def test_emptied(self):
        def clear(folder):
            for name in os.listdir(folder):
                os.unlink(f"{folder}/{name}")
        self.check_gone(clear)

    def test_moved_away(self):
        self.check_gone(lambda folder: os.rename(folder, f"{self.home.base}/elsewhere"))

    def test_something_of_ours_is_there(self):
        """What bears the name of a network's folder and is none is left alone."""
        path = f"{self.home.runtime}/xylem-abcdef"
        with socket.socket(socket.AF_UNIX) as some:
            some.bind(path)
        self.assertEqual(self.run_at(self.home.runtime)[0], 0)
        self.assertEqual(os.listdir(self.home.runtime), ["xylem-abcdef"])


if __name__ == "__main__":
    main()
