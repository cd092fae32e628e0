"""What a document asks to be run: its fenced blocks, and the directives that stand before them as invisible comments.

A block of language `console` is a session. A line that begins with a prompt is a command, and who types it; the lines
below are what it says:

    bob$ satchel get wedding.eml
    wedding.mov: 5.0 MB from own node, SHA-256 da47…6e7f

Any other block, and any console block that cannot be run as it stands, has a directive before it, `<!-- test: … -->`:

    skip REASON             not run; its commands are looked over by the shell, and its satchel verbs against --help
    instead                 as skip, and the commands on the directive's further lines are run in its stead
    run                     the commands on the further lines are run; no block belongs to it
    file PARTY:PATH         the block is appended to this file of the party's home
    soon                    the session's commands are typed again until they say what is shown, for half a minute
    excerpt FILE            each line of the block stands in this file of the source
    mailbox ADDRESS         the block is found in the newest mail of this mailbox, lines that it leaves out aside
    mail ADDRESS            as mailbox, with the directive's further lines in place of a block
    save ADDRESS PARTY:FILE the newest mail of a mailbox is saved as a file
    send FROM TO,… NAME=SIZE…   a mail program sends a mail with these attachments
    dns                     what the last command printed goes into the DNS
    stop PARTY              the party's server ends
"""
import re
from dataclasses import dataclass, field

WITH_BLOCK = {"skip", "instead", "soon", "file", "excerpt", "mailbox"}
ALONE = {"run", "mail", "save", "send", "dns", "stop"}
SHOWN = {"text"}  # blocks of these languages are pictures, no promises
PROMPT = re.compile(r"(\w+)[$#] (.*)")


@dataclass
class Directive:
    word: str
    rest: str
    lines: list


@dataclass
class Block:
    language: str
    lines: list


@dataclass
class Step:
    """One thing to do. `where` is file:line."""
    where: str
    directive: Directive = None
    block: Block = None


@dataclass
class Command:
    party: str
    text: str
    expected: list = field(default_factory=list)

    @property
    def code(self):
        found = re.search(r"# exit (\d+)$", self.text)
        return int(found[1]) if found else 0

    @property
    def in_background(self):
        return re.sub(r"\s+#.*$", "", self.text).endswith(" &")


class BadDocument(Exception):
    pass


def steps_of(name, text):
    """The blocks and directives of a document, in order."""
    lines, at, waiting = text.splitlines(), 0, None
    while at < len(lines):
        where = f"{name}:{at + 1}"
        if lines[at].startswith("<!-- test:"):
            begin = at
            while "-->" not in lines[at]:
                at += 1
                if at == len(lines):
                    raise BadDocument(f"{where}: a comment without end")
            inner = "\n".join(lines[begin:at + 1])
            first, *rest = inner[len("<!-- test:"):inner.index("-->")].strip().splitlines()
            word, _, argument = first.strip().partition(" ")
            word = word.rstrip(":")
            directive = Directive(word, argument.strip(), rest)
            if waiting:
                raise BadDocument(f"{where}: the directive before this one has no block")
            if word in ALONE:
                yield Step(where, directive)
            elif word in WITH_BLOCK:
                waiting = directive
            else:
                raise BadDocument(f"{where}: no directive is called {word}")
        elif lines[at].startswith("```"):
            language, begin = lines[at][3:].strip(), at + 1
            at = begin
            while at < len(lines) and lines[at] != "```":
                at += 1
            if at == len(lines):
                raise BadDocument(f"{where}: a block without end")
            if language != "console" and language not in SHOWN and not waiting:
                raise BadDocument(f"{where}: say by a directive what to do with a block of {language or 'no language'}")
            yield Step(where, waiting, Block(language, lines[begin:at]))
            waiting = None
        elif lines[at].strip() and waiting:
            raise BadDocument(f"{where}: a directive's block must follow it at once")
        at += 1
    if waiting:
        raise BadDocument(f"{name}: the last directive has no block")


