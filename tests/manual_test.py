#!/usr/bin/env python3
"""Verbs, flags, settings, manual pages and completion are in step: what `--help` and `init` say, read as a person reads it, stands in
the pages, and every page is of something that there is.

usage: manual_test.py SATCHEL FOLDER     with the made pages"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM, PAGES = sys.argv[1], pathlib.Path(sys.argv[2])


def said(*words):
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, check=True).stdout


def verbs_in(help_text):
    part = help_text.partition("Subcommands:\n")[2].partition("\n\n")[0]
    return re.findall(r"^  ([a-z]+)\b", part, re.M)


def flags_in(help_text):
    part = help_text.partition("Options:\n")[2].partition("\nSubcommands:")[0].partition("\nExample:")[0]
    return {flag for line in re.findall(r"^  (-\S+)", part, re.M) for flag in line.split(",")} - {"-h", "--help"}


def page_text(name):
    """The words of a page, as its reader has them."""
    text = (PAGES / name).read_text()
    text = re.sub(r"^\.S[HS] |\\f[BIR]", "", text, flags=re.M)
    text = re.sub(r"^\.[A-Z]+.*$", "", text, flags=re.M)
    return text.replace("\\-", "-").replace("\\&", "").replace("\\(aq", "'").replace("\\e", "\\")


class Manual(unittest.TestCase):
    def test_every_verb_has_a_page_and_every_page_a_verb(self):
        verbs = set(verbs_in(said("--help")))
        self.assertGreater(len(verbs), 20)
        pages = {page.name.removeprefix("satchel-").removesuffix(".1") for page in PAGES.glob("satchel-*.1")}
        self.assertEqual(verbs, pages, "each verb: docs/man/satchel-VERB.scd, and its name in docs/man/meson.build")
        for verb in verbs:
            self.assertIn(f"satchel-{verb}", page_text("satchel.1"))

    def test_every_flag_of_help_is_in_its_page(self):
        for flag in flags_in(said("--help")):
            self.assertIn(flag, page_text("satchel.1"))
        for verb in verbs_in(said("--help")):
            page, told = page_text(f"satchel-{verb}.1"), said(verb, "--help")
            for flag in flags_in(told):
                self.assertIn(flag, page, verb)
            for inner in verbs_in(told):
                self.assertIn(f"satchel {verb} {inner}", page)
                for flag in flags_in(said(verb, inner, "--help")):
                    self.assertIn(flag, page, (verb, inner))

    def test_no_page_tells_of_a_flag_that_is_not(self):
        general = flags_in(said("--help"))
        for verb in verbs_in(said("--help")):
            told = said(verb, "--help")
            known = general | flags_in(told)
            for inner in verbs_in(told):
                known |= flags_in(said(verb, inner, "--help"))
            # What is said of another program or verb names it: `satchel publish --binding`.
            page = re.sub(r"satchel [a-z]+( [a-z]+)* --[a-z-]+", "", page_text(f"satchel-{verb}.1"))
            for flag in set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", page)):
                self.assertIn(flag, known, verb)

    def test_every_setting_is_in_its_page(self):
        page = page_text("satchel.toml.5")
        with tempfile.TemporaryDirectory() as folder:
            said("--home", folder + "/home", "init")
            written = pathlib.Path(folder, "home/satchel.toml").read_text()
        keys = re.findall(r"^#([a-z_]+) = (.*)$", written, re.M)
        self.assertGreater(len(keys), 40)
        for key, default in keys:
            self.assertIn(f"{key} = {default}", page)
        for section in re.findall(r"^#(\[.*\])$", written, re.M):
            self.assertIn(section, page)

    def test_the_example_of_settings_is_good(self):
        example = (pathlib.Path(__file__).parent.parent / "docs/man/satchel.toml.scd").read_text().partition("# EXAMPLE\n\n```\n")[2].partition("```")[0]
        self.assertIn("next_hop", example)
        with tempfile.TemporaryDirectory() as folder:
            said("--home", folder + "/home", "init")
            pathlib.Path(folder, "home/satchel.toml").write_text(example)
            said("--home", folder + "/home", "queue")

    def test_pages_have_no_faults_of_form(self):
        if not shutil.which("man"):
            self.skipTest("no man")
        for page in sorted(PAGES.glob("satchel*.[157]")):
            done = subprocess.run(["man", "--warnings=all", "-l", page], capture_output=True, text=True,
                                  env={**os.environ, "MANWIDTH": "100", "LC_ALL": "C.UTF-8"})
            self.assertEqual((done.returncode, done.stderr), (0, ""), page.name)

    def test_completion_has_every_verb(self):
        verbs = set(verbs_in(said("--help")))
        self.assertEqual({line.split("\t")[0] for line in said("--complete", "").splitlines()}, verbs)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
