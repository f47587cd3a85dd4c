#!/usr/bin/env python3
"""Run every session, command line and program that README.md and the manual show, and compare.

    ```console   a shell: each line that begins with `$ ` is a command, which the lines of its
                 output follow; `> ` goes on with the command
    ```xylem     a session at the prompt: `xylem> COMMAND` and the replies; runs in threads
    ```json      lines of JSON: each must be JSON, and no more
    ```c         a program in C, which must compile without warnings; one with a main is run
    ```cmake     part of a CMakeLists.txt
    ```sh        command lines for another place: they are not run, but what they call must exist
    ```text      anything else

Numbers that are of one run only (processes, milliseconds and microseconds) may differ. What cannot
be run has `<!-- not run: REASON -->` in the line before it, and is counted.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import pages  # noqa: E402

CEILING = 120  # seconds for one block

# A number that is of one run only: of a process, or a time.
PASSING = [(r"\b3133\d\b", r"\\d+"), (r"\b\d+(?= (?:ms|us|s)\b)", r"\\d+"),
           (r"\b\d+\.\d+(?= (?:ms|us|s)\b)", r"[\\d.]+")]


def pattern_of(line):
    """What a line that was really written must match."""
    pattern = re.escape(line.rstrip()).replace(r"\ ", " ")
    for passing, any_number in PASSING:
        pattern = re.sub(passing, any_number, pattern)
    return pattern.replace(r"\.\.\.", ".*")


def compare(expected, lines):
    """What is wrong with the lines, or None. A line `...` stands for any lines."""
    rest = "\n".join(line.rstrip() for line in lines)
    whole = "\n".join("(?:.*)" if line.strip() == "..." else pattern_of(line) for line in expected)
    if re.fullmatch(whole.replace("(?:.*)", r"(?:.|\n)*"), rest):
        return None
    return "shown:\n" + "\n".join(expected) + "\nwritten:\n" + rest


class Runner:
    def __init__(self, arguments):
        self.program = arguments.program
        self.compiler = arguments.compiler.split()
        self.libraries = arguments.libraries.split()
        self.count = {"run": 0, "not run": 0}

    def environment(self, folder):
        """Programs and tools are found by the names that the pages give them."""
        binaries = os.path.join(folder, "bin")
        os.mkdir(binaries)
        for name in "xylem", "xylem-sim", "xylem-bench":
            os.symlink(os.path.join(os.path.dirname(self.program), name),
                       os.path.join(binaries, name))
        os.symlink(pages.ROOT / "tools", os.path.join(folder, "tools"))
        path = binaries + os.pathsep + os.environ["PATH"]
        return {**os.environ, "PATH": path, "HOME": folder, "TMPDIR": folder, "LC_ALL": "C.UTF-8"}

    def execute(self, command, **settings):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=CEILING, **settings)
        return done.returncode, done.stdout

    def console(self, block, folder):
        """All commands run in one folder, one after the other."""
        environment = self.environment(folder)
        command, expected, faults = None, [], []

        def finish():
            if command is None:
                return
            text = command.replace("tools/run", "xylem")
            _, output = self.execute(["bash", "-c", text], cwd=folder, env=environment,
                                     stdin=subprocess.DEVNULL)
            fault = compare(expected, output.splitlines())
            if fault:
                faults.append(f"$ {command}\n{fault}")

        for line in block.text.splitlines():
            if line.startswith("$ "):
                finish()
                command, expected = line[2:], []
            elif line.startswith("> ") and not expected:
                command += "\n" + line[2:]
            else:
                expected.append(line)
        finish()
        return faults

    def xylem(self, block, folder):
        lines = block.text.splitlines()
        commands = [line.removeprefix("xylem> ") for line in lines if line.startswith("xylem> ")]
        expected = [line for line in lines if not line.startswith("xylem> ")]
        # A notice comes when it comes: what is shown must be there.
        _, output = self.execute([self.program], input="\n".join(commands) + "\n", cwd=folder)
        written = output.splitlines()
        notices = [line for line in expected if line.startswith("Heartbeat: ")]
        missing = [line for line in notices if line not in written]
        if missing:
            return [f"no notice: {missing}\nwritten:\n{output}"]
        fault = compare([line for line in expected if line not in notices],
                        [line for line in written if not line.startswith("Heartbeat: ")])
        return [fault] if fault else []

    def json(self, block, folder):
        for line in block.text.splitlines():
            try:
                json.loads(line)
            except ValueError as error:
                return [f"{error}: {line}"]
        return []

    def c(self, block, folder):
        """A program, or a part of one that compiles by itself."""
        source = os.path.join(folder, "snippet.c")
        binary = os.path.join(folder, "snippet")
        whole = re.search(r"^int main\(", block.text, re.MULTILINE)
        pathlib.Path(source).write_text(block.text)
        command = [*self.compiler, "-std=c11", "-Wall", "-Wextra", "-Werror", source]
        command += ["-o", binary, *self.libraries] if whole else ["-fsyntax-only",
                                                                  *self.libraries]
        status, output = self.execute(command)
        if status:
            return [output]
        if not whole:
            return []
        status, output = self.execute([binary], cwd=folder, stdin=subprocess.DEVNULL)
        shown = re.fullmatch(r"prints: (.*)", block.note)
        if status:
            return [f"status {status}: {output}"]
        fault = shown and compare(shown[1].split("\\n"), output.splitlines())
        return [fault] if fault else []

    def sh(self, block, folder):
        environment = self.environment(folder)
        status, output = self.execute(["bash", "-n"], input=block.text)
        faults = [output] if status else []
        for line in block.text.splitlines():
            word = re.match(r"[\w./+-]+", line)
            if not word or "=" in line.split()[0]:
                continue
            here = pages.ROOT / word[0]
            if not here.exists() and not shutil.which(word[0], path=environment["PATH"]):
                faults.append(f"there is no {word[0]}: {line}")
        return faults

    def run(self, block):
        languages = {"console": self.console, "xylem": self.xylem, "json": self.json, "c": self.c,
                     "sh": self.sh}
        if block.not_run:
            self.count["not run"] += 1
            return []
        if block.language in ("text", "cmake"):
            return []
        if block.language not in languages:
            return [f"a block of what? its fence says '{block.language}'"]
        self.count["run"] += 1
        with tempfile.TemporaryDirectory() as folder:
            try:
                return languages[block.language](block, folder)
            except (subprocess.TimeoutExpired, OSError) as error:
                return [f"{type(error).__name__}: {error}"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", required=True, type=os.path.abspath)
    parser.add_argument("--compiler", default="cc")
    parser.add_argument("--libraries", default="", help="how to link a program with the library")
    parser.add_argument("pages", nargs="*", type=lambda name: pathlib.Path(name).resolve())
    arguments = parser.parse_args()
    runner = Runner(arguments)
    failed = 0
    for block in pages.blocks(*arguments.pages):
        for fault in runner.run(block):
            failed += 1
            print(f"{block}: {fault}\n")
    print(f"{runner.count['run']} run, {runner.count['not run']} not run, {failed} wrong")
    return failed > 0 or runner.count["run"] == 0


sys.exit(main())
