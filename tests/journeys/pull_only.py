"""Nodes that publish no endpoint: they hold a line to their gateway, or read their inbox in the DHT, and come for what
is theirs."""
import json
import os
import random
import signal
import subprocess
import unittest

from lab import Lab, sha256
from whole_way import message


class PullOnly(Lab):
    def setUp(self):
        super().setUp()
        self.trusting = [f'domain."b.test".keys=["{self.domain_key}"]']
        self.film = random.randbytes(2_000_000)
        self.path = os.path.join(self.folder, "film.bin")
        open(self.path, "wb").write(self.film)

    def domain_gateway(self):
        self.admin.mail = os.path.join(self.folder, "mail")
        self.admin.serve("gateway", self.joined + ["gateway.smtp_listen=127.0.0.1:0",
                                                   f"gateway.next_hop=maildir:{self.admin.mail}/{{recipient}}"])
        return [f"node.incoming_gateway={self.admin.ready['control']}",
                f"node.incoming_gateway_key={self.admin.ready['node_key']}"]

    def hidden_user(self, own=()):
        self.settings = ["node.accept_from=anyone", "node.expose=pull-only", *own]
        return self.storage_user("bob", self.settings)

    def look(self, ping=True):
        return self.boot.run("lookup", "bob@b.test", *([] if ping else ["--no-ping"]), settings=self.trusting)

    def await_available(self):
        return self.until(lambda: (lambda found: found.one() if found.code == 0 else None)(self.look()), "bob")

    def push_and_get(self, bob):
        sent = self.boot.must("push", self.path, "bob@b.test", settings=self.trusting).one()
        self.assertEqual([entry["route"] for entry in sent["recipients"]], ["pull"])
        self.assertTrue(sent["recipients"][0]["receipt"])
        out = os.path.join(self.folder, "out.bin")
        self.assertEqual(bob.must("get", sent["content_id"], "-o", out).one()["sha256"], sha256(self.film))

    def test_a_line_to_the_gateway(self):
        bob = self.hidden_user(self.domain_gateway())
        found = self.await_available()
        self.assertEqual([node["endpoints"] for node in found["nodes"]], [[]])
        self.push_and_get(bob)
        # Killed: his presence is still fresh, but the gateway gets no answer over the line.
        bob.stop(signal.SIGKILL)
        self.assertEqual(self.look(ping=False).code, 0)
        gone = self.look()
        self.assertEqual(gone.code, 69)
        self.assertIn("line", gone.one()["nodes"][0]["reason"])
        bob.serve("node", self.joined + self.settings)
        self.await_available()
        # A clean end is told at once, by the gateway, which alone puts his records.
        self.assertEqual(bob.stop(), 0)
        self.until(lambda: "going offline" in self.look(ping=False).one()["nodes"][0]["reason"], "the tombstone")

    def test_neither_side_can_be_dialled(self):
        bob = self.hidden_user(self.domain_gateway())
        self.await_available()
        alice = self.party("alice")
        alice.must("init")
        alice.serve("node", self.joined + ["node.expose=pull-only"] + self.trusting)
        for content in (self.film, self.film[:1000]):
            open(self.path, "wb").write(content)
            sent = alice.must("push", self.path, "bob@b.test").one()
            self.assertEqual([entry["route"] for entry in sent["recipients"]], ["relay"])
            out = os.path.join(self.folder, f"out-{len(content)}")
            self.assertEqual(bob.must("get", sent["content_id"], "-o", out).one()["sha256"], sha256(content))
        # Both met at the gateway, and it kept nothing.
        self.assertEqual(self.admin.must("ls").one()["blobs"], [])
        self.assertEqual(self.admin.must("status").one()["escrow"]["tickets"], 0)

    def test_killed_in_the_middle_it_comes_again(self):
        self.film = random.randbytes(24_000_000)
        open(self.path, "wb").write(self.film)
        alice = self.storage_user("alice", ["node.upload_limit=8000000"])
        bob = self.hidden_user(self.domain_gateway())
        self.await_available()
        push = subprocess.Popen(alice.command(True, []) + ["push", self.path, "bob@b.test"], stdout=subprocess.PIPE)
        self.addCleanup(push.kill)
        partial = os.path.join(bob.home, "storage", "partial")

        def arrived():
            return max([os.path.getsize(os.path.join(partial, name)) for name in os.listdir(partial)], default=0)
        self.until(lambda: arrived() > len(self.film) / 3, "a third of it")
        bob.stop(signal.SIGKILL)
        bob.serve("node", self.joined + self.settings)
        out, _ = push.communicate(timeout=120)
        self.assertEqual(push.returncode, 0, out)
        sent = json.loads(out.splitlines()[-1])
        self.assertEqual(sent["recipients"][0]["route"], "pull")
        out = os.path.join(self.folder, "out.bin")
        self.assertEqual(bob.must("get", sent["content_id"], "-o", out).one()["sha256"], sha256(self.film))

    def test_an_inbox_in_the_dht(self):
        bob = self.hidden_user()
        self.await_available()
        self.push_and_get(bob)

    def test_mail_leaves_its_attachments_to_who_comes_for_them(self):
        bob = self.hidden_user(self.domain_gateway())
        self.await_available()
        own, strange = self.admin, self.gateway("strange", self.trusting)  # by the line that ends there, and by the other's
        for gateway in (own, strange):
            self.film = random.randbytes(300_000)
            self.send(gateway, message(["bob@b.test"], {"film.bin": self.film}), "alice@a.test", ["bob@b.test"])
            mail = self.await_mails(gateway, "bob@b.test")[0]
            self.assertIn(b"X-Satchel-Part: ", mail)
            self.assertIn("plan=pull", gateway.log_text())
            letter = os.path.join(self.folder, "letter.eml")
            open(letter, "wb").write(mail)
            out = os.path.join(self.folder, gateway.name)
            self.assertEqual(bob.must("get", letter, "-o", out).one()["sha256"], sha256(self.film))
        self.assertEqual(len(bob.must("ls").one()["blobs"]), 2)

    def test_what_waits_in_escrow_is_fetched(self):
        own = self.domain_gateway()
        bob = self.hidden_user(own)
        self.await_available()
        self.assertEqual(bob.stop(), 0)
        self.send(self.admin, message(["bob@b.test"], {"film.bin": self.film}), "alice@a.test", ["bob@b.test"])
        mail = self.await_mails(self.admin, "bob@b.test")[0]
        self.assertIn(b"X-Satchel-Part: ", mail)
        bob.serve("node", self.joined + self.settings)
        self.until(lambda: bob.must("ls").one()["blobs"], "the blob")
        self.until(lambda: self.admin.must("status").one()["escrow"]["tickets"] == 0, "the receipt")
        self.assertEqual(bob.must("ls").one()["blobs"][0]["name"], "film.bin")


if __name__ == "__main__":
    unittest.main()
