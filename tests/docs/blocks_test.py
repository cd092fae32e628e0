"""The reader of documents notices what is wrong with them."""
import unittest

from blocks import BadDocument, Captures, commands_of, steps_of


class Steps(unittest.TestCase):
    def test_directives_and_blocks(self):
        text = ("words\n<!-- test: skip: needs root -->\n```console\nroot# apt update\n```\n"
                "<!-- test: run\nbob$ ls\n-->\n\n```console\nbob$ satchel ls\n…\n```\n")
        skip, run, session = steps_of("x.md", text)
        self.assertEqual((skip.directive.word, skip.directive.rest, skip.block.lines), ("skip", "needs root", ["root# apt update"]))
        self.assertEqual((run.directive.word, run.directive.lines, run.block), ("run", ["bob$ ls"], None))
        self.assertEqual((session.directive, session.block.lines, session.where), (None, ["bob$ satchel ls", "…"], "x.md:10"))

    def test_what_is_refused(self):
        for why, text in (("a block nobody looks at", "```sh\nls\n```\n"), ("no such directive", "<!-- test: maybe -->\n"),
                          ("no end", "```console\nbob$ ls\n"), ("no end of a comment", "<!-- test: run\nbob$ ls\n"),
                          ("a directive without block", "<!-- test: skip -->\n\nwords\n"), ("the last one", "<!-- test: skip -->\n"),
                          ("two for one block", "<!-- test: skip -->\n<!-- test: run -->\n")):
            with self.subTest(why), self.assertRaises(BadDocument):
                list(steps_of("x.md", text))
        with self.assertRaises(BadDocument):
            commands_of("x.md", ["output without a command"])

    def test_commands(self):
        two = commands_of("x.md", ["bob$ satchel node &     # serves", "ready", "mail$ satchel lookup \\", "  carol@b.test   # exit 67", "none"])
        self.assertEqual([(c.party, c.in_background, c.code, c.expected) for c in two],
                         [("bob", True, 0, ["ready"]), ("mail", False, 67, ["none"])])
        self.assertEqual(two[1].text, "satchel lookup carol@b.test   # exit 67")


class Comparison(unittest.TestCase):
    def test_tables(self):
        for why, same, shown, said in (
                ("the same", True, ["a b"], ["a  b"]),
                ("another word", False, ["a b"], ["a c"]),
                ("more than shown", False, ["a"], ["a", "b"]),
                ("less than shown", False, ["a", "b"], ["a"]),
                ("more, and the document says so", True, ["a", "…"], ["a", "b", "c"]),
                ("a gap", True, ["a", "…", "c"], ["a", "b", "b", "c"]),
                ("a gap with nothing after it", False, ["a", "…", "d"], ["a", "b", "c"]),
                ("part of a line", True, ["  … clock: …"], ["  ok  clock: agrees"]),
                ("day and time", True, ["2026-11-29 03:19 UTC"], ["1999-01-02 23:59 UTC"]),
                ("no day", False, ["2026-11-29"], ["today"]),
                ("seconds", True, ["in 0.43 s"], ["in 12.1 s"]),
                ("room on a disk", True, ["64 GiB free"], ["8737 MiB free"]),
                ("no room on a disk", False, ["64 GiB free"], ["8737 KB free"]),
                ("bytes are promises", False, ["5.0 MB"], ["5.1 MB"]),
                ("a cut word", True, ["key 5DnX…"], ["key abc+/="]),
                ("a cut word is one word", False, ["key 5DnX…"], ["key a b"]),
                ("the same cut word", True, ["a 5D…x 5D…x"], ["a q q"]),
                ("the same cut word, another", False, ["a 5D…x 5D…x"], ["a q r"])):
            with self.subTest(why):
                self.assertEqual(Captures().compare(shown, said) is None, same)

    def test_a_cut_word_keeps_its_meaning(self):
        captures = Captures()
        self.assertIsNone(captures.compare(["Reference: satchel:1:37ba…e932:500"], ["Reference: satchel:1:abc:500"]))
        self.assertEqual(captures.filled_in("satchel get satchel:1:37ba…e932:500 -o …"), "satchel get satchel:1:abc:500 -o …")
        self.assertIsNotNone(captures.compare(["37ba…e932 5 MB"], ["abd 5 MB"]))
        self.assertIsNotNone(captures.compare(["51…d2", "there"], ["old", "more"]))
        self.assertIsNone(captures.compare(["51…d2", "there"], ["new", "there"]))
        self.assertIsNone(captures.compare(["37ba…e932 5 MB"], ["abc 5 MB"]))

    def test_an_excerpt_of_a_mail(self):
        self.assertIsNone(Captures().compare(["To: b", "Hello"], ["From: a", "To: b", "", "Hello", "Bye"], anywhere=True))
        self.assertIsNotNone(Captures().compare(["Hello", "To: b"], ["To: b", "Hello"], anywhere=True))


if __name__ == "__main__":
    unittest.main()