def commands_of(where, lines):
    """The commands of a session, and what they are to say."""
    commands, continued = [], False
    for line in lines:
        if continued:
            commands[-1].text = commands[-1].text[:-1] + line.lstrip()
        elif prompt := PROMPT.match(line):
            commands.append(Command(prompt[1], prompt[2]))
        elif not commands:
            raise BadDocument(f"{where}: a session begins with a command: `bob$ …`")
        else:
            commands[-1].expected.append(line)
            continue
        continued = commands[-1].text.endswith("\\")
    return commands


# What differs from run to run, and is compared by its shape only.
SHAPES = [
    (re.compile(r"\d{4}-\d\d-\d\d"), r"\\d{4}-\\d\\d-\\d\\d"),
    (re.compile(r"\d\d:\d\d(:\d\d)?"), r"\\d\\d:\\d\\d(:\\d\\d)?"),
    (re.compile(r"\d+\.\d+\.\d+\.\d+:\d+"), r"[\\d.]+:\\d+"),
    (re.compile(r"\d+(\.\d+)? (s|ms|MB/s|GB/s)\b"), r"[\\d.]+ \2"),
    (re.compile(r"\d+ [MG]iB\b"), r"\\d+ [MG]iB"),  # room on the machine's disk
]
CUT = re.compile(r"[\w+/=-]+…[\w+/=-]*|…[\w+/=-]+")  # 5d41…c592: a word too long to show


class Captures:
    """Words that documents show cut. The first time one is met it takes what stands there; from then on it stands for it."""

    def __init__(self):
        self.words = {}

    def filled_in(self, text):
        for cut in sorted(self.words, key=len, reverse=True):
            text = text.replace(cut, self.words[cut])
        return text

    def pattern(self, line):
        """A regular expression for a line, and the cut words that it captures."""
        out, names, at = "", [], 0
        whole = re.compile("|".join([f"(?P<cut>{CUT.pattern})", r"(?P<any>…)", r"(?P<space>\s+)"] +
                                    [f"(?P<shape{i}>{shape.pattern})" for i, (shape, _) in enumerate(SHAPES)]))
        for found in whole.finditer(line):
            out += re.escape(line[at:found.start()])
            at = found.end()
            if cut := found["cut"]:
                if cut in self.words:
                    out += re.escape(self.words[cut])
                elif cut in names:
                    out += f"(?P=c{names.index(cut)})"
                else:
                    out += f"(?P<c{len(names)}>[\\w+/=.-]+)"
                    names.append(cut)
            elif found["any"]:
                out += ".*"
            elif found["space"]:
                out += r"\s+"
            else:
                for shape, pattern in SHAPES:
                    if shape.fullmatch(found[0]):
                        out += shape.sub(pattern, found[0])
        return re.compile(out + re.escape(line[at:]) + r"\s*"), names

    def takes(self, line, actual):
        regex, names = self.pattern(line)
        found = regex.fullmatch(actual)
        if found:
            self.words.update({name: found[f"c{i}"] for i, name in enumerate(names)})
        return bool(found)

    def compare(self, expected, actual, anywhere=False):
        """None if what was said is what the document shows, else the first line that is not there. A line `…` stands for any
        number of lines; with `anywhere` each gap does. What does not compare teaches no cut words."""
        known = dict(self.words)
        missing = self.first_missing(expected, actual, anywhere)
        if missing:
            self.words = known
        return missing

    def first_missing(self, expected, actual, anywhere):
        expected = [line for line in expected if line.strip()]
        actual = [line for line in actual if line.strip()]
        at, gap = 0, anywhere
        for line in expected:
            if line.strip() == "…":
                gap = True
                continue
            while gap and at < len(actual) and not self.takes(line, actual[at]):
                at += 1
            if at == len(actual) or (not gap and not self.takes(line, actual[at])):
                return line
            at, gap = at + 1, anywhere
        if at < len(actual) and not gap:
            return f"(nothing more, but it says: {actual[at]})"
        return None
