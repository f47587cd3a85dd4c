"""What is installed, as those who use it see it: programs are built against it outside of the tree,
and run in every world; the man pages are there, and the completions say what the programs say."""

import argparse
import os
import re
import shlex
import shutil
import signal
import sys
import tempfile
import unittest

from outside import CEILING, EXAMPLE_FILES, ROOT, WORLDS, Examples, needs, read, run

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(f"{ROOT}/tests/manual")
import pages  # noqa: E402

INSTALLED = """
bin/xylem bin/xylem-bench bin/xylem-sim include/xylem.h include/xylem_sim.h
share/doc/xylem/LICENSE
lib/libxylem.a lib/libxylem.so lib/libxylem.so.0.4 lib/pkgconfig/xylem.pc
lib/cmake/xylem/xylemConfig.cmake lib/cmake/xylem/xylemConfigVersion.cmake
share/bash-completion/completions/xylem
share/bash-completion/completions/xylem-sim share/bash-completion/completions/xylem-bench
share/zsh/site-functions/_xylem
""".split()
INSTALLED += [f"share/doc/xylem/examples/{name}" for name in EXAMPLE_FILES]

options = argparse.Namespace(build=None, cmake="cmake", libdir="lib")
scratch = prefix = None

# A program that is told to end clears up first.
signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))


def installed(path):
    """The place of something that is `path` where libraries are in lib."""
    return os.path.join(prefix, re.sub("^lib(?=/)", options.libdir, path))


def setUpModule():
    global scratch, prefix
    scratch = tempfile.mkdtemp(prefix="xylem-install-")
    unittest.addModuleCleanup(shutil.rmtree, scratch)
    prefix = os.path.join(scratch, "prefix")
    run(options.cmake, "--install", options.build, "--prefix", prefix)


def declarations():
    """Every function of the headers: {name: declaration}, with single blanks."""
    headers = read(installed("include/xylem.h")) + read(installed("include/xylem_sim.h"))
    header = re.sub(r"/\*.*?\*/", "", headers, flags=re.S)
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

    @needs("lowdown")
    def test_man_pages(self):
        version = re.search('XYLEM_VERSION "(.*)"', read(installed("include/xylem.h")))[1]
        found = {}
        for folder in os.scandir(f"{prefix}/share/man"):
            found.update({page.name: folder.name for page in os.scandir(folder)})
        self.assertEqual(found, {name: f"man{name[-1]}" for name in pages.man_pages().values()})
        self.assertLessEqual({"xylem.1", "xylem-sim.1", "xylem-bench.1", "xylem.3"}, set(found))
        for name, folder in found.items():
            title = rf'\.TH "[A-Z-]+" "{name[-1]}" "\d{{4}}-\d\d-\d\d" "xylem {version}"'
            self.assertRegex(read(f"{prefix}/share/man/{folder}/{name}"), f"(?m)^{title}")

    def test_versions(self):
        header = read(installed("include/xylem.h"))
        version = re.search('XYLEM_VERSION "(.*)"', header)[1]
        major, minor, patch = map(int, version.split("."))
        number = int(re.search("XYLEM_VERSION_NUMBER (.*)", header)[1])
        self.assertEqual(number, major * 10000 + minor * 100 + patch)
        for program in "xylem", "xylem-sim", "xylem-bench":
            self.assertEqual(run(installed(f"bin/{program}"), "--version"), f"{program} {version}\n")
        self.assertRegex(read(installed("lib/pkgconfig/xylem.pc")), f"(?m)^Version: {version}$")
        library = os.path.realpath(installed("lib/libxylem.so"))
        self.assertEqual(os.path.basename(library), f"libxylem.so.{version}")
        soname = f"libxylem.so.{major}" if major else f"libxylem.so.{major}.{minor}"
        self.assertIn(f"[{soname}]", run("readelf", "-d", library))


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

    def test_map(self):
        """Each function has the version of the release that brought it; a map has them all."""
        releases = re.findall(r"(\w+_[\d.]+) \{(.*?)\}", read(f"{ROOT}/src/install/xylem.map"), re.S)
        mapped = {name: release for release, body in releases
                  for name in re.findall(r"\b(xylem_\w+);", body)}
        for name in sorted(set(declarations()) - set(mapped)):
            self.fail(f"add {name} to the latest release in src/install/xylem.map")
        for name in sorted(set(mapped) - set(declarations())):
            self.fail(f"{name} is in src/install/xylem.map, but not in include: remove it, and "
                      "if it was released, raise the minor version")
        shown = re.findall(r"^[0-9a-f]+ T (\w+)@@(\S+)$",
                           run("nm", "-D", installed("lib/libxylem.so")), re.M)
        self.assertEqual(dict(shown), mapped)

    def test_position_independent(self):
        run("cc", "-shared", "-nostdlib", "-Wl,-z,text", "-Wl,--whole-archive",
            installed("lib/libxylem.a"), "-o", f"{scratch}/whole.so")

    def test_header_in_c(self):
        self.compile_header("cc", "c", "c11")

    @needs("c++")
    def test_header_in_cpp(self):
        self.compile_header("c++", "c++", "c++17")

    def compile_header(self, compiler, language, standard):
        for header in "xylem.h", "xylem_sim.h":
            run(compiler, "-x", language, f"-std={standard}", "-Wall", "-Wextra", "-pedantic",
                "-Werror", "-fsyntax-only", installed(f"include/{header}"))


