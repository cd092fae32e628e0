"""Every satchel command, flag, setting and link that a document names is there: README.md, docs/ and the examples' own."""
import functools
import glob
import os
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.environ["SATCHEL"]
GLOBAL_FLAGS = {"--home", "--set", "--json", "--version", "--help", "-v"}
COMMAND = re.compile(r"(?:(?<=[\s`(])|^)satchel((?: +(?:--home|--set) +\S+| +--json)*) +([a-z]+)\b([^`#|;&<>\n]*)")


def documents():
    paths = ["README.md", *glob.glob("docs/**/*.md", root_dir=ROOT, recursive=True),
             *glob.glob("examples/**/*.md", root_dir=ROOT, recursive=True)]
    for path in sorted(paths):
        with open(os.path.join(ROOT, path)) as file:
            yield path, file.read()


def fenced(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)


def spans(text):
    rest = re.sub(r"^```[^\n]*\n.*?^```$", "", text, flags=re.M | re.S)
    return [span.replace("\n", " ") for span in re.findall(r"`([^`]+)`", rest)]


def code_of(text):
    """What stands in code: sessions, indented blocks and spans."""
    rest = re.sub(r"^```[^\n]*\n.*?^```$", "", text, flags=re.M | re.S)
    return fenced(text, "console") + re.findall(r"^    .*$", rest, re.M) + spans(text)


@functools.cache
def help_of(*words):
    done = subprocess.run([PROGRAM, *words, "--help"], capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else ""


def subcommands(help_text):
    _, _, below = help_text.partition("ubcommands:\n")
    return re.findall(r"^  ([a-z]+)", below.split("\n\n")[0], re.M)


def complaints_about(text):
    """What is wrong with the satchel commands of a text of code."""
    text = text.replace("\\\n", " ")
    for _, verb, rest in COMMAND.findall(text):
        if verb not in subcommands(help_of()):
            yield f"satchel {verb}: no such verb"
            continue
        words, known = [verb], help_of(verb)
        below = subcommands(known)
        following = rest.split()
        if below and following and following[0] in below:
            words.append(following[0])
            known += help_of(*words)
        for flag in re.findall(r"(?<=[\s\[])--?[a-z][\w-]*", rest):
            if flag not in GLOBAL_FLAGS and not re.search(rf"(?<![\w-]){flag}(?![\w-])", known):
                yield f"satchel {' '.join(words)}: no flag {flag}"


class Words(unittest.TestCase):
    def test_commands_and_flags(self):
        wrong = [f"{path}: {what}" for path, text in documents() for code in code_of(text) for what in complaints_about(code)]
        self.assertEqual(wrong, [])

    def test_what_this_test_sees(self):
        self.assertEqual(list(complaints_about("satchel fetch x")), ["satchel fetch: no such verb"])
        self.assertEqual(list(complaints_about("a && satchel get x --fast")), ["satchel get: no flag --fast"])
        self.assertEqual(list(complaints_about("satchel --json domain dns b.test \\\n  --dth x")), ["satchel domain dns: no flag --dth"])
        self.assertEqual(list(complaints_about("satchel --set 'node.quota=1' key import x --force")), [])

    def test_settings(self):
        with tempfile.TemporaryDirectory() as home:
            subprocess.run([PROGRAM, "--home", home, "init"], check=True, capture_output=True)
            with open(os.path.join(home, "satchel.toml")) as file:
                toml = file.read()
        known, section = set(), None
        for line in toml.splitlines():
            if found := re.match(r'#?\[(\w+)', line):
                section = found[1]
            elif found := re.match(r"#(\w+) = ", line):
                known.add(f"{section}.{found[1]}")
        self.assertGreater(len(known), 30)
        pattern = re.compile(r"(?<![\w.@/-])((?:node|gateway|trust|web)\.(?!db\b)[a-z_]+|domain\.\\?\"[^\"]+\"\.[a-z_]+)(?![\w.])")
        for path, text in documents():
            for code in code_of(text):
                for key in pattern.findall(code):
                    plain = re.sub(r'\."[^"]*"', "", key.replace("\\", ""))
                    self.assertIn(plain, known, f"{path}: {key}")
            for span in spans(text):
                if found := re.match(r"(\w+) = \S", span):
                    self.assertIn(found[1], {name.split(".")[1] for name in known}, f"{path}: {span}")

    def test_blocks_of_settings(self):
        for path, text in documents():
            for block in fenced(text, "toml"):
                with tempfile.TemporaryDirectory() as home:
                    subprocess.run([PROGRAM, "--home", home, "init"], check=True, capture_output=True)
                    with open(os.path.join(home, "satchel.toml"), "w") as file:
                        file.write(block)
                    done = subprocess.run([PROGRAM, "--home", home, "queue"], capture_output=True, text=True)
                    self.assertEqual(done.returncode, 0, f"{path}: {block}{done.stderr}")

    def test_links(self):
        for path, text in documents():
            folder = os.path.dirname(os.path.join(ROOT, path))
            for target in re.findall(r"\]\(([^)\s]+)\)", text):
                if target.startswith("https://"):
                    continue
                file, _, anchor = target.partition("#")
                there = os.path.join(folder, file) if file else os.path.join(ROOT, path)
                self.assertTrue(os.path.exists(there), f"{path}: {target}")
                if anchor:
                    with open(there) as linked:
                        heads = re.findall(r"^#+ (.+)$", linked.read(), re.M)
                    slugs = [re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads]
                    self.assertIn(anchor, slugs, f"{path}: {target}")

    def test_diagrams_are_those_of_their_texts(self):
        subprocess.run([sys.executable, os.path.join(ROOT, "docs/diagrams/draw.py"), "--check"], check=True)


if __name__ == "__main__":
    unittest.main()
