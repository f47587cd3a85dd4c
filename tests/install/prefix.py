"""What is installed, as those who use it see it: programs are built against it outside of the tree,
and run in every world; the manual and the completions say what the programs and the header say."""

import argparse
import glob
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
WORLDS = ["thread", "ipc", "tcp", "simulated"]
CEILING = 120  # seconds for a command, which only a broken one ever reaches
INSTALLED = """
bin/xylem bin/xylem-bench bin/xylem-sim include/xylem.h share/doc/xylem/LICENSE
lib/libxylem.a lib/libxylem.so lib/libxylem.so.0 lib/pkgconfig/xylem.pc
lib/cmake/xylem/xylemConfig.cmake lib/cmake/xylem/xylemConfigVersion.cmake
share/man/man1/xylem.1 share/man/man1/xylem-bench.1 share/man/man1/xylem-sim.1
share/man/man3/xylem.3 share/bash-completion/completions/xylem
share/zsh/site-functions/_xylem
""".split()
LOOPS = {"loop_poll": None, "loop_uv": "libuv", "loop_event": "libevent_core"}
EXAMPLES = ["own_service", "jobs", "supervisor", "fault_test", *LOOPS]
INSTALLED += [f"share/doc/xylem/examples/{name}"
              for name in ["CMakeLists.txt", "Makefile", "world.h", *(f"{name}.c" for name in EXAMPLES)]]

options = argparse.Namespace(build=None, cmake="cmake", libdir="lib")
scratch = prefix = None

# Whoever is told to end clears up first.
signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))


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


def installed(path):
    """The place of something that is `path` where libraries are in lib."""
    return os.path.join(prefix, re.sub("^lib(?=/)", options.libdir, path))


def read(path):
    with open(path) as file:
        return file.read()


def setUpModule():
    global scratch, prefix
    scratch = tempfile.mkdtemp(prefix="xylem-install-")
    unittest.addModuleCleanup(shutil.rmtree, scratch)
    prefix = os.path.join(scratch, "prefix")
    run(options.cmake, "--install", options.build, "--prefix", prefix)


def declarations():
    """Every function of the header: {name: declaration}, with single blanks."""
    header = re.sub(r"/\*.*?\*/", "", read(installed("include/xylem.h")), flags=re.S)
    header = re.sub(r"^#.*?[^\\]$", "", header, flags=re.M | re.S)
    found = re.findall(r"^([a-z][\w ]*?[ *]+)(xylem_\w+)\(([^;{}]*)\);", header, re.M)
    return {name: " ".join(f"{result} {name}({given})".split()).replace("* ", "*")
            for result, name, given in found}


def help_options(program):
    """Every option that --help names."""
    found = set()
    for line in run(installed(f"bin/{program}"), "--help").splitlines():
        if re.match(" {2,6}-", line):
            column = re.split(" {2,}", line.strip())[0]
            found.update(re.findall(r"(?<!\S)--?[\w?-]+", column))
    return found


class TestFiles(unittest.TestCase):
    def test_everything_is_there(self):
        for path in INSTALLED:
            self.assertTrue(os.path.isfile(installed(path)), path)

    def test_versions(self):
        version = re.search('XYLEM_VERSION "(.*)"', read(installed("include/xylem.h")))[1]
        for program in "xylem", "xylem-sim", "xylem-bench":
            self.assertEqual(run(installed(f"bin/{program}"), "--version"), f"{program} {version}\n")
        self.assertRegex(read(installed("lib/pkgconfig/xylem.pc")), f"(?m)^Version: {version}$")
        library = os.path.realpath(installed("lib/libxylem.so"))
        self.assertEqual(os.path.basename(library), f"libxylem.so.{version}")
        self.assertIn(f"[libxylem.so.{version.split('.')[0]}]", run("readelf", "-d", library))