class TestUsers(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(dir=scratch)
        self.source = shutil.copytree(f"{HERE}/user", f"{self.folder}/source")

    def check_program(self, program, linked, **environment):
        needed = run("readelf", "-d", program)
        (self.assertIn if linked == "shared" else self.assertNotIn)("[libxylem.so.0.4]", needed)
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
        example = next(block.text for block in pages.blocks(pages.MANUAL / "library.md")
                       if block.language == "c" and "int main(" in block.text)
        with open(f"{self.folder}/example.c", "w") as file:
            file.write(example)
        self.compile(file.name, f"{self.folder}/example")
        environment = {**os.environ, "LD_LIBRARY_PATH": installed("lib/")}
        self.assertEqual(run(f"{self.folder}/example", env=environment), "60\n")

    def test_find_package(self):
        folder = self.build(f"-DCMAKE_PREFIX_PATH={prefix}")
        self.check_program(f"{folder}/user-shared", "shared")
        self.check_program(f"{folder}/user-static", "static")

    def test_subproject(self):
        folder = self.build(f"-DXYLEM={ROOT}")
        self.check_program(f"{folder}/user", "static")
        run(options.cmake, "--install", folder, "--prefix", f"{self.folder}/prefix")
        self.assertFalse(os.path.exists(f"{self.folder}/prefix"), "a subproject installs something")


class TestExamples(Examples, unittest.TestCase):
    def setUp(self):
        self.copy_examples(options.cmake, prefix, options.libdir, "share/doc/xylem/examples")

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


PROGRAMS = ["xylem", "xylem-sim", "xylem-bench"]
VALUES = {  # of options that take one of a few words
    "--transport": {"ipc", "tcp"}, "--topology": {"bst", "avl", "balanced", "list", "tree"},
    "--repair": {"none", "adopt", "restart"}, "--restart": {"one-for-one", "rest-for-subtree"},
    "--output": {"text", "json"},
    "--json-ids": {"number", "string"}, "--log": {"error", "warning", "info", "debug"},
    "--service": {"timer", "sum", "dict", "find", "sleep", "ask"},
}


def simulated_names():
    """The faults and commands that xylem-sim can leave out, as its help lists them."""
    text = " ".join(run(installed("bin/xylem-sim"), "--help").split())
    names = re.search(r"[Ff]aults: ([^.;]*).*?[Cc]ommands: ([^.;]*)", text)
    return set(names[1].split()) | set(names[2].split())


class TestCompletion(unittest.TestCase):
    ZSH = "share/zsh/site-functions/_xylem"

    def complete(self, program, *words, breaks="="):
        """What bash offers for the last of these words; = breaks words unless told otherwise."""
        script = ('. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); "_${1//-/_}" "$PROGRAM"\n'
                  'printf "%s\\n" "${COMPREPLY[@]}"')
        parts = [part for word in words
                 for part in (re.findall("=|[^=]+", word) if breaks and "=" in word else [word])]
        if breaks and words[-1].endswith("="):
            self.assertEqual(parts[-1], "=")
        path = f"share/bash-completion/completions/{program}"
        return set(run("bash", "-c", script, installed(path), program, *parts,
                       env={**os.environ, "PROGRAM": installed(f"bin/{program}")}).split())

    @needs("bash")
    def test_bash_options(self):
        for program in PROGRAMS:
            with self.subTest(program=program):
                self.assertEqual(self.complete(program, "-"), help_options(program))
                self.assertEqual(self.complete(program, "--vers"), {"--version"})

    @needs("bash")
    def test_bash_values(self):
        for option, values in VALUES.items():
            with self.subTest(option=option):
                first = min(values)
                self.assertEqual(self.complete("xylem", "--process", option, ""), values)
                self.assertEqual(self.complete("xylem", option, first[:2]), {first})
                self.assertEqual(self.complete("xylem", f"{option}="), values)
                self.assertEqual(self.complete("xylem", f"{option}={first[:2]}"), {first})
                self.assertEqual(self.complete("xylem", f"{option}={first[:2]}", breaks=""),
                                 {f"{option}={first}"})
        self.assertEqual(self.complete("xylem", "--seed", ""), set())
        self.assertIn("--process", self.complete("xylem", "--output=json", "--pro"))

    @needs("bash")
    def test_bash_names(self):
        names = simulated_names()
        self.assertIn("job", names)
        for words in ("--without", ""), ("--without=",):
            self.assertEqual(self.complete("xylem-sim", *words), names)
        self.assertEqual(self.complete("xylem-sim", "--without=crash,pause,st"),
                         {f"crash,pause,{name}" for name in names if name.startswith("st")})
        listed = run(installed("bin/xylem-bench"), "--list").splitlines()
        self.assertEqual(self.complete("xylem-bench", "--only="), {l.split()[0] for l in listed})

    @needs("bash")
    def test_bash_files(self):
        with open(f"{scratch}/a-file-of-commands", "w"):
            pass
        self.assertEqual(self.complete("xylem-sim", f"--trace={scratch}/a-fil", breaks=""),
                         {f"--trace={scratch}/a-file-of-commands"})

    def zsh(self, program):
        """What the completion of zsh says of a program."""
        name = program.replace("-", "_")
        return re.search(rf"(?m)^_{name}_options\(\)\n{{(.*?)^}}", read(installed(self.ZSH)), re.S | re.M)[1]

    def test_zsh(self):
        for program in PROGRAMS:
            with self.subTest(program=program):
                named = re.findall(r"(-[\w\\?-]+)=?\[", self.zsh(program))
                self.assertEqual({name.replace("\\", "") for name in named}, help_options(program))
        for option, values in VALUES.items():
            with self.subTest(option=option):
                offered = re.search(rf"{option}=\[.*?\]:.*?:\((.*?)\)", self.zsh("xylem"))[1]
                self.assertEqual(set(offered.split()), values)
        names = re.search(r"_values .*?command' (.*?)\n}", read(installed(self.ZSH)), re.S)[1]
        self.assertEqual(set(names.replace("\\", "").split()), simulated_names())

    @needs("zsh")
    def test_zsh_syntax(self):
        run("zsh", "-n", installed(self.ZSH))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True, type=os.path.abspath)
    parser.add_argument("--cmake", default=shutil.which("cmake"))
    parser.add_argument("--libdir", default="lib", help="where libraries are, below the prefix")
    rest = parser.parse_known_args(namespace=options)[1]
    unittest.main(argv=[sys.argv[0], "-v", *rest])
