"""Copies on several nodes of one's own: as many as the record asks for, wherever the first one came to lie."""
import os
import random
import signal
import sys
import unittest

from lab import Lab, sha256
from whole_way import message, references


class Copies(Lab):
    """bob has a PC with his keys and a NAS without; he wants everything on both."""

    def setUp(self):
        super().setUp()
        self.bob = self.storage_user("bob", ["node.accept_from=anyone", "node.min_copies=2"])
        self.nas = self.party("nas")
        self.nas.keys = self.nas.must("init").one()
        self.bob.must("publish", "--node", self.bob.keys["node_key"] + ":1",
                      "--node", self.nas.keys["node_key"] + ":2")
        self.film = random.randbytes(3_000_000)
        self.raw = message(["bob@b.test"], {"film.bin": self.film})

    def start_bob(self):
        self.bob.serve("node", self.joined + ["node.accept_from=anyone", "node.min_copies=2"])

    def start_nas(self):
        self.nas.serve("node", self.joined + ["node.accept_from=anyone", 'node.serves=["bob@b.test"]'])

    def held(self, party):
        return [blob["content_id"] for blob in party.must("ls").one()["blobs"]]

    def escrow(self, gateway):
        return gateway.must("status").one()["escrow"]["tickets"]

    def receipts(self, gateway):
        return {r["node_key"] for r in gateway.must("receipts").one()["receipts"]}

    def push(self):
        alice = self.party("alice")
        if not os.path.exists(alice.home):
            alice.must("init", "--address", "alice@a.test")
        path = os.path.join(self.folder, "film.bin")
        open(path, "wb").write(self.film)
        return alice.must("push", path, "bob@b.test", settings=self.joined).one()["content_id"]

    def test_the_gateway_keeps_the_original_until_the_second_receipt(self):
        gateway = self.gateway()
        self.send(gateway, self.raw, "alice@a.test", ["bob@b.test"])
        (mail,) = self.await_mails(gateway, "bob@b.test")
        self.assertEqual(len(references(mail)), 1)
        self.until(lambda: not gateway.must("queue").one()["messages"], "one receipt is enough for the mail")
        self.assertEqual(self.receipts(gateway), {self.bob.keys["node_key"]})
        self.assertEqual(self.escrow(gateway), 1)
        # Also where it is killed, and the first copy is out of reach.
        self.assertEqual(self.bob.stop(), 0)
        gateway.stop(how=signal.SIGKILL)
        gateway.serve("gateway", self.joined + ["gateway.smtp_listen=127.0.0.1:0",
                                                f"gateway.next_hop=maildir:{gateway.mail}/{{recipient}}"])
        self.assertEqual(self.escrow(gateway), 1)
        self.start_nas()
        self.until(lambda: self.held(self.nas), "the copy", 90)
        self.until(lambda: self.escrow(gateway) == 0, "the original goes", 30)
        self.assertEqual(self.receipts(gateway), {self.bob.keys["node_key"], self.nas.keys["node_key"]})
        for receipt in gateway.must("receipts", "verify").objects():
            self.assertEqual((receipt["node_known"], receipt["reason"]), (True, ""))
        self.assertEqual(len(self.mails(gateway, "bob@b.test")), 1)

    def test_a_get_takes_from_two_at_once(self):
        self.assertEqual(self.bob.stop(), 0)
        limit = "node.upload_limit=4000000"
        shelf = self.party("shelf")
        key = shelf.must("init").one()["node_key"]
        self.bob.serve("node", self.joined + ["node.accept_from=anyone", "node.min_copies=2"])
        self.bob.must("publish", *[word for node in (self.bob.keys["node_key"] + ":1", self.nas.keys["node_key"] + ":2", key + ":3")
                                   for word in ("--node", node)])
        self.assertEqual(self.bob.stop(), 0)
        self.film = random.randbytes(16_000_000)
        for party in (self.nas, shelf):
            party.serve("node", self.joined + ["node.accept_from=anyone", 'node.serves=["bob@b.test"]', limit])
        content_id = self.push()
        self.until(lambda: self.held(self.nas) and self.held(shelf), "two copies", 120)

        def read_by(party):
            with open(f"/proc/{party.process.pid}/io") as counts:
                return int(counts.readline().split()[1])
        before = [read_by(party) for party in (self.nas, shelf)]
        uploaded = sum(party.must("status").one()["uploaded_bytes"] for party in (self.nas, shelf))
        self.start_bob()
        got = self.bob.must("get", content_id, "-o", os.path.join(self.folder, "got.bin")).one()
        self.assertEqual((got["sha256"], got["source"]), (sha256(self.film), "own other node"))
        counted = sum(party.must("status").one()["uploaded_bytes"] for party in (self.nas, shelf)) - uploaded
        self.assertGreaterEqual(counted, len(self.film))
        sent = [read_by(party) - was for party, was in zip((self.nas, shelf), before)]
        self.assertGreater(min(sent), len(self.film) / 4)
        self.assertLess(sum(sent), len(self.film) * 1.3)
        if "SATCHEL_FIGURES" in os.environ:
            print(f"get of 16 MB from two that send 4 MB/s each: {got['seconds']:.2f} s", file=sys.stderr)

    def test_both_were_away(self):
        self.assertEqual(self.bob.stop(), 0)
        gateway = self.gateway()
        self.send(gateway, self.raw, "alice@a.test", ["bob@b.test"])
        self.await_mails(gateway, "bob@b.test")
        self.until(lambda: self.escrow(gateway) == 1, "escrow")
        self.start_nas()
        self.until(lambda: not gateway.must("queue").one()["messages"], "the first receipt", 90)
        self.assertEqual(self.escrow(gateway), 1)
        self.assertEqual(self.receipts(gateway), {self.nas.keys["node_key"]})
        self.start_bob()
        self.until(lambda: self.escrow(gateway) == 0, "the second receipt", 90)
        self.assertEqual(self.held(self.bob), self.held(self.nas))

    def test_own_nodes_copy_from_each_other(self):
        pushed = self.push()  # and alice's node has ended with the verb
        self.assertEqual(self.held(self.bob), [pushed])
        self.start_nas()
        self.until(lambda: self.held(self.nas) == [pushed], "the copy", 60)
        # The other way about: what only the NAS has goes to the PC.
        self.bob.stop()
        self.film = random.randbytes(400_000)
        second = self.push()
        self.start_bob()
        self.until(lambda: sorted(self.held(self.bob)) == sorted([pushed, second]), "the copy", 60)
        # It opens here, with the label that the sender sealed.
        out = os.path.join(self.folder, "out.bin")
        self.assertEqual(self.bob.must("get", second, "-o", out).one()["source"], "own node")
        self.assertEqual(sha256(open(out, "rb").read()), sha256(self.film))
        self.assertEqual(self.bob.must("receipts").one()["receipts"], [])

    def test_what_is_gone_here_comes_from_the_other(self):
        pushed = self.push()
        self.start_nas()
        self.until(lambda: self.held(self.nas) == [pushed], "the copy", 60)
        self.bob.must("rm", pushed)
        out, digest = os.path.join(self.folder, "out.bin"), sha256(self.film)
        before = self.sent_by(self.nas)
        got = self.bob.must("get", pushed, "-o", out).one()
        self.assertEqual((got["source"], got["sha256"]), ("own other node", digest))
        self.until(lambda: self.sent_by(self.nas) >= before + len(self.film), "the count of what was sent")
        # It is here now: the second time nothing moves.
        before = self.sent_by(self.nas)
        got = self.bob.must("get", pushed, "-o", out).one()
        self.assertEqual((got["source"], got["sha256"], self.sent_by(self.nas)), ("own node", digest, before))

    def sent_by(self, party):
        return party.must("status").one()["uploaded_bytes"]

    def test_what_the_disk_has_damaged_comes_from_the_other(self):
        pushed = self.push()
        self.start_nas()
        self.until(lambda: self.held(self.nas) == [pushed], "the copy", 60)
        path = os.path.join(self.bob.home, "storage", "blobs", pushed[:2], pushed)
        out, digest, listed = os.path.join(self.folder, "out.bin"), sha256(self.film), self.bob.must("ls").one()
        size = os.path.getsize(path)

        def flip(at):
            with open(path, "r+b") as file:
                file.seek(at)
                byte = file.read(1)[0]
                file.seek(at)
                file.write(bytes([byte ^ 1]))
        for damage in (lambda: flip(5), lambda: flip(size // 2), lambda: flip(size - 1), lambda: os.truncate(path, size - 1),
                       lambda: os.truncate(path, 0), lambda: os.remove(path)):
            damage()
            got = self.bob.must("get", pushed, "-o", out).one()
            self.assertEqual((got["source"], got["sha256"]), ("own other node", digest))
            self.assertEqual(sha256(open(out, "rb").read()), digest)
            self.assertEqual(self.bob.must("get", pushed, "-o", out).one()["source"], "own node")
            self.assertEqual(self.bob.must("ls").one(), listed, "also its date is as it was")
        # Nobody else can give it: that is said, and what there is stays.
        self.assertEqual(self.nas.stop(), 0)
        os.remove(out)
        flip(5)
        answer = self.bob.run("get", pushed, "-o", out)
        self.assertEqual(answer.code, 65)
        self.assertIn("the disk has damaged the copy on this node", answer.error()["message"])
        self.assertFalse(os.path.exists(out))
        self.assertEqual((self.bob.must("ls").one(), os.path.getsize(path)), (listed, size))


if __name__ == "__main__":
    unittest.main()