class TestLibraries(unittest.TestCase):
    def names(self, *arguments):
        """What nm shows, apart from the names of versions."""
        lines = re.findall(r"^[0-9a-f]* (\S) ([^@\s]+)", run("nm", *arguments), re.M)
        return {name for kind, name in lines if kind != "A"}

    def test_public_names_only(self):
        public = set(declarations())
        self.assertIn("xylem_open", public)
        self.assertEqual(self.names("-D", "--defined-only", installed("lib/libxylem.so")), public)
        self.assertEqual(self.names("-g", "--defined-only", installed("lib/libxylem.a")), public)

    def test_position_independent(self):
        run("cc", "-shared", "-nostdlib", "-Wl,-z,text", "-Wl,--whole-archive",
            installed("lib/libxylem.a"), "-o", f"{scratch}/whole.so")

    def test_header_in_c(self):
        self.compile_header("cc", "c", "c11")

    @needs("c++")
    def test_header_in_cpp(self):
        self.compile_header("c++", "c++", "c++17")

    def compile_header(self, compiler, language, standard):
        run(compiler, "-x", language, f"-std={standard}", "-Wall", "-Wextra", "-pedantic", "-Werror",
            "-fsyntax-only", installed("include/xylem.h"))


class TestUsers(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(dir=scratch)
        self.source = shutil.copytree(f"{HERE}/user", f"{self.folder}/source")

    def check_program(self, program, linked, **environment):
        needed = run("readelf", "-d", program)
        (self.assertIn if linked == "shared" else self.assertNotIn)("[libxylem.so.0]", needed)
        for world in WORLDS:
            with self.subTest(world=world):
                output = run(program, world, env={**os.environ, **environment})
                self.assertEqual(output, "0 ms 25 50 75\n")

    def flags(self, *arguments):
        path = f"{installed('lib/pkgconfig')}:{os.environ.get('PKG_CONFIG_PATH', '')}"
        return shlex.split(run("pkg-config", *arguments, "xylem",
                               env={**os.environ, "PKG_CONFIG_PATH": path}))

    def compile(self, source, program):
        run("cc", "-std=c11", source, "-o", program, *self.flags("--cflags", "--libs"))

    def build(self, *arguments):
        """Configure and build the project of the user, and return the folder."""
        folder = f"{self.folder}/build"
        generator = ["-G", "Ninja"] if shutil.which("ninja") else []
        run(options.cmake, *generator, *arguments, "-S", self.source, "-B", folder)
        targets = ["--target", "user"] if arguments[0].startswith("-DXYLEM=") else []
        run(options.cmake, "--build", folder, "--parallel", "2", *targets)
        return folder

    @needs("pkg-config")
    def test_pkg_config(self):
        program = f"{self.folder}/user"
        self.compile(f"{self.source}/user.c", program)
        self.check_program(program, "shared", LD_LIBRARY_PATH=installed("lib/"))
        self.assertNotIn("-lzmq", self.flags("--libs"))
        self.assertLessEqual({"-lxylem", "-lzmq", "-pthread"}, set(self.flags("--static", "--libs")))

    @needs("pkg-config")
    def test_example_of_the_manual(self):
        page = read(installed("share/man/man3/xylem.3"))
        example = re.search(r"^\.Sh EXAMPLES\n\.Bd.*?\n(.*?)^\.Ed", page, re.M | re.S)[1]
        with open(f"{self.folder}/example.c", "w") as file:
            file.write(example.replace(r"\e", "\\"))
        self.compile(file.name, f"{self.folder}/example")
        environment = {**os.environ, "LD_LIBRARY_PATH": installed("lib/")}
        self.assertEqual(run(f"{self.folder}/example", env=environment), "0 ms\n")

    def test_find_package(self):
        folder = self.build(f"-DCMAKE_PREFIX_PATH={prefix}")
        self.check_program(f"{folder}/user-shared", "shared")
        self.check_program(f"{folder}/user-static", "static")

    def test_subproject(self):
        folder = self.build(f"-DXYLEM={ROOT}")
        self.check_program(f"{folder}/user", "static")
        run(options.cmake, "--install", folder, "--prefix", f"{self.folder}/prefix")
        self.assertFalse(os.path.exists(f"{self.folder}/prefix"), "a subproject installs something")


class TestExamples(unittest.TestCase):
    """The folder that is installed, built outside of the tree without a warning."""

    def setUp(self):
        folder = tempfile.mkdtemp(dir=scratch)
        self.folder = shutil.copytree(installed("share/doc/xylem/examples"), f"{folder}/examples")
        search = f"{installed('lib/pkgconfig')}:{os.environ.get('PKG_CONFIG_PATH', '')}"
        self.environment = {**os.environ, "PKG_CONFIG_PATH": search,
                            "LD_LIBRARY_PATH": installed("lib/"), "CFLAGS": "-O1 -Werror"}

    def has(self, package):
        command = ["pkg-config", "--exists", package]
        return bool(shutil.which("pkg-config")) and subprocess.run(command).returncode == 0

    def check_examples(self, folder, said):
        """Each runs in every world; one is left out only with a word, and for want of a library."""
        for name in EXAMPLES:
            with self.subTest(name=name):
                library = LOOPS.get(name)
                if library and not self.has(library):
                    self.assertRegex(said, f"no .*{name} is ")
                    self.assertFalse(os.path.exists(f"{folder}/{name}"))
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
        return run(options.cmake, *generator, f"-DCMAKE_PREFIX_PATH={prefix}", *arguments,
                   "-S", self.folder, "-B", build, env=self.environment)

    @needs("pkg-config", "make")
    def test_pkg_config(self):
        said = self.make()
        self.check_examples(self.folder, said)

    def test_find_package(self):
        build = f"{self.folder}/build"
        said = self.configure(build)
        run(options.cmake, "--build", build, "--parallel", "2", env=self.environment)
        self.check_examples(build, said)

    @needs("pkg-config", "make")
    def test_without_loops(self):
        """Only what these libraries are needed for is left out without them."""
        bare = tempfile.mkdtemp(dir=scratch)
        alone = {"PKG_CONFIG_LIBDIR": bare, "PKG_CONFIG_PATH": self.bare_packages(bare)}
        self.environment.update(alone)
        for said in self.make(), self.configure(f"{self.folder}/build"):
            self.assertRegex(said, "no libuv: loop_uv is ")
            self.assertRegex(said, "no libevent.*: loop_event is ")
        self.assertTrue(os.path.exists(f"{self.folder}/loop_poll"))
        self.assertFalse(os.path.exists(f"{self.folder}/loop_uv"))

    def bare_packages(self, folder):
        """A folder in which pkg-config finds xylem and what that needs, and nothing else."""
        shutil.copy(installed("lib/pkgconfig/xylem.pc"), folder)
        text = read(f"{folder}/xylem.pc").replace("${pcfiledir}", installed("lib/pkgconfig"))
        with open(f"{folder}/xylem.pc", "w") as file:
            file.write(re.sub("(?m)^Requires.private: .*\n", "", text))
        return folder


class TestManual(unittest.TestCase):
    def items(self, page, macro):
        """What the items of the lists on a page name: .It MACRO NAME, more than one in some."""
        lines = re.findall(rf"^\.It (.*\b{macro} .*)", read(installed(page)), re.M)
        return {name for line in lines for name in re.findall(rf"\b{macro} ([\w\\&?-]+)", line)}

    def check_options(self, program):
        named = {re.sub(r"\\&", "", name)
                 for name in self.items(f"share/man/man1/{program}.1", "Fl")}
        self.assertEqual({f"-{name}" for name in named}, help_options(program))

    def test_options(self):
        for program in "xylem", "xylem-sim", "xylem-bench":
            with self.subTest(program=program):
                self.check_options(program)

    def test_commands(self):
        lines = run(installed("bin/xylem"), "-c", "help").splitlines()
        commands = {line.split()[0] for line in lines}
        self.assertIn("create", commands)
        self.assertLessEqual(commands, self.items("share/man/man1/xylem.1", "Cm"))

    def test_functions(self):
        page = "share/man/man3/xylem.3"
        found = re.findall(r'^\.Ft (.*)\n\.Fn (\w+) (.*)', read(installed(page)), re.M)
        shown = {name: f"{result.strip(chr(34))} {name}({', '.join(shlex.split(given))})"
                 .replace("* ", "*") for result, name, given in found}
        self.assertEqual(shown, declarations())
        self.assertEqual(self.items(page, "Fn"), set(declarations()))

    def test_members(self):
        """The manual names every member of what a program fills in."""
        header = re.sub(r"/\*.*?\*/", "", read(installed("include/xylem.h")), flags=re.S)
        for structure in "xylem_options", "xylem_service":
            body = re.search(rf"typedef struct {structure} {{(.*?)}} {structure};", header, re.S)[1]
            members = set(re.findall(r"(\w+)(?:\)\(.*\))?;", body)) - {"size"}
            with self.subTest(structure=structure):
                self.assertGreater(len(members), 4)
                self.assertLessEqual(members, self.items("share/man/man3/xylem.3", "Va"))

    def test_errors(self):
        errors = set(re.findall(r"X\((XYLEM_\w+),", read(installed("include/xylem.h"))))
        self.assertIn("XYLEM_OK", errors)
        self.assertEqual(self.items("share/man/man3/xylem.3", "Dv"), errors - {"XYLEM_OK"})

    @needs("groff")
    def test_no_warnings(self):
        for page in glob.glob(f"{prefix}/share/man/man?/*"):
            done = subprocess.run(["groff", "-ww", "-mandoc", "-Tutf8", "-z", page],
                                  stderr=subprocess.PIPE, text=True, timeout=CEILING)
            self.assertEqual((done.returncode, done.stderr), (0, ""), page)


class TestCompletion(unittest.TestCase):
    BASH = "share/bash-completion/completions/xylem"
    ZSH = "share/zsh/site-functions/_xylem"

    def complete(self, *words):
        """What bash offers for the last of these words."""
        script = ('. "$0"; COMP_WORDS=(xylem "$@"); COMP_CWORD=$#; _xylem\n'
                  'printf "%s\\n" "${COMPREPLY[@]}"')
        return set(run("bash", "-c", script, installed(self.BASH), *words).split())

    @needs("bash")
    def test_bash(self):
        self.assertEqual(self.complete("-"), help_options("xylem"))
        self.assertEqual(self.complete("--process", "--transport", ""), {"ipc", "tcp"})
        self.assertEqual(self.complete("--log", "e"), {"error"})

    def test_zsh(self):
        self.assertEqual(set(re.findall(r"(-[\w-]+)\[", read(installed(self.ZSH)))),
                         help_options("xylem"))

    @needs("zsh")
    def test_zsh_syntax(self):
        run("zsh", "-n", installed(self.ZSH))


class TestPackage(unittest.TestCase):
    @needs("dpkg-deb")
    def test_debian(self):
        cpack = os.path.join(os.path.dirname(options.cmake), "cpack")
        run(cpack, "-G", "DEB", "--config", f"{options.build}/CPackConfig.cmake",
            "-B", f"{scratch}/package", cwd=scratch)
        package, = glob.glob(f"{scratch}/package/*.deb")
        self.check_fields(run("dpkg-deb", "-f", package))
        self.check_contents(run("dpkg-deb", "-c", package))
        run("dpkg-deb", "-x", package, f"{scratch}/root")
        output = run(f"{scratch}/root/usr/bin/xylem", "-c", "ping 1; exit")
        self.assertEqual(output, "OK: -1\nOK\n")

    def check_fields(self, fields):
        for field in ("Package: xylem", r"Version: \d+\.\d+\.\d+", "Section: net",
                      "Maintainer: xylem <xylem@localhost>", "Description: .{20,}"):
            self.assertRegex(fields, f"(?m)^{field}$")
        if shutil.which("dpkg-shlibdeps") and shutil.which("file"):
            self.assertRegex(fields, r"(?m)^Depends: .*\blibzmq5\b")

    def check_contents(self, listing):
        for path in INSTALLED:
            path = re.sub("^lib(?=/)", options.libdir, path).replace("site-functions",
                                                                     "vendor-completions")
            self.assertRegex(listing, rf"(?m) \./usr/{re.escape(path)}( -> .*)?$")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True, type=os.path.abspath)
    parser.add_argument("--cmake", default=shutil.which("cmake"))
    parser.add_argument("--libdir", default="lib", help="where libraries are, below the prefix")
    rest = parser.parse_known_args(namespace=options)[1]
    unittest.main(argv=[sys.argv[0], "-v", *rest])
