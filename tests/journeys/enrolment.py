"""A new user and their domain's gateway: code by mail, binding, renewal, another key, revocation; records that outlive
their home; nodes that store for somebody else."""
import email
import os
import re
import unittest

from lab import Lab, sha256


class Enrolment(Lab):
    def setUp(self):
        super().setUp()
        self.gw = self.gateway_of_the_domain()
        self.own = [f"node.incoming_gateway={self.gw.ready['control']}",
                    f"node.incoming_gateway_key={self.gw.ready['node_key']}"]

    def gateway_of_the_domain(self):
        """The gateway has the domain's key: it is the admin's home."""
        self.admin.mail = os.path.join(self.folder, "mail")
        self.admin.serve("gateway", self.joined + ["gateway.smtp_listen=127.0.0.1:0",
                                                   f"gateway.next_hop=maildir:{self.admin.mail}/{{recipient}}"])
        return self.admin

    def newcomer(self, name="bob", settings=()):
        user = self.party(name)
        user.keys = user.must("init", "--address", f"{name}@b.test").one()
        user.serve("node", self.joined + ["node.accept_from=anyone"] + self.own + list(settings))
        return user

    def code_for(self, address, count=1):
        mail = email.message_from_bytes(self.await_mails(self.gw, address, count)[count - 1])
        self.assertEqual(mail["To"], f"<{address}>")
        self.assertEqual(mail["Auto-Submitted"], "auto-generated")
        return re.search(r"--code (\S+)", mail.get_payload()).group(1)

    def enrolled(self, name="bob", settings=()):
        user = self.newcomer(name, settings)
        self.assertIsNone(user.must("enroll", f"{name}@b.test").one()["binding"])
        answer = user.must("enroll", f"{name}@b.test", "--code", self.code_for(f"{name}@b.test")).one()
        self.assertTrue(answer["binding"].startswith("satchel-binding:1:"))
        return user

    def lookup(self, address, party=None, code=0):
        answer = (party or self.boot).run("lookup", address, settings=[f'domain."b.test".keys=["{self.domain_key}"]'])
        self.assertEqual(answer.code, code, (answer.out, answer.err))
        return answer.one()

    def test_a_code_by_mail(self):
        bob = self.enrolled()
        self.assertEqual(self.lookup("bob@b.test")["trust"], "domain")
        # Renewal needs no mail; and the record still stands after a restart.
        self.assertTrue(bob.must("enroll", "bob@b.test").one()["binding"])
        bob.stop()
        bob.serve("node", self.joined + ["node.accept_from=anyone"] + self.own)
        self.until(lambda: self.boot.run("lookup", "bob@b.test", settings=[
            f'domain."b.test".keys=["{self.domain_key}"]']).code == 0, "bob is back")
        self.assertEqual(len(self.mails(self.gw, "bob@b.test")), 1)

    def test_what_is_refused(self):
        bob = self.newcomer()
        bob.must("enroll", "bob@b.test")
        self.code_for("bob@b.test")
        wrong = bob.run("enroll", "bob@b.test", "--code", "00000-00000")
        self.assertEqual(wrong.code, 77)
        self.assertIn("wrong code", wrong.error()["message"])
        bob.must("enroll", "bob@b.test")
        bob.must("enroll", "bob@b.test")
        self.assertEqual(bob.run("enroll", "bob@b.test").code, 69)
        self.assertEqual(bob.run("enroll", "carol@b.test").code, 64)
        root = self.newcomer("postmaster")
        self.assertEqual(root.run("enroll", "postmaster@b.test").code, 77)
        alone = self.party("alone")
        alone.must("init", "--address", "alone@c.test")
        self.assertEqual(alone.run("enroll", "alone@c.test", settings=self.joined).code, 78)

    def test_another_key(self):
        bob = self.enrolled()
        thief = self.party("thief")
        thief.must("init", "--address", "bob@b.test")
        thief.serve("node", self.joined + self.own)
        taken = thief.run("enroll", "bob@b.test")
        self.assertEqual(taken.code, 77)
        self.assertIn("another user key", taken.error()["message"])
        old = bob.keys["user_key"]
        bob.stop()
        new = bob.must("init", "--force", "--address", "bob@b.test").one()["user_key"]
        self.assertNotEqual(old, new)
        bob.serve("node", self.joined + ["node.accept_from=anyone"] + self.own)
        self.assertTrue(bob.must("enroll", "bob@b.test").one()["binding"])
        self.assertEqual(self.lookup("bob@b.test")["trust"], "domain")

    def test_revoked(self):
        bob = self.enrolled()
        self.lookup("bob@b.test")
        self.gw.must("domain", "revoke", "bob@b.test")
        found = self.lookup("bob@b.test", code=67)
        self.assertIn("revoked", found["reason"])
        # His own node still says otherwise; its word no longer counts.
        refused = bob.run("publish", "--address", "bob@b.test")
        self.assertEqual(refused.code, 77)
        self.assertIn("revoked this binding", refused.error()["message"])
        self.lookup("bob@b.test", code=67)
        bob.must("enroll", "bob@b.test")
        bob.must("enroll", "bob@b.test", "--code", self.code_for("bob@b.test", 2))
        self.assertEqual(self.lookup("bob@b.test")["trust"], "domain")

    def test_the_record_outlives_its_home_and_the_network(self):
        bob = self.enrolled()
        self.until(lambda: "records_kept" in self.gw.log_text(), "the gateway keeps the record")
        bob.stop()
        # All who stored the record go: what the gateway has is put again.
        self.boot.stop()
        self.gw.stop()
        self.dht = self.boot.serve("node", self.listening + [f"node.dht_listen={self.dht}"])["dht"]
        self.gw = self.gateway_of_the_domain()
        self.until(lambda: self.boot.run("lookup", "bob@b.test", settings=[
            f'domain."b.test".keys=["{self.domain_key}"]']).code == 69, "away, not unknown")

    def test_a_node_that_needs_no_key(self):
        bob = self.enrolled()
        nas = self.party("nas")
        nas.keys = nas.must("init").one()
        bob.must("publish", "--node", nas.keys["node_key"] + ":1")
        nas.serve("node", self.joined + ["node.accept_from=anyone", 'node.serves=["bob@b.test"]'])
        found = self.until(lambda: (lambda a: a.one() if a.code == 0 else None)(
            self.boot.run("lookup", "bob@b.test", settings=[f'domain."b.test".keys=["{self.domain_key}"]'])), "the nas")
        self.assertEqual([node["node_key"] for node in found["nodes"]], [nas.keys["node_key"]])
        content = os.urandom(300_000)
        path = os.path.join(self.folder, "film.bin")
        open(path, "wb").write(content)
        sent = self.boot.must("push", path, "bob@b.test", settings=[f'domain."b.test".keys=["{self.domain_key}"]']).one()
        held = nas.must("ls").one()["blobs"]
        self.assertEqual([blob["content_id"] for blob in held], [sent["content_id"]])
        self.assertEqual(held[0]["name"], "")  # it can't read the label
        out = os.path.join(self.folder, "out.bin")
        got = bob.must("get", sent["content_id"], "-o", out).one()
        self.assertEqual(got["sha256"], sha256(content))
        self.assertEqual(open(out, "rb").read(), content)


if __name__ == "__main__":
    unittest.main()
