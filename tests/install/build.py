"""From the sources to what is installed, in a copy of them: a build without any setting is optimised,
hardened and silent; after tools/run all can be installed; wrong versions are refused."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

from outside import CEILING, ROOT, read, run

SOURCES = "CMakeLists.txt CMakePresets.json LICENSE include src tests tools".split()
PROGRAMS = ["xylem", "xylem-sim", "xylem-bench"]

# What those who build have set is theirs, and not what is tested.
ENVIRONMENT = {name: value for name, value in os.environ.items()
               if name not in ("CFLAGS", "LDFLAGS", "CC", "CMAKE_GENERATOR", "CMAKE_BUILD_TYPE")}


class TestBuild(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.mkdtemp(prefix="xylem-build-")
        self.addCleanup(shutil.rmtree, scratch)
        self.tree = f"{scratch}/tree"
        os.mkdir(self.tree)
        for name in SOURCES:
            copy = shutil.copytree if os.path.isdir(f"{ROOT}/{name}") else shutil.copy
            copy(f"{ROOT}/{name}", f"{self.tree}/{name}")

    def configure(self, *settings):
        return subprocess.run(["cmake", "-S", self.tree, "-B", f"{self.tree}/b", *settings],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=CEILING, env=ENVIRONMENT)

    def check_silent(self, said):
        self.assertEqual([line for line in said.splitlines() if "warning" in line.lower()], [])

    def check_installs(self, build):
        prefix = f"{self.tree}/prefix"
        run("cmake", "--install", build, "--prefix", prefix, env=ENVIRONMENT)
        for program in PROGRAMS:
            self.assertIn(program, run(f"{prefix}/bin/{program}", "--version"))

    def test_without_settings(self):
        configured = self.configure()
        self.assertEqual(configured.returncode, 0, configured.stdout)
        build = f"{self.tree}/b"
        said = configured.stdout + run("cmake", "--build", build, "--parallel", "2", env=ENVIRONMENT)
        self.check_silent(said)
        for unit in json.loads(read(f"{build}/compile_commands.json")):
            if unit["file"].startswith(f"{self.tree}/src/"):
                self.assertRegex(unit["command"], " -O[23] ", unit["file"])
                self.assertIn(" -D_FORTIFY_SOURCE=2 ", unit["command"])
                self.assertIn(" -fstack-protector-strong ", unit["command"])
        for program in PROGRAMS:
            self.assertIn("BIND_NOW", run("readelf", "-d", f"{build}/{program}"))
            self.assertRegex(run("nm", "-D", f"{build}/{program}"), r" U __\w+_chk")
        self.check_installs(build)

    def test_after_tools_run(self):
        self.assertEqual(run(f"{self.tree}/tools/run", "-c", "exit", env=ENVIRONMENT), "OK\n")
        self.check_silent(read(f"{self.tree}/build/release.log"))
        self.check_installs(f"{self.tree}/build/release")

    def test_version_and_number_agree(self):
        path = f"{self.tree}/include/xylem.h"
        header = re.sub(r"(XYLEM_VERSION_NUMBER) \d+", r"\1 103", read(path))
        with open(path, "w") as file:
            file.write(header)
        configured = self.configure()
        self.assertNotEqual(configured.returncode, 0)
        self.assertRegex(configured.stdout, r"XYLEM_VERSION \d+\.\d+\.\d+ needs XYLEM_VERSION_NUMBER \d+")

    def test_uthash_is_missing(self):
        configured = self.configure("-DXYLEM_UTHASH=")
        self.assertNotEqual(configured.returncode, 0)
        self.assertIn("install uthash-dev", configured.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
