"""Runs the documents: every session that docs/*.md shows is typed into a world of real processes, and has to say what
the document says it says. blocks.py tells how documents are written for that."""
import os
import re
import select
import shlex
import subprocess
import sys
import time
import unittest

from blocks import BadDocument, Captures, commands_of, steps_of
from world import ROOT, World

PEOPLE = ["alice", "bob", "carol", "dave", "erin"]
# In the order in which a reader would come by: each goes on where the one before ended.
DOCUMENTS = ["admin.md", "user.md", "security.md", "formats.md", "leaving.md"]


class Reader:
    """Does what a document says, step by step."""

    def __init__(self, world):
        self.world, self.captures, self.last, self.counted = world, Captures(), "", 0

    def read(self, name):
        with open(os.path.join(ROOT, "docs", name)) as file:
            for step in steps_of(name, file.read()):
                try:
                    self.do(step)
                except (AssertionError, BadDocument, subprocess.TimeoutExpired) as why:
                    raise AssertionError(f"{step.where}: {why}") from None

    def do(self, step):
        word = step.directive.word if step.directive else None
        if step.block and step.block.language == "console" and word in (None, "skip", "instead", "soon"):
            commands = commands_of(step.where, step.block.lines)
            if word == "soon":
                self.session(commands, patience=30)
            elif word:
                check_syntax(commands)
            else:
                self.session(commands)
        if word in ("instead", "run"):
            self.session(commands_of(step.where, step.directive.lines))
        elif word and hasattr(self, "do_" + word):
            getattr(self, "do_" + word)(step.directive.rest, step.block.lines if step.block else step.directive.lines)

    def session(self, commands, patience=0):
        for command in commands:
            begin = time.monotonic()
            while (wrong := self.type_in(command)) and time.monotonic() < begin + patience:
                select.select([], [], [], 0.1)
            if wrong:
                raise AssertionError(wrong)
            self.counted += 1
            print(f"{time.monotonic() - begin:7.2f} s  {command.party}$ {command.text}", flush=True)

    def type_in(self, command):
        """What is wrong with what the command says, if anything."""
        code, said = self.world.run(command.party, self.captures.filled_in(command.text), command.in_background)
        self.last = said
        wanted = None if command.in_background else command.code
        if code != wanted:
            return f"`{command.text}` ended with {code}, not {wanted}:\n{said}"
        missing = self.captures.compare(command.expected, said.splitlines())
        # A command shown alone may say what it likes.
        if missing and command.expected:
            return f"`{command.text}` does not say\n    {missing}\nbut\n{said}"
        return None

    def do_file(self, rest, lines):
        party, path = rest.split(":")
        self.world.write(party, path, lines)

    def do_excerpt(self, rest, lines):
        with open(os.path.join(ROOT, rest)) as file:
            there = {line.strip() for line in file}
        for line in lines:
            if line.strip() and line.strip() not in there:
                raise AssertionError(f"{rest} has no line\n    {line}")

    def do_mailbox(self, rest, lines):
        mail = self.world.newest_mail(rest).decode()
        missing = self.captures.compare(lines, self.world.to_doc(mail).splitlines(), anywhere=True)
        if missing:
            raise AssertionError(f"the mail does not say\n    {missing}\nbut\n{mail}")

    do_mail = do_mailbox

    def do_save(self, rest, _):
        address, target = rest.split()
        party, path = target.split(":")
        with open(os.path.join(self.world.folder, party, path), "wb") as file:
            file.write(self.world.newest_mail(address))

    def do_send(self, rest, _):
        sender, recipients, *files = shlex.split(rest)
        self.world.send(sender, recipients.split(","), dict(file.split("=") for file in files))

    def do_dns(self, _, __):
        self.world.publish(self.last)

    def do_stop(self, rest, _):
        self.world.stop(rest)


def check_syntax(commands):
    """What can't be run here is at least something that a shell understands."""
    for command in commands:
        done = subprocess.run(["bash", "-n", "-c", command.text], capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(f"no shell takes `{command.text}`: {done.stderr}")
        for path in re.findall(r"\bexamples/[\w./-]+", command.text):
            if not os.path.exists(os.path.join(ROOT, path)):
                raise AssertionError(f"{path} is not there")


class Documents(unittest.TestCase):
    def test_all_that_they_show(self):
        world = World(PEOPLE)
        reader = Reader(world)
        try:
            world.start()
            for name in DOCUMENTS:
                reader.read(name)
        except BaseException:
            sys.stderr.write(world.logs())
            raise
        finally:
            world.close()
        self.assertGreater(reader.counted, 30, "so few commands: were the documents read?")


if __name__ == "__main__":
    unittest.main()
