"""Every tool prints its usage when asked for help, and refuses words that it does not know with
status 2 and a message that names them, before it builds or installs anything."""

import os
import subprocess
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOOLS = sorted(name for name in os.listdir(f"{ROOT}/tools")
               if os.access(f"{ROOT}/tools/{name}", os.X_OK) and os.path.isfile(f"{ROOT}/tools/{name}"))
PASSES_WORDS_ON = {"run", "bench"}  # to the program
CEILING = 120  # seconds, which only a broken tool ever reaches
WRONG = {
    "build": [["relase"], [], ["release", "--trget", "xylem"], ["release", "--target"], ["-D"],
              ["release", "debug"]],
    "coverage": [["--mising"], ["--missing", "more"]],
    "fuzz": [[], ["nod", "5"], ["node"], ["node", "soon"], ["--all", "5", "6"], ["--merge", "nod"],
             ["--merge", "node", "5"]],
    "lint": [["src"]],
    "mutate": [["no-such-mutation"], ["--seeds"], ["--seeds", "many"], ["--chek"]],
    "package": [["--flder"], ["a", "b"], [f"{ROOT}/src"]],
    "picture": [["--chek"], ["--program"]],
    "race": [["--al"]],
    "repeat": [[], ["often"], ["3", "unit/", "more"], ["3", "no-such-test"]],
    "setup": [["--test"], ["--tests", "--lint"]],
    "soak": [[], ["long"], ["--seed", "3"]],
    "test": [["relase"], ["--al"], ["no-such-test"], ["unit/", "no-such-test"], ["["], [""],
             ["release", "relase"]],
}


def run(tool, *words):
    done = subprocess.run([f"{ROOT}/tools/{tool}", *words], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=CEILING)
    return done.returncode, done.stdout, done.stderr


class TestUsage(unittest.TestCase):
    def test_help(self):
        self.assertIn("test", TOOLS)
        for tool in TOOLS:
            for word in ["--help"] if tool == "run" else ["--help", "-h"]:
                with self.subTest(tool=tool, word=word):
                    status, said, wrong = run(tool, word)
                    self.assertEqual((status, wrong), (0, ""))
                    self.assertIn("Usage: xylem" if tool == "run" else f"tools/{tool}", said)

    def test_help_after_other_words(self):
        self.assertEqual(run("test", "release", "--help"), run("test", "--help"))

    def test_every_tool_is_tried(self):
        self.assertEqual(set(TOOLS) - PASSES_WORDS_ON, set(WRONG))

    def test_wrong_words(self):
        for tool, cases in WRONG.items():
            for words in [*cases, ["--no-such-option"]]:
                with self.subTest(tool=tool, words=words):
                    status, said, wrong = run(tool, *words)
                    self.assertEqual((status, said), (2, ""))
                    self.assertRegex(wrong, rf"\Atools/{tool}: [^\n]+; see tools/{tool} --help\n\Z")

    def test_build_takes_several_targets(self):
        """As tools/fuzz names them."""
        for words in (["--target", "xylem", "xylem-sim"], ["--target", "xylem", "--target", "xylem-sim"]):
            with self.subTest(words=words):
                self.assertEqual(run("build", "--configure", "release", *words), (0, "", ""))


if __name__ == "__main__":
    unittest.main(verbosity=2)
