#!/usr/bin/env python3
"""Completion as a person meets it: bash, zsh and fish run on a terminal, the TAB key is pressed, and what stands on the line is read.

usage: shells_test.py SATCHEL"""
import fcntl
import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import termios
import time
import unittest

PROGRAM = pathlib.Path(sys.argv[1]).absolute()
SHELLS = pathlib.Path(__file__).resolve().parent.parent / "src/cli/shells"
TAB, SHOW = "\t", "\x14"  # control-T shows the line, and empties it

# What each shell reads when it starts: the completion, and a key that shows what stands on the line.
START = {
    "bash": f"""PS1='$ '
. {SHELLS}/satchel.bash
show() {{ printf '<<%s>>\\n' "$READLINE_LINE"; READLINE_LINE=; READLINE_POINT=0; }}
bind -x '"\\C-t": show'
""",
    "zsh": f"""PS1='$ '
fpath=({SHELLS} $fpath)
autoload -U compinit && compinit -u -D
show() {{ print -r -- "<<$BUFFER>>"; BUFFER= }}
zle -N show
bindkey '^T' show
""",
    "fish": f"""function fish_prompt; echo '$ '; end
function fish_greeting; end
source {SHELLS}/satchel.fish
bind \\ct 'echo "<<"(commandline)">>"; commandline ""'
""",
}


class Terminal:
    """One shell on a terminal of its own, in a folder with a few files."""

    def __init__(self, shell, folder, more=""):
        self.folder = pathlib.Path(folder)
        here = self.folder / "here"
        for name in ("holiday", "my folder"):
            (here / name).mkdir(parents=True)
        (here / "my message.eml").write_text("")
        start = more + START[shell]
        # Where this is missing, fish fills it from all manual pages, in the background and beyond its own end.
        (self.folder / "fish/generated_completions").mkdir(parents=True)
        for name in ("bashrc", ".zshrc", "fish/config.fish"):
            (self.folder / name).write_text(start)
        command = {"bash": ["bash", "--noprofile", "--rcfile", str(self.folder / "bashrc"), "-i"], "zsh": ["zsh", "-d", "-i"],
                   "fish": ["fish", "-i"]}[shell]
        environment = {"PATH": f"{PROGRAM.parent}:{os.environ['PATH']}", "HOME": folder, "ZDOTDIR": folder, "XDG_CONFIG_HOME": folder,
                       "XDG_DATA_HOME": folder, "TERM": "xterm", "LC_ALL": "C.UTF-8", "COLUMNS": "200"}
        mine, theirs = pty.openpty()
        self.process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=here, env=environment, start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(theirs)
        self.terminal = mine
        self.seen = ""

    def line_after(self, keys):
        os.write(self.terminal, (keys + SHOW).encode())
        found = self.read_until(r"<<(.*?)>>")
        return found[1]

    def read_until(self, pattern):
        deadline = time.monotonic() + 60
        while not (found := re.search(pattern, self.seen, re.S)):
            ready, _, _ = select.select([self.terminal], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise AssertionError(f"the shell never said {pattern}: {self.seen!r}")
            try:
                self.seen += os.read(self.terminal, 65536).decode(errors="replace")
            except OSError as gone:
                raise AssertionError(f"the shell is gone: {self.seen!r}") from gone
        self.seen = self.seen[found.end():]
        return found

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.terminal)


class Shells(unittest.TestCase):
    # What is typed, and what then stands on the line; spaces at the end as the shells have them.
    ROWS = [
        ("satchel loo", "satchel lookup "),
        ("satchel domain dn", "satchel domain dns "),
        ("satchel contact f", "satchel contact forget "),
        ("satchel --js", "satchel --json "),
        ("satchel lookup --no-p", "satchel lookup --no-ping "),
        ("satchel --set node.quota_p", "satchel --set node.quota_per_sender="),
        ("satchel export hol", "satchel export holiday/"),
        ("satchel get my\\ mes", "satchel get my\\ message.eml "),
        ("satchel export my", "satchel export my\\ folder/"),  # a folder is asked for: no file
        ("satchel unheard-of", "satchel unheard-of"),
    ]

    def terminal(self, shell, more=""):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        terminal = Terminal(shell, folder.name, more)
        self.addCleanup(terminal.close)
        return terminal

    def complete_all(self, shell, more=""):
        terminal = self.terminal(shell, more)
        for typed, expected in self.ROWS:
            with self.subTest(shell, typed=typed):
                self.assertEqual(terminal.line_after(typed + TAB), expected)

    def test_bash(self):
        self.complete_all("bash")

    def test_bash_with_the_package_bash_completion(self):
        script = "/usr/share/bash-completion/bash_completion"
        self.assertTrue(os.path.exists(script), "tests/install_packages.sh installs it")
        self.complete_all("bash", f". {script}\n")

    def test_zsh(self):
        self.complete_all("zsh")

    def test_fish(self):
        self.complete_all("fish")

    def test_zsh_and_fish_tell_what_a_verb_does(self):
        for shell in ("zsh", "fish"):
            with self.subTest(shell):
                terminal = self.terminal(shell)
                os.write(terminal.terminal, f"satchel e{TAB}{TAB}".encode())
                terminal.read_until("decrypt all that is stored")


if __name__ == "__main__":
    for shell in START:
        if not shutil.which(shell):
            sys.exit(f"no {shell}: tests/install_packages.sh installs it")
    unittest.main(argv=sys.argv[:1])
