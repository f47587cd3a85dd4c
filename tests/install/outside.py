"""What is shared by the tests of what is installed: commands, and the examples built outside of the
tree."""

import os
import re
import shutil
import subprocess
import shlex
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WORLDS = ["thread", "ipc", "tcp", "simulated"]
CEILING = 600  # seconds for a command, which only a broken one ever reaches
LOOPS = {"loop_poll": None, "loop_uv": "libuv", "loop_event": "libevent_core"}
SUITES = {"kv_test": "cmocka"}
NEEDS = {**LOOPS, **SUITES}
EXAMPLES = ["own_service", "jobs", "supervisor", "fault_test", "map_reduce", *NEEDS]
EXAMPLE_FILES = ["CMakeLists.txt", "Makefile", "world.h", "wordcount.py", "upper.sh", "lines.py", *(f"{name}.c" for name in EXAMPLES)]


def run(*command, **more):
    """Run a command that has to succeed, and return its output."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=CEILING, **more)
    if done.returncode != 0:
        said = (done.stdout + done.stderr)[-4000:]
        raise AssertionError(f"{shlex.join(command)}: {done.returncode}\n{said}")
    return done.stdout


def needs(*programs):
    """Leave a test out, and say so, where a program is missing that it needs."""
    missing = [program for program in programs if not shutil.which(program)]
    return unittest.skipIf(missing, f"not installed: {' '.join(missing)}")


def read(path):
    with open(path) as file:
        return file.read()


class Examples:
    """The examples of an installed xylem, built outside of the tree without a warning."""

    def copy_examples(self, cmake, prefix, libdir, examples):
        """Make a copy of the folder `examples` below the prefix to build them in."""
        scratch = tempfile.mkdtemp(prefix="xylem-examples-")
        self.addCleanup(shutil.rmtree, scratch)
        self.folder = shutil.copytree(f"{prefix}/{examples}", f"{scratch}/examples")
        self.cmake, self.prefix = cmake, prefix
        search = f"{prefix}/{libdir}/pkgconfig:{os.environ.get('PKG_CONFIG_PATH', '')}"
        self.environment = {**os.environ, "PKG_CONFIG_PATH": search, "CFLAGS": "-O1 -Werror",
                            "LD_LIBRARY_PATH": f"{prefix}/{libdir}"}

    def has(self, package):
        command = ["pkg-config", "--exists", package]
        return bool(shutil.which("pkg-config")) and subprocess.run(command).returncode == 0

    def check_examples(self, folder, said):
        """Each runs in every world; one is left out only with a word, and for want of a library."""
        for name in EXAMPLES:
            with self.subTest(name=name):
                library = NEEDS.get(name)
                if library and not self.has(library):
                    self.assertRegex(said, f"no .*{name} is ")
                    self.assertFalse(os.path.exists(f"{folder}/{name}"))
                elif name in SUITES:
                    run(sys.executable, f"{ROOT}/tests/examples/suite", "--program",
                        f"{folder}/{name}", env=self.environment)
                else:
                    self.check_example(f"{folder}/{name}", name in LOOPS)

    def check_example(self, program, is_loop):
        for world in WORLDS[:3] if is_loop else WORLDS:
            run(sys.executable, f"{ROOT}/tests/examples/run", "--program", program,
                "--world", world, env=self.environment)

    def make(self, **more):
        return run("make", "-C", self.folder, "-j2", env={**self.environment, **more})

    def configure(self, build, *arguments):
        generator = ["-G", "Ninja"] if shutil.which("ninja") else []
        return run(self.cmake, *generator, f"-DCMAKE_PREFIX_PATH={self.prefix}", *arguments,
                   "-S", self.folder, "-B", build, env=self.environment)

    @needs("pkg-config", "make")
    def test_pkg_config(self):
        said = self.make()
        self.check_examples(self.folder, said)

    def test_find_package(self):
        build = f"{self.folder}/build"
        said = self.configure(build)
        run(self.cmake, "--build", build, "--parallel", "2", env=self.environment)
        self.check_examples(build, said)
