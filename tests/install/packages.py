"""The Debian packages that tools/package makes: what is in them, what they need, what lintian says;
and the examples, built against them when they are unpacked."""

import gzip
import os
import re
import shutil
import sys
import tempfile
import unittest

from outside import EXAMPLE_FILES, ROOT, Examples, needs, read, run

sys.path.append(f"{ROOT}/tests/manual")
import pages  # noqa: E402

TRIPLET = run("dpkg-architecture", "-q", "DEB_HOST_MULTIARCH").strip() \
    if shutil.which("dpkg-architecture") else ""
LIBDIR = f"usr/lib/{TRIPLET}"
MAN_PAGES = pages.man_pages().values()
SONAME = "libxylem.so.0.4"
CONTENTS = {
    "xylem": [
        *(f"usr/bin/{name}" for name in ("xylem", "xylem-sim", "xylem-bench")),
        *(f"usr/share/man/man{name[-1]}/{name}.gz" for name in MAN_PAGES if name[-1] != "3"),
        "usr/share/bash-completion/completions/xylem", "usr/share/zsh/vendor-completions/_xylem"],
    "libxylem0.4": [f"{LIBDIR}/{SONAME}", f"{LIBDIR}/{SONAME}.0"],
    "libxylem-dev": [
        "usr/include/xylem.h", "usr/include/xylem_sim.h",
        *(f"usr/share/man/man3/{name}.gz" for name in MAN_PAGES if name[-1] == "3"),
        *(f"{LIBDIR}/{name}" for name in (
            "libxylem.a", "libxylem.so", "pkgconfig/xylem.pc", "cmake/xylem/xylemConfig.cmake",
            "cmake/xylem/xylemConfigVersion.cmake", "cmake/xylem/xylemTargets.cmake")),
        *(f"usr/share/doc/libxylem-dev/examples/{name}" for name in EXAMPLE_FILES)],
}
DEPENDS = {
    "xylem": {"libc6", "libxylem0.4", "libzmq5", "libedit2"},
    "libxylem0.4": {"libc6", "libzmq5"},
    "libxylem-dev": {"libxylem0.4", "libzmq3-dev"},
}

scratch = root = None
packages = {}


def setUpModule():
    global scratch, root
    for program in "dpkg-buildpackage", "dh":
        if not shutil.which(program):
            raise unittest.SkipTest(f"not installed: {program}")
    scratch = tempfile.mkdtemp(prefix="xylem-packages-")
    unittest.addModuleCleanup(shutil.rmtree, scratch)
    root = f"{scratch}/root"
    for path in run(f"{ROOT}/tools/package", f"{scratch}/packages").split():
        packages[os.path.basename(path).split("_")[0]] = path
        run("dpkg-deb", "-x", path, root)


def entries(name):
    """What is in a package: {path: (mode, owner)}, but for folders."""
    found = re.findall(r"^(\S+) (\S+) +\S+ \S+ \S+ \./(.*?)(?: -> .*)?$",
                       run("dpkg-deb", "-c", packages[name]), re.M)
    return {path: (mode, owner) for mode, owner, path in found if mode[0] != "d"}


def dynamic(path):
    return run("readelf", "-d", f"{root}/{path}")


class TestPackages(unittest.TestCase):
    def test_names(self):
        self.assertEqual(set(packages), set(CONTENTS))

    @needs("lintian")
    def test_lintian(self):
        said = run("lintian", "--allow-root", "--fail-on", "error,warning", *packages.values())
        self.assertEqual(said, "")

    def test_contents(self):
        """Each file is in one package, which it belongs to."""
        seen = set()
        for name, wanted in CONTENTS.items():
            found = entries(name)
            notices = {f"usr/share/doc/{name}/{file}" for file in ("changelog.Debian.gz", "copyright")}
            with self.subTest(name=name):
                self.assertLessEqual({*wanted, *notices}, set(found))
                self.assertFalse(seen & set(found))
                self.assertFalse([path for path in found if not path.startswith("usr/")
                                  or path.startswith("usr/local/")])
                self.assertEqual({owner for _, owner in found.values()}, {"root/root"})
                self.assertFalse([path for path, (mode, _) in found.items() if "w" in mode[5:]
                                  and mode[0] != "l"])
            seen |= set(found)

    def test_fields(self):
        versions = set()
        for name, wanted in DEPENDS.items():
            field = {key: run("dpkg-deb", "-f", packages[name], key).strip()
                     for key in ("Version", "Depends", "Description", "Multi-Arch")}
            versions.add(field["Version"])
            with self.subTest(name=name):
                self.assertEqual({needed.split()[0] for needed in field["Depends"].split(", ")}, wanted)
                self.assertRegex(field["Description"], r"\A\S.{10,}(\n .+){3,}")
                self.assertEqual(field["Multi-Arch"], "no" if name == "xylem" else "same")
        version, = versions
        self.assertIn(f'#define XYLEM_VERSION "{version.rsplit("-")[0]}"',
                      read(f"{root}/usr/include/xylem.h"),
                      "src/install/debian/changelog begins with another version than the header has")
        self.assertIn(f"libxylem0.4 (= {version})",
                      run("dpkg-deb", "-f", packages["libxylem-dev"], "Depends"))

    def test_library(self):
        """What tells other packages and the loader about the library."""
        control = f"{scratch}/control"
        run("dpkg-deb", "-e", packages["libxylem0.4"], control)
        self.assertEqual(read(f"{control}/shlibs").split()[:3], ["libxylem", "0.4", "libxylem0.4"])
        self.assertIn("activate-noawait ldconfig", read(f"{control}/triggers"))
        symbols = set(re.findall(r"^ (xylem_\w+)@XYLEM_0\.4 ", read(f"{control}/symbols"), re.M))
        mapped = set(re.findall(r"\b(xylem_\w+);", read(f"{ROOT}/src/install/xylem.map")))
        self.assertEqual(symbols, mapped)

    def test_linked(self):
        """Dynamically, hardened, stripped; the program with the library, of which it has no copy."""
        self.assertIn(f"[{SONAME}]", dynamic("usr/bin/xylem"))
        self.assertNotIn("zmq_ctx_new", run("nm", "-D", f"{root}/usr/bin/xylem"))
        self.assertIn("[libzmq.so.5]", dynamic("usr/bin/xylem-bench"))
        for path in (*CONTENTS["xylem"][:3], f"{LIBDIR}/{SONAME}"):
            with self.subTest(path=path):
                self.assertIn("NOW", dynamic(path))
                self.assertNotRegex(dynamic(path), "RPATH|RUNPATH")
                self.assertNotIn(".debug_info", run("readelf", "-SW", f"{root}/{path}"))

    def test_manual_is_compressed(self):
        for name in MAN_PAGES:
            with gzip.open(f"{root}/usr/share/man/man{name[-1]}/{name}.gz", "rt") as file:
                self.assertIn('.SH "NAME"', file.read())

    def test_program_runs(self):
        environment = {**os.environ, "LD_LIBRARY_PATH": f"{root}/{LIBDIR}"}
        for world in [], ["--process"], ["--simulate"]:
            output = run(f"{root}/usr/bin/xylem", *world, "-c", "create 1; ping 1", env=environment)
            self.assertRegex(output, r"\AOK: \d+\nOK: 1\n\Z")


class TestExamples(Examples, unittest.TestCase):
    def setUp(self):
        self.copy_examples("cmake", f"{root}/usr", f"lib/{TRIPLET}",
                           "share/doc/libxylem-dev/examples")


if __name__ == "__main__":
    unittest.main(verbosity=2)
