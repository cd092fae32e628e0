"""The whole way: messages by SMTP to two people with storage and one without; attachments come back by their hash."""
import email
import email.policy
import os
import random
import unittest
from email.message import EmailMessage

from lab import Lab, sha256


def message(recipients, files, subject="files", body="Hello,\n\nsee the files.\n"):
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "alice@a.test", ", ".join(recipients), subject
    mail["Message-ID"] = f"<{random.getrandbits(64):x}@a.test>"
    mail.set_content(body)
    for name, content in files.items():
        mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return mail.as_bytes(policy=email.policy.SMTP)


def references(mail):
    texts = (part.get_content() for part in email.message_from_bytes(mail, policy=email.policy.SMTP).walk()
             if part.get_content_type() == "text/plain")
    return [line.split()[1] for text in texts for line in text.splitlines() if line.startswith("Reference: ")]


class WholeWay(Lab):
    def test_three_sizes_to_three_people(self):
        bob, dave, gateway = self.storage_user("bob"), self.storage_user("dave"), self.gateway()
        people = ["bob@b.test", "dave@b.test", "carol@c.test"]
        for size in (70_000, 3_000_000, 25_000_000):
            content = random.randbytes(size)
            raw = message(people, {"film.bin": content})
            self.assertEqual(self.send(gateway, raw, "alice@a.test", people), {})
            (full,) = self.await_mails(gateway, "carol@c.test")
            self.assertTrue(full.endswith(raw), "carol's mail must be the original")
            for user, address in ((bob, "bob@b.test"), (dave, "dave@b.test")):
                (mail,) = self.await_mails(gateway, address)
                self.assertLess(len(mail), 20_000)
                (reference,) = references(mail)
                target = os.path.join(self.folder, f"{user.name}-{size}")
                got = user.must("get", reference, "-o", target).one()
                self.assertEqual(set(got), {"content_id", "bytes", "sha256", "source", "file", "seconds"})
                self.assertEqual((got["bytes"], got["sha256"]), (size, sha256(content)))
                self.assertEqual(sha256(open(target, "rb").read()), sha256(content))
                listed = user.must("ls").one()["blobs"]
                entry = next(b for b in listed if b["content_id"] == got["content_id"])
                self.assertEqual((entry["name"], entry["bytes"], entry["from"]), ("film.bin", size, "alice@a.test"))
            for address in people:
                for mail in os.listdir(os.path.join(gateway.mail, address, "new")):
                    os.unlink(os.path.join(gateway.mail, address, "new", mail))
        self.assertEqual(len(bob.must("ls").one()["blobs"]), 3)
        for party in (gateway, bob, dave, self.boot):
            self.assertEqual(party.stop(within=5.0), 0, f"{party.name}: clean stop within 5 s")

    def test_get_takes_a_message_and_never_overwrites(self):
        bob, gateway = self.storage_user("bob"), self.gateway()
        files = {"one.bin": random.randbytes(100_000), "two.bin": random.randbytes(200_000)}
        self.send(gateway, message(["bob@b.test"], files), "alice@a.test", ["bob@b.test"])
        (mail,) = self.await_mails(gateway, "bob@b.test")
        saved = os.path.join(self.folder, "saved.eml")
        open(saved, "wb").write(mail)
        inbox = os.path.join(self.folder, "inbox")
        os.mkdir(inbox)
        for _ in range(2):
            self.assertEqual(len(bob.must("get", saved, cwd=inbox).objects()), 2)
        self.assertEqual(len(os.listdir(inbox)), 4)
        for name, content in files.items():
            self.assertEqual(open(os.path.join(inbox, name), "rb").read(), content)
        out = bob.must("get", references(mail)[0], "-o", "-")
        self.assertIn(out.out, files.values())

    def test_storage_that_went_away_means_full_mail_where_nothing_is_kept(self):
        bob, gateway = self.storage_user("bob"), self.gateway(settings=["gateway.unavailable=full"])
        self.assertEqual(bob.stop(), 0)
        raw = message(["bob@b.test"], {"film.bin": random.randbytes(300_000)})
        self.send(gateway, raw, "alice@a.test", ["bob@b.test"])
        (mail,) = self.await_mails(gateway, "bob@b.test")
        self.assertTrue(mail.endswith(raw))
        self.assertEqual(gateway.run("lookup", "bob@b.test").code, 69)

    def test_bcc_has_its_own_blob(self):
        self.storage_user("bob"), self.storage_user("dave")
        gateway = self.gateway()
        self.send(gateway, message(["bob@b.test"], {"film.bin": random.randbytes(300_000)}), "alice@a.test",
                  ["bob@b.test", "dave@b.test"])
        (to,), (bcc,) = self.await_mails(gateway, "bob@b.test"), self.await_mails(gateway, "dave@b.test")
        self.assertNotEqual(references(to), references(bcc))

    def test_push_and_rm(self):
        bob = self.storage_user("bob")
        alice = self.party("alice")
        alice.must("init", "--address", "alice@a.test")
        path = os.path.join(self.folder, "note.bin")
        content = random.randbytes(2_000_000)
        open(path, "wb").write(content)
        alice.must("group", "add", "team", "bob@b.test")
        pushed = alice.must("push", path, "team", settings=self.joined).one()
        self.assertEqual(set(pushed), {"content_id", "bytes", "seconds", "recipients"})
        self.assertEqual([r["address"] for r in pushed["recipients"]], ["bob@b.test"])
        self.assertTrue(pushed["recipients"][0]["receipt"])
        got = bob.must("get", pushed["content_id"], "-o", "copy.bin").one()
        self.assertEqual(got["sha256"], sha256(content))
        bob.must("rm", pushed["content_id"])
        self.assertEqual(bob.must("ls").one()["blobs"], [])
        self.assertEqual(bob.run("get", pushed["content_id"], "-o", "again.bin").code, 66)
        failed = alice.run("push", path, "nobody@b.test", settings=self.joined)
        self.assertEqual(failed.code, 69, failed.out)


if __name__ == "__main__":
    unittest.main()
