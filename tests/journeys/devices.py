"""A user with two devices that both have the keys: what the one publishes, the other keeps."""
import os
import unittest

from lab import Lab, sha256


class Devices(Lab):
    def setUp(self):
        super().setUp()
        self.pc = self.storage_user("bob")
        passphrase, exported = os.path.join(self.folder, "passphrase"), os.path.join(self.folder, "bob.keys.age")
        open(passphrase, "w").write("correct horse battery staple\n")
        self.pc.must("key", "export", exported, "--passphrase-file", passphrase)
        self.laptop = self.party("laptop")
        self.laptop.must("key", "import", exported, "--passphrase-file", passphrase)
        self.serve(self.laptop)
        self.keys = [party.ready["node_key"] for party in (self.pc, self.laptop)]

    def serve(self, party):
        party.serve("node", self.joined + ["node.accept_from=anyone"])

    def found(self):
        """Which of bob's nodes a third party finds, and whether they are available."""
        answer = self.boot.run("lookup", "bob@b.test", settings=[f'domain."b.test".keys=["{self.domain_key}"]'])
        return {node["node_key"]: node["available"] for node in answer.one()["nodes"]}

    def await_found(self, wanted, what):
        self.until(lambda: self.found() == wanted, what)

    def publish(self, party, *words):
        party.must("publish", "--address", "bob@b.test", "--binding", self.pc.binding, *words)

    def test_both_are_named_and_neither_takes_it_back(self):
        pc, laptop = self.keys
        both = {pc: True, laptop: True}
        self.publish(self.laptop, "--node", laptop, "--node", pc + ":20")
        self.await_found(both, "the laptop has published both")
        path, out = os.path.join(self.folder, "film.bin"), os.path.join(self.folder, "out.bin")
        content = os.urandom(300_000)
        open(path, "wb").write(content)
        sent = self.boot.must("push", path, "bob@b.test", settings=[f'domain."b.test".keys=["{self.domain_key}"]']).one()
        self.assertEqual(len(self.laptop.must("ls").one()["blobs"]), 1)
        # Each comes back, and says what was said last.
        for party in (self.pc, self.laptop):
            self.assertEqual(party.stop(), 0)
            self.serve(party)
            self.await_found(both, "both are back")
        self.assertEqual(self.pc.must("get", sent["content_id"], "-o", out).one()["sha256"], sha256(content))

    def test_a_device_that_published_nothing_fetches(self):
        path, out = os.path.join(self.folder, "film.bin"), os.path.join(self.folder, "out.bin")
        content = os.urandom(300_000)
        open(path, "wb").write(content)
        sent = self.boot.must("push", path, "bob@b.test", settings=[f'domain."b.test".keys=["{self.domain_key}"]']).one()
        got = self.laptop.must("get", sent["content_id"], "-o", out).one()
        self.assertEqual((got["source"], got["sha256"]), ("own other node", sha256(content)))
        # Others' keys get nothing there.
        self.assertEqual(self.boot.run("get", sent["content_id"], "-o", out).code, 66)

    def test_a_device_that_was_off_follows(self):
        pc, laptop = self.keys
        self.assertEqual(self.found(), {pc: True})
        self.assertEqual(self.pc.stop(), 0)
        self.publish(self.laptop)
        self.assertEqual(self.found(), {laptop: True})
        self.serve(self.pc)
        self.until(lambda: "published_elsewhere" in self.pc.log_text(), "the PC has seen it")
        self.assertEqual(self.found(), {laptop: True})
        # Until somebody says otherwise there.
        self.publish(self.pc, "--node", pc, "--node", laptop)
        self.await_found({pc: True, laptop: True}, "the PC has published both")


if __name__ == "__main__":
    unittest.main()
