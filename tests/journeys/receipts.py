"""Receipts: kept by whoever delivered, listed, and checked by somebody else with the file alone."""
import os
import random
import re
import unittest

from lab import Lab
from whole_way import message, references


class Receipts(Lab):
    def pushed(self, content=b"", who="alice"):
        alice = self.party(who)
        alice.must("init", "--address", f"{who}@a.test")
        path = os.path.join(self.folder, "note.bin")
        open(path, "wb").write(content or random.randbytes(400_000))
        pushed = alice.must("push", path, "bob@b.test", "dave@b.test", settings=self.joined).one()
        return alice, pushed

    def test_the_sender_keeps_them_and_anybody_can_check_them(self):
        bob, dave = self.storage_user("bob"), self.storage_user("dave")
        alice, pushed = self.pushed()
        for party in (bob, dave, self.boot):
            self.assertEqual(party.stop(), 0)  # from here on there is no network
        listed = alice.must("receipts").one()["receipts"]
        self.assertEqual(set(listed[0]), {"time", "address", "node_key", "content_id", "blob_bytes", "sender", "name",
                                          "message_id", "route"})
        self.assertEqual({(r["address"], r["node_key"]) for r in listed},
                         {("bob@b.test", bob.keys["node_key"]), ("dave@b.test", dave.keys["node_key"])})
        self.assertEqual({(r["content_id"], r["name"], r["route"]) for r in listed},
                         {(pushed["content_id"], "note.bin", "direct")})
        self.assertEqual(alice.must("receipts", pushed["content_id"]).one()["receipts"], listed)
        self.assertEqual(alice.run("receipts", "0" * 64).code, 66)
        self.assertEqual(alice.run("receipts", "nonsense").code, 64)
        checked = alice.must("receipts", "verify").objects()
        self.assertEqual([(c["signature_holds"], c["node_known"], c["domain_key"], c["reason"]) for c in checked],
                         [(True, True, self.domain_key, "")] * 2)
        self.assertEqual({c["user_key"] for c in checked}, {bob.keys["user_key"], dave.keys["user_key"]})
        file = os.path.join(self.folder, "note.receipt")
        self.assertEqual(alice.must("receipts", "export", pushed["content_id"], "-o", file).one()["receipts"], 2)
        # Somebody without home, keys or network, with this file alone.
        judge = self.party("judge")
        self.assertEqual(judge.must("receipts", "verify", file).objects(), checked)
        self.assertFalse(os.path.exists(judge.home))
        said = judge.must("receipts", "verify", file, json_output=False).out.decode()
        self.assertIn(f"signed by node key {bob.keys['node_key']}", said)
        self.assertIn(f"domain key {self.domain_key}", said)
        self.assertEqual(judge.must("receipts").one(), {"receipts": []})

    def test_what_is_bent_or_made_up_does_not_pass(self):
        self.storage_user("bob"), self.storage_user("dave")
        alice, _ = self.pushed()
        text = alice.must("receipts", "export").out.decode()
        lines = [line for line in text.splitlines() if not line.startswith("#")]
        file = os.path.join(self.folder, "bent.receipt")
        seen = set()
        for at in range(20, len(lines[0]), 97):
            other = "A" if lines[0][at] != "A" else "B"
            open(file, "w").write(lines[0][:at] + other + lines[0][at + 1:] + "\n" + lines[1] + "\n")
            seen.add(alice.run("receipts", "verify", file).code)
        self.assertLessEqual(seen, {65, 77})
        self.assertIn(65, seen)
        for wrong, code in ((b"", 66), (b"hello", 65), (b"\0" * 1000, 65), (lines[0][:-9].encode(), 65)):
            open(file, "wb").write(wrong)
            self.assertEqual(alice.run("receipts", "verify", file).code, code, wrong[:20])
        self.assertEqual(alice.run("receipts", "verify", file + ".missing").code, 66)

    def test_the_gateway_keeps_them_by_message_through_a_restart(self):
        self.storage_user("bob")
        gateway = self.gateway()
        raw = message(["bob@b.test"], {"one.bin": random.randbytes(100_000), "two.bin": random.randbytes(200_000)})
        message_id = re.search(rb"Message-ID: <(.*?)>", raw).group(1).decode()
        self.send(gateway, raw, "alice@a.test", ["bob@b.test"])
        (mail,) = self.await_mails(gateway, "bob@b.test")
        self.assertEqual(gateway.stop(), 0)
        listed = gateway.must("receipts", message_id).one()["receipts"]
        self.assertEqual(sorted(r["name"] for r in listed), ["one.bin", "two.bin"])
        self.assertEqual({r["message_id"] for r in listed}, {f"<{message_id}>"})
        for reference in references(mail):
            self.assertEqual(len(gateway.must("receipts", reference).one()["receipts"]), 1)
            gateway.must("receipts", "verify", reference)
        self.assertEqual(gateway.run("receipts", "nobody@a.test").code, 66)


if __name__ == "__main__":
    unittest.main()
