#!/usr/bin/env python3
"""Everything that the programs, the header and the build have has its place in the manual, and the
manual has nothing else: options, commands, JSON, functions, settings, messages."""

import argparse
import functools
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
import messages  # noqa: E402
from pages import MANUAL, ROOT, blocks, codes, items, section, tables, without_blocks  # noqa: E402

PROGRAMS = {"xylem": "commands.md", "xylem-sim": "xylem-sim.md", "xylem-bench": "xylem-bench.md"}
CEILING = 120  # seconds for a command

options = argparse.Namespace(programs=None)


def run(program, *arguments):
    done = subprocess.run([os.path.join(options.programs, program), *arguments],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True,
                          timeout=CEILING)
    return done.stdout


@functools.cache
def page(name):
    """A page of the manual; an empty one as long as it is not there."""
    path = MANUAL / name
    return path.read_text() if path.exists() else ""


def without_comments(source):
    return re.sub(r"/\*.*?\*/", "", source, flags=re.DOTALL)


HEADER = (ROOT / "include/xylem.h").read_text()
CODE = without_comments(HEADER)
SIM_HEADER = (ROOT / "include/xylem_sim.h").read_text()
SIM_CODE = without_comments(SIM_HEADER)


def declarations(source):
    """Every function that is declared: {name: declaration}, with single blanks."""
    source = re.sub(r"^#.*?[^\\]$", "", without_comments(source), flags=re.M | re.S)
    found = re.findall(r"^([a-z][\w ]*?[ *]+)(xylem_\w+)\(([^;{}]*)\);", source, re.M)
    return {name: " ".join(f"{result} {name}({given})".split()).replace("* ", "*")
            for result, name, given in found}


def structures(code):
    """Every struct that a header shows: {name: its members}."""
    members = r"(\w+)(?:\)\([^;]*\))?[;,]"
    return {name: set(re.findall(members, body))
            for body, name in re.findall(r"typedef struct \w+ \{(.*?)\} (\w+);", code, re.DOTALL)}


class Test(unittest.TestCase):
    maxDiff = None

    def has_all(self, wanted, found, where):
        self.assertTrue(wanted)
        missing = sorted(set(wanted) - set(found))
        self.assertFalse(missing, f"{where} lacks these")

    def the_same(self, wanted, found, where):
        self.has_all(wanted, found, where)
        more = sorted(set(found) - set(wanted))
        self.assertFalse(more, f"{where} has these, which do not exist")


def help_options(program):
    """Every option that --help names, with what it takes: `--transport ipc|tcp`."""
    found = set()
    for line in run(program, "--help").splitlines():
        if re.match(" {2,6}-", line):
            column = re.split(" {2,}", line.strip())[0]
            for option in column.split(", "):
                found.add(" ".join(option.split()[:2]))
    return found


def help_commands():
    return re.findall(r"^\S+", run("xylem", "-c", "help"), re.MULTILINE)


def simulated_names():
    """The faults and commands that xylem-sim can leave out, as its help lists them."""
    text = " ".join(run("xylem-sim", "--help").split())
    names = re.search(r"[Ff]aults: ([^.;]*).*?[Cc]ommands: ([^.;]*)", text)
    return {*names[1].split(), *names[2].split()}


class TestPrograms(Test):
    def test_options(self):
        for program, name in PROGRAMS.items():
            with self.subTest(program=program):
                named = {item for item in items(section(page(name), "Options")) if item[0] == "-"}
                self.the_same(help_options(program), named, f"{name}, Options")

    def test_exit_statuses(self):
        for program, name in PROGRAMS.items():
            with self.subTest(program=program):
                said = re.search(r"Exit status: (.*)", run(program, "--help"), re.DOTALL)
                if said:
                    statuses = re.findall(r"(?:^|;\s)(\d+)\s", said[1])
                    named = re.findall(r"^- `?(\d+)`?:", section(page(name), "Exit status"), re.M)
                    self.the_same(statuses, named, f"{name}, Exit status")

    def test_commands(self):
        commands = help_commands()
        self.assertIn("create", commands)
        below = without_blocks(section(page("commands.md"), "Commands"))
        self.the_same(commands, re.findall(r"^### (\S+)$", below, re.M), "commands.md, Commands")


