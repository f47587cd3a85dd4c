"""Folders that sockets cannot be made in: an error that says what to do, and the rest goes on."""

import os
import shutil
import signal
import socket
import unittest

import namespaces
from program import Home, Program, alive, main, options, until

A_USER_OF_OUR_OWN = 62500 + os.getpid() % 1000
PATH_MAX = 107 - len("/xylem-XXXXXX/" + "9" * 20)  # of the folder that the network's own is made in


def become(user):
    """What a program does first to be another user; None: nothing."""
    def change():
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
    return change if user else None


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

        # An empty variable counts as none.
        environment = {"XDG_RUNTIME_DIR": "", "TMPDIR": "", variable: path}
        with Program("-c", "create 5; create 3; ping 3", path=program, home=self.home,
                     environment=environment, prepare=become(user)) as program:
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
        self.check_refused(f"{self.home.base}/none", "cannot create a folder in .*: No such file or directory")

    def test_no_folder(self):
        path = f"{self.home.base}/file"
        open(path, "w").close()
        self.check_refused(path, "cannot create a folder in .*: Not a directory")

    @unittest.skipIf(os.geteuid(), "only root can become another user")
    def test_of_another(self):
        self.check_refused(self.home.runtime, "cannot create a folder in .*: Permission denied", A_USER_OF_OUR_OWN)

    def test_not_writable(self):
        """Root may write everywhere, so it becomes someone who may not."""
        user = A_USER_OF_OUR_OWN if os.geteuid() == 0 else None
        if user:
            os.chown(self.home.runtime, user, user)
        os.chmod(self.home.runtime, 0o500)
        self.check_refused(self.home.runtime, "cannot create a folder in .*: Permission denied", user)

    def folder_of(self, length):
        path = self.home.runtime + "/"
        path += "x" * (length - len(path))
        os.mkdir(path)
        self.assertEqual(len(path), length)
        return path

    def check_chosen(self, folder, **settings):
        """The one that is chosen without any of the variables."""
        environment = {"XDG_RUNTIME_DIR": "", "TMPDIR": ""}
        with Program(home=self.home, environment=environment, **settings) as program:
            program.create(5)
            fds = f"/proc/{program.pid}/fd"
            open_files = [os.readlink(f"{fds}/{fd}") for fd in os.listdir(fds)]
            made, = [path for path in open_files if os.path.basename(path).startswith("xylem-")]
            self.assertEqual(os.path.dirname(made), folder)
            self.assertEqual(program.ask("exit"), "OK")
            self.assertEqual(program.ended(), 0)
            self.assertEqual(program.errors(), "")
        self.assertFalse(os.path.exists(made))

    def test_in_memory(self):
        """A tmpfs that can be written to, otherwise /tmp."""
        reason = namespaces.enter_or_explain(namespaces.MOUNTS)
        if reason:
            self.skipTest(reason)
        namespaces.mount("/dev/shm", "mode=1777")
        self.addCleanup(namespaces.unmount, "/dev/shm")
        self.check_chosen("/dev/shm")
        namespaces.make_read_only("/dev/shm")
        self.check_chosen("/tmp")

    @unittest.skipIf(os.geteuid(), "only root can become another user")
    def test_in_memory_of_another(self):
        """What users have in memory goes when they log out."""
        program = shutil.copy(options.program, f"{self.home.base}/xylem")
        os.chmod(self.home.base, 0o755)
        self.check_chosen("/tmp", path=program, prepare=become(A_USER_OF_OUR_OWN))

    def test_longest_path(self):
        self.check_works(self.folder_of(PATH_MAX))

    def test_path_too_long(self):
        for length in PATH_MAX + 1, 200:
            path = self.folder_of(length)
            self.check_refused(path, f"the path '{path[:100]}' is too long for ipc ")
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

    # What others left, and what is the user's

    def test_something_of_the_user_is_there(self):
        """What bears the name of a network's folder and is none is left alone."""
        def make_socket(path):
            with socket.socket(socket.AF_UNIX) as some:
                some.bind(path)

        runtime = self.home.runtime
        make_socket(f"{runtime}/xylem-socket")
        for name in "xylem-backup", "xylem-folder", "xylem-number":
            os.mkdir(f"{runtime}/{name}", 0o700)
        with open(f"{runtime}/xylem-backup/notes", "w") as notes:
            notes.write("x\n")
        os.mkdir(f"{runtime}/xylem-folder/12", 0o700)
        make_socket(f"{runtime}/xylem-number/12")
        before = self.home.files()
        for variable in "XDG_RUNTIME_DIR", "TMPDIR":
            self.assertEqual(self.run_at(runtime, variable)[0::2], (0, ""))
            self.assertEqual(self.home.files(), before)
        with open(f"{runtime}/xylem-backup/notes") as notes:
            self.assertEqual(notes.read(), "x\n")

    def test_left_by_a_killed_network(self):
        """The next network removes it, and does not remove that of another that lives."""
        with Program(home=self.home) as living, Program(home=self.home) as killed:
            for program in living, killed:
                pids = [program.create(id) for id in (50, 25)]
            both = set(os.listdir(self.home.runtime))
            self.assertEqual(len(both), 2)
            os.kill(killed.pid, signal.SIGKILL)
            killed.ended()
            until(lambda: not any(map(alive, pids)), "workers without a program")
            next_one = Program("-c", "create 5", home=self.home)
            self.addCleanup(next_one.__exit__, None, None, None)
            self.assertRegex(next_one.rest(), r"^OK: \d+\n$")
            self.assertEqual(next_one.ended(), 0)
            left, = os.listdir(self.home.runtime)
            self.assertEqual(living.ask("exec 25 start"), "OK: start")
            living.create(75)
            living.create(30)
            self.assertIn(left, both)
            self.assertEqual(living.ask("exit"), "OK")
            living.ended()
            living.check_nothing_left()

    def test_file_of_the_user_in_a_living_folder(self):
        with Program(home=self.home) as program:
            program.create(50)
            folder, = os.listdir(self.home.runtime)
            path = f"{self.home.runtime}/{folder}"
            with open(f"{path}/2", "w") as file:  # as the next node's socket would be called
                file.write("x\n")
            self.assertRegex(program.ask("create 25"),
                             "^Error: cannot start node: cannot bind .*/2: File exists ")
            program.create(75)
            self.assertEqual(program.ask("exit"), "OK")
            self.assertEqual(program.ended(), 1)
            with open(f"{path}/2") as file:
                self.assertEqual(file.read(), "x\n")
            self.assertEqual(program.errors(), f"xylem: warning: cannot remove the folder '{path}': "
                                               "'2' in it is not part of the network\n")
            self.assertEqual(sorted(os.listdir(path)), [".xylem", "2"])


if __name__ == "__main__":
    main()
