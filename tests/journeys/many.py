"""More attachments than are told at once: `ls` and `export` have each of them once, whoever answers."""
import os
import subprocess
import unittest

from lab import PROGRAM, Lab

COUNT = 620  # a node tells 500 at once


class Many(Lab):
    def test_listed_and_exported(self):
        bob = self.party("bob")
        keys = bob.must("init", "--address", "bob@b.test").one()
        subprocess.run([os.environ["FULL_STORE"], os.path.join(bob.home, "storage"), "bob@b.test", keys["age_recipient"], str(COUNT)], check=True)
        brief = bob.must("ls", settings=self.joined).one()["blobs"]
        self.assertEqual(len({blob["content_id"] for blob in brief}), COUNT)
        bob.serve("node", self.joined)
        self.assertEqual(bob.must("ls").one()["blobs"], brief)
        # The same from a node that has opened all labels before.
        self.assertEqual(bob.stop(), 0)
        self.assertEqual(bob.must("ls", settings=self.joined).one()["blobs"], brief)
        lines = bob.must("ls", json_output=False, settings=self.joined).out.decode().splitlines()
        self.assertEqual([line[:64] for line in lines], [blob["content_id"] for blob in brief])
        self.assertTrue(all(line.endswith(blob["name"]) for line, blob in zip(lines, brief)))
        # Who reads the first lines only ends it quietly.
        head = subprocess.run(f"'{PROGRAM}' --home '{bob.home}' --set trust.resolver=none ls | head -n 2", shell=True, capture_output=True)
        self.assertEqual((head.returncode, len(head.stdout.splitlines()), head.stderr), (0, 2, b""))
        bob.serve("node", self.joined)
        *files, summary = bob.must("export", os.path.join(self.folder, "out")).objects()
        self.assertEqual((len(files), summary["written"]), (COUNT, COUNT))
        self.assertEqual([file["sha256"] for file in files], [blob["sha256"] for blob in brief])


if __name__ == "__main__":
    unittest.main()
