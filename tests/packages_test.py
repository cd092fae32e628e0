#!/usr/bin/env python3
"""The short checks of debian/: units that systemd takes and that are tightly shut, metadata that fits what the build needs. The packages
themselves are built and lived with by tests/packages.sh.

usage: packages_test.py SATCHEL"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
DEBIAN = ROOT / "debian"
PROGRAM = str(pathlib.Path(sys.argv[1]).resolve())
EXPOSURE_MAX = 2.5
SYSTEM_UNITS = ["satchel-node", "satchel-gateway"]


def words_of(name):
    return (DEBIAN / name).read_text()


class Packages(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def unit(self, name):
        """The unit under its installed name, with the program that was built."""
        path = pathlib.Path(self.folder.name, name.removeprefix("satchel.").replace(".user.service", ".service"))
        path.write_text(re.sub(r"/usr/bin/satchel\b", PROGRAM, words_of(name)).replace("Documentation=", "#"))
        return path

    @unittest.skipUnless(shutil.which("systemd-analyze"), "no systemd")
    def test_systemd_takes_the_units(self):
        for name in sorted(DEBIAN.glob("*.service")):
            with self.subTest(name.name):
                done = subprocess.run(["systemd-analyze", "verify", "--man=no", self.unit(name.name)], capture_output=True, text=True)
                said = [line for line in done.stderr.splitlines() if "satchel" in line]
                self.assertEqual((done.returncode, said), (0, []))

    @unittest.skipUnless(shutil.which("systemd-analyze"), "no systemd")
    def test_the_services_are_shut_tightly(self):
        for name in SYSTEM_UNITS:
            done = subprocess.run(["systemd-analyze", "security", "--offline=true", self.unit(f"satchel.{name}.service")],
                                  capture_output=True, text=True)
            level = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
            self.assertTrue(level, done.stdout + done.stderr)
            self.assertLess(float(level[1]), EXPOSURE_MAX, done.stdout)

    def test_the_services_write_to_their_homes_alone(self):
        for name in SYSTEM_UNITS:
            text = words_of(f"satchel.{name}.service")
            verb = name.removeprefix("satchel-")
            for line in ("User=satchel", "NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet=",
                         f"StateDirectory=satchel/{verb}", f"Environment=SATCHEL_HOME=/var/lib/satchel/{verb}",
                         f"ExecStart=/usr/bin/satchel {verb}"):
                self.assertIn(line, text.splitlines())
            self.assertNotIn("ReadWritePaths", text)
            self.assertIn(f"/var/lib/satchel/{verb} ", words_of("satchel.tmpfiles"))

    def test_settings_that_are_installed_are_good(self):
        for name in ("node", "gateway"):
            home = pathlib.Path(self.folder.name, name)
            subprocess.run([PROGRAM, "--home", home, "init"], check=True, capture_output=True)
            (home / "satchel.toml").write_text(re.sub(r"^#(?=[a-z_]+ =)", "", words_of(f"conf/{name}.toml"), flags=re.M))
            # A verb that reads settings, and then fails of something else.
            done = subprocess.run([PROGRAM, "--home", home, "queue"], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertRegex(words_of("satchel.install"), rf"debian/conf/{name}\.toml\s+etc/satchel")

    def test_the_package_needs_what_the_build_needs(self):
        script = (ROOT / "tests/install_packages.sh").read_text()
        build = set(re.search(r'satchel_build_packages="(.*?)"', script, re.S)[1].split())
        tools = {"g++", "ninja-build", "ccache", "ca-certificates"}  # build-essential's, meson's, and ours
        depends = set(re.findall(r"^ ([a-z0-9+.-]+)", words_of("control").split("Build-Depends:")[1].split("\n\n")[0], re.M))
        for package in build - tools:
            self.assertIn(package, depends)
        development = words_of("control").split("Package: libsatchel-dev")[1]
        wanted = re.findall(r"'(\w[\w.-]+)'", re.search(r"requires: \[(.*?)\]", (ROOT / "meson.build").read_text())[1])
        owners = {"gmime-3.0": "libgmime-3.0-dev", "libidn2": "libidn2-dev", "libssl": "libssl-dev", "libcrypto": "libssl-dev",
                  "libsodium": "libsodium-dev", "nlohmann_json": "nlohmann-json3-dev", "opendht": "libopendht-dev", "sqlite3": "libsqlite3-dev",
                  "zlib": "zlib1g-dev"}
        for requirement in wanted:
            self.assertIn(f" {owners[requirement]}", development)

    def test_versions_and_scripts(self):
        version = re.search(r"version: '([\d.]+)'", (ROOT / "meson.build").read_text())[1]
        self.assertEqual(re.match(r"satchel \(([\d.]+)\)", words_of("changelog"))[1], version)
        for script in ("satchel.postinst", "satchel.prerm", "satchel.postrm"):
            self.assertIn("#DEBHELPER#", words_of(script))
            subprocess.run(["sh", "-n", DEBIAN / script], check=True)
        for script in (DEBIAN / "rules", ROOT / "tests/packages.sh"):
            self.assertTrue(script.stat().st_mode & 0o100, script)
        if shutil.which("dpkg-parsechangelog"):
            subprocess.run(["dpkg-parsechangelog", "-l", DEBIAN / "changelog"], check=True, capture_output=True)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
