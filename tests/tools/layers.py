"""A layer sees only the layers below it: the build refuses an include against the direction."""

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CEILING = 60  # seconds, which only a broken compiler ever reaches

# A header of each layer, and which layers may include it.
HEADERS = {
    "core": "core/step.h",
    "topology": "topology/map.h",
    "service": "service/service.h",
    "driver": "driver/driver.h",
    "link": "link/zmq_link.h",
    "launch": "launch/launcher.h",
    "sim": "sim/scheduler.h",
    "world": "world/world.h",
    "api": "api/network.h",
    "cli": "cli/session.h",
}
BELOW = {
    "core": {"core", "topology"},
    "topology": {"core", "topology"},
    "service": {"core", "topology", "service"},
    "driver": {"core", "topology", "service", "driver"},
    "link": {"core", "topology", "service", "driver", "link"},
    "launch": {"core", "topology", "service", "driver", "link", "launch"},
    "sim": {"core", "topology", "service", "driver", "link", "launch", "sim"},
    "world": {"core", "topology", "service", "driver", "link", "launch", "sim", "world"},
    "api": set(HEADERS) - {"cli"},
    "cli": {"cli"},
}


def commands(build):
    """How a file of each layer is compiled, without its source and its output."""
    found = {}
    with open(f"{build}/compile_commands.json", encoding="utf-8") as file:
        for entry in json.load(file):
            match = re.fullmatch(rf"{re.escape(ROOT)}/src/(\w+)/\w+\.c", entry["file"])
            if not match or f"CMakeFiles/xylem_{match[1]}.dir" not in entry["command"]:
                continue
            words = shlex.split(entry["command"])
            stop = next(i for i, word in enumerate(words) if word == "-o")
            kept = [word for word in words[:stop] if not word.startswith("-M") and not word.endswith((".d", ".o"))]
            found.setdefault(match[1], (entry["directory"], kept))
    return found


def includes(pattern):
    """Which files include what matches."""
    for folder, _, names in os.walk(f"{ROOT}/src"):
        for name in names:
            if name.endswith((".c", ".h")):
                path = os.path.join(folder, name)
                with open(path, encoding="utf-8") as file:
                    for line in file:
                        if re.match(rf'#include "{pattern}"', line):
                            yield os.path.relpath(path, f"{ROOT}/src")


class TestLayers(unittest.TestCase):
    build = None

    def compiles(self, layer, header):
        directory, words = self.commands[layer]
        with tempfile.NamedTemporaryFile("w", suffix=".c") as source:
            source.write(f'#include "{header}"\nint nothing;\n')
            source.flush()
            done = subprocess.run([*words, "-fsyntax-only", source.name], cwd=directory, text=True,
                                  stderr=subprocess.PIPE, timeout=CEILING)
        if done.returncode != 0:
            self.assertIn(f"{header}: No such file or directory", done.stderr)
        return done.returncode == 0

    @classmethod
    def setUpClass(cls):
        cls.commands = commands(cls.build)

    def test_every_layer_is_tried(self):
        self.assertEqual(set(self.commands) - {"program"}, set(HEADERS))

    def test_direction(self):
        for layer, below in BELOW.items():
            for other, header in HEADERS.items():
                with self.subTest(layer=layer, includes=header):
                    self.assertEqual(self.compiles(layer, header), other in below)

    def test_only_the_controlling_node_knows_the_topology(self):
        of_core = {path for path in includes(r"topology/\w+\.h") if path.startswith("core/")}
        self.assertEqual(of_core, {"core/controller.h"})

    def test_no_way_around(self):
        self.assertEqual(list(includes(r"\.\./.*")), [])


if __name__ == "__main__":
    TestLayers.build = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
