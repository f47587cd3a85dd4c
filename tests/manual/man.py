#!/usr/bin/env python3
"""Each page of the manual becomes a man page that neither mandoc nor man finds fault with, and that
fits a terminal."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
from pages import MANUAL, man_pages, prose  # noqa: E402

COLUMNS = 80
CEILING = 60  # seconds for a command
VERSION, DATE = "1.2.3", "2026-01-02"


def run(*command):
    """The status of a command, and all that it has written."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=CEILING,
                          env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": str(COLUMNS)})
    return done.returncode, done.stdout


def needs(*programs):
    missing = [program for program in programs if not shutil.which(program)]
    return unittest.skipIf(missing, f"not installed: {' '.join(missing)}")


@needs("lowdown")
class TestPages(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = scratch.name
        self.assertIn("xylem.1", man_pages().values())

    def convert(self, page, name):
        file = os.path.join(self.folder, name)
        self.assertEqual(run("sh", MANUAL / "man.sh", page, VERSION, DATE, file), (0, ""))
        return file

    def each(self):
        return [(page, self.convert(page, name)) for page, name in man_pages().items()]

    def test_parts(self):
        for page, file in self.each():
            with self.subTest(page=os.path.basename(file)):
                with open(file, encoding="utf-8") as opened:
                    text = opened.read()
                name, section = os.path.basename(file).rsplit(".", 1)
                self.assertIn(f'.TH "{name.upper()}" "{section}" "{DATE}" "xylem {VERSION}"', text)
                self.assertIn(f'.SH "NAME"\n{name} \\- ', text)
                titles = re.findall(r"^## (.*)$", prose(page), re.MULTILINE)
                made = re.findall(r'^\.SH "(.*)"$', text, re.MULTILINE)
                self.assertEqual(made[-len(titles):],
                                 [title.replace("`", "").upper() for title in titles])
                self.assertNotRegex(text, r"<!--|\]\([\w./-]*\.md|\\f\(?C")

    @needs("mandoc")
    def test_mandoc(self):
        for _, file in self.each():
            with self.subTest(page=os.path.basename(file)):
                self.assertEqual(run("mandoc", "-T", "lint", "-W", "warning", file), (0, ""))

    @needs("man")
    def test_man(self):
        for _, file in self.each():
            with self.subTest(page=os.path.basename(file)):
                done = subprocess.run(["man", "--warnings", "--local-file", file],
                                      stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                      stderr=subprocess.PIPE, text=True, timeout=CEILING)
                self.assertEqual((done.returncode, done.stderr), (0, ""))

    @needs("man")
    def test_width(self):
        """Tables and text fit; code is as wide as it is."""
        copies = os.path.join(self.folder, "pages")
        shutil.copytree(MANUAL, copies)
        for page, name in man_pages().items():
            with open(os.path.join(copies, page.name), "w", encoding="utf-8") as file:
                file.write(prose(page))
            with self.subTest(page=page.name):
                status, output = run("man", "-l", self.convert(file.name, name))
                self.assertEqual(status, 0)
                self.assertEqual([line for line in output.splitlines() if len(line) > COLUMNS], [])


class TestFaults(unittest.TestCase):
    def test_no_name(self):
        with tempfile.NamedTemporaryFile("w", suffix=".md") as page:
            page.write("# Limits\n")
            page.flush()
            status, said = run("sh", MANUAL / "man.sh", page.name, VERSION, DATE)
        self.assertEqual(status, 1)
        self.assertIn("the first line is not <!-- man: NAME(SECTION): DESCRIPTION -->", said)


if __name__ == "__main__":
    unittest.main()