class TestJson(Test):
    def setUp(self):
        self.schema = json.loads((ROOT / "src/cli/output.schema.json").read_text())
        text = section(page("commands.md"), "JSON output") + section(page("commands.md"), "Errors")
        self.named = {*codes(text), *re.findall(r'"(\w+)"', text)}

    def walk(self, part):
        """Every object of the schema."""
        if isinstance(part, dict):
            yield part
        for below in part.values() if isinstance(part, dict) else part:
            if isinstance(below, (dict, list)):
                yield from self.walk(below)

    def test_codes(self):
        """Each is described below Errors; those that no command replies with, in the text there."""
        errors = section(page("commands.md"), "Errors")
        codes_of_errors = self.schema["$defs"]["reason"]["properties"]["code"]["enum"]
        self.has_all(codes_of_errors, codes(errors), "commands.md, Errors")
        best = max(tables(errors), key=len, default=set())
        more = best - set(codes_of_errors)
        self.assertFalse(more, "commands.md, Errors has codes that do not exist")

    def test_members(self):
        members = {name for part in self.walk(self.schema)
                   if isinstance(part.get("properties"), dict) for name in part["properties"]}
        self.assertIn("reply", members)
        self.has_all(members, self.named, "commands.md, JSON output")

    def test_words(self):
        """What a notice and its cause may be."""
        notice = self.schema["$defs"]["notice"]["properties"]
        self.has_all([*notice["notice"]["enum"], *notice["cause"]["enum"]], self.named,
                     "commands.md, JSON output")


class TestHeader(Test):
    """A header, and the page that describes it."""

    page = property(lambda self: page(self.name))
    code = property(lambda self: without_comments(self.header))

    def test_functions(self):
        shown = {}
        for block in blocks(MANUAL / self.name):
            if block.language == "c":
                shown.update(declarations(block.text))
        self.assertIn(self.first, shown)
        self.assertEqual(shown, declarations(self.header))

    def test_functions_are_described(self):
        """A name in the text is enough of a place; what is named must exist."""
        named = {name for code in codes(self.page)
                 for name in re.findall(r"\bxylem_\w+", code)}
        self.has_all(declarations(self.header), named, self.name)
        more = [name for name in named if not re.search(rf"\b{name}\b", CODE + SIM_CODE)]
        self.assertFalse(more, f"{self.name} names these, which do not exist")

    def test_types(self):
        kinds = r"typedef struct (\w+)", r"enum (\w+)", r"typedef void \(\*(\w+)\)"
        types = {name for kind in kinds for name in re.findall(f"^{kind}", self.code, re.M)}
        self.assertIn(self.type, types)
        self.has_all(types, re.findall(r"\bxylem\w*", self.page), self.name)

    def named_constants(self):
        return {name for code in codes(self.page)
                for name in re.findall(r"\bXYLEM_[A-Z]\w+", code)}

    def test_members(self):
        """Each struct has a table of its members."""
        for name, members in structures(self.code).items():
            with self.subTest(structure=name):
                self.assertGreater(len(members), 2)
                best = max(tables(self.page), key=lambda table: -len(table ^ members),
                           default=set())
                self.the_same(members, best, f"{self.name}, the table of {name}")


class TestLibrary(TestHeader):
    header, name, first, type = HEADER, "library.md", "xylem_open", "xylem_world"

    def test_constants(self):
        constants = set(re.findall(r"\bXYLEM_[A-Z]\w+", CODE)) - {"XYLEM_H", "XYLEM_ERROR_NAME"}
        self.the_same(constants, self.named_constants(), "library.md")

    def test_errors(self):
        """One table has them all."""
        errors = set(re.findall(r"X\((XYLEM_\w+),", HEADER))
        best = max(tables(self.page), key=lambda table: len(table & errors), default=set())
        self.the_same(errors, best | {"XYLEM_OK"}, "library.md, the table of errors")


class TestSimulation(TestHeader):
    header, name, first, type = SIM_HEADER, "simulation.md", "xylem_sim_open", "xylem_sim_fault"

    def test_constants(self):
        constants = set(re.findall(r"\bXYLEM_SIM_[A-Z]\w+", SIM_CODE)) - {"XYLEM_SIM_H"}
        named = self.named_constants()
        self.has_all(constants, named, "simulation.md")
        more = [name for name in named if not re.search(rf"\b{name}\b", CODE + SIM_CODE)]
        self.assertFalse(more, "simulation.md names these, which do not exist")


del TestHeader # whose tests are those of the two


class TestSimulator(Test):
    page = property(lambda self: page("xylem-sim.md"))

    def test_names(self):
        """The faults and commands that can be left out, as the help lists them."""
        named = set().union(*tables(section(self.page, "Faults and commands")))
        self.the_same(simulated_names(), named, "xylem-sim.md, Faults and commands")

    def test_trace(self):
        """All that a trace consists of is described where its kind is."""
        described = section(self.page, "Trace")
        messages_named = set().union(*tables(section(described, "Messages")))
        with tempfile.TemporaryDirectory() as folder:
            run("xylem-sim", "--seeds=1..20", "--minutes=2", f"--trace={folder}/trace")
            with open(f"{folder}/trace", encoding="utf-8") as file:
                objects = [json.loads(line) for line in file]
        members = set().union(*objects)
        found = {(name, value) for line in objects for name, value in line.items()
                 if isinstance(value, str)}
        self.has_all(members, {*codes(described), *re.findall(r'"(\w+)":', described)},
                     "xylem-sim.md, Trace")
        for kind in "command", "event", "action", "launcher", "work", "end", "message":
            values = {value for name, value in found if name == kind}
            below = section(described, kind)
            named = messages_named if kind == "message" else {
                *codes(below), *re.findall(r'"(\w+)"', below)}
            with self.subTest(kind=kind):
                self.has_all(values, named, f"xylem-sim.md, Trace, {kind}")
        for kind in "operation", "change": # the words of status are errors of the library
            values = {value for name, value in found if name == kind}
            self.has_all(values, codes(described), f"xylem-sim.md, Trace, {kind}")


class TestBuild(Test):
    def test_settings(self):
        """What can be set by cmake -D is named somewhere in the manual, and nothing else is."""
        lists = [path for path in ROOT.rglob("CMakeLists.txt")
                 if path.relative_to(ROOT).parts[0] in ("CMakeLists.txt", "src", "tests")]
        text = "\n".join(path.read_text() for path in lists)
        settings = set(re.findall(r"^ *(?:option|find_path|find_program|find_library)\((XYLEM_\w+)",
                                  text, re.M))
        settings |= set(re.findall(r"^ *set\((XYLEM_\w+) \S+ CACHE", text, re.M))
        self.assertIn("XYLEM_TESTS", settings)
        pages = "\n".join(path.read_text() for path in MANUAL.glob("*.md"))
        self.the_same(settings, re.findall(r"-D(XYLEM_\w+)", pages) +
                      [name for name in settings if f"`{name}`" in pages], "the manual")

    def test_tools(self):
        tools = {f"tools/{path.name}" for path in (ROOT / "tools").iterdir()
                 if os.access(path, os.X_OK) and path.is_file()}
        pages = [*MANUAL.glob("*.md"), ROOT / "CONTRIBUTING.md"]
        text = "\n".join(path.read_text() for path in pages)
        self.has_all(tools, re.findall(r"tools/[\w.-]+", text), "the manual")


class TestMessages(Test):
    def test_messages(self):
        """Each message of the programs is in troubleshooting.md, by its constant parts."""
        shown = run("xylem-bench", "--list")
        shown += " ".join(run(program, "--help") for program in PROGRAMS)
        text = page("troubleshooting.md")
        wanted = [message for message in messages.found(HEADER)
                  if not message.excepted() and not (message.may_be_help and message.is_in(shown))]
        self.assertGreater(len(wanted), 100)
        missing = [f"{message.place}: {message.text}" for message in wanted
                   if not message.is_in(text)]
        self.assertFalse(missing, "\n".join(["troubleshooting.md lacks", *missing]))

    def test_no_message_is_left_over(self):
        """What the page explains can still be said."""
        shown = items(page("troubleshooting.md"))
        self.assertGreater(len(shown), 100)
        self.assertFalse([text for text in sorted(shown) if not messages.exists(text)],
                         "troubleshooting.md has these, which do not exist")

    def test_no_exception_is_left_over(self):
        everything = {message.text for message in messages.found(HEADER)}
        self.assertFalse(set(messages.EXCEPTIONS) - everything, "these are not in the sources")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", required=True, type=os.path.abspath,
                        help="the folder in which xylem is")
    rest = parser.parse_known_args(namespace=options)[1]
    unittest.main(argv=[sys.argv[0], *rest])
