"""Restoring: what the gateway detached comes back byte for byte, signatures hold again, and a hostile mail gets nothing."""
import base64
import email
import email.policy
import json
import os
import random
import re
import subprocess
import unittest
from email.message import EmailMessage

from lab import Lab, sha256

# Debian's python3-dkim, whatever Python runs this; apart, as it wants the standard library's `queue`.
DKIM = ["/usr/bin/python3", "-I", "-c", """
import dkim, sys
mail, key = sys.stdin.buffer.read(), open(sys.argv[2], 'rb').read()
if sys.argv[1] == 'sign':
    sys.stdout.buffer.write(dkim.sign(mail, b's', b'a.test', key, canonicalize=(b'simple', b'simple')))
else:
    print(dkim.verify(mail, dnsfunc=lambda name, timeout=5: key))
"""]


def message(recipient, files, body="Hello,\n\nsee the files.\n"):
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "alice@a.test", recipient, "files"
    mail["Message-ID"] = f"<{random.getrandbits(64):x}@a.test>"
    mail.set_content(body)
    for name, content in files.items():
        if isinstance(content, str):
            mail.add_attachment(content, filename=name, cte="quoted-printable")
        else:
            mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return mail.as_bytes(policy=email.policy.SMTP)


def fields(mail):
    return re.findall(rb"^X-Satchel-Part:(?:.*\r\n[ \t])*.*\r\n", mail, re.M)


def references(mail):
    return re.findall(rb"^Reference: (satchel:1:[0-9a-f]{64}:\d+)", mail, re.M)


def output(command, given=b""):
    return subprocess.run(command, input=given, capture_output=True, check=True).stdout


def told(answer):
    return json.loads(answer.err.decode().splitlines()[-1])


class Restore(Lab):
    def setUp(self):
        super().setUp()
        self.seen = []
        self.bob, self.gw = self.storage_user("bob"), self.gateway()

    def detached(self, raw, recipient="bob@b.test"):
        before = len(self.mails(self.gw, recipient))
        self.send(self.gw, raw, "alice@a.test", [recipient])
        mails = self.await_mails(self.gw, recipient, before + 1)
        (mail,) = [mail for mail in mails if mail not in self.seen]
        self.seen.append(mail)
        return mail

    def files(self):
        return {"film.bin": random.randbytes(300_001), "Grüße.bin": random.randbytes(70_000),
                "notes.txt": "äöü line\n" * 20_000}

    def test_the_original_comes_back(self):
        raw = message("bob@b.test", self.files())
        mail = self.detached(raw)
        self.assertEqual(len(fields(mail)), 3)
        self.assertLess(len(mail), 20_000)
        self.assertNotIn(raw[-2000:], mail)
        for arrived in (mail, mail.replace(b"\r\n", b"\n"), b"X-Spam: no\r\n" + mail):
            answer = self.bob.must("restore", input=arrived)
            self.assertTrue(answer.out.endswith(raw), "the original, below what was prepended")
            said = told(answer)
            self.assertEqual(said["state"], "exact")
            self.assertEqual(sorted(part["name"] for part in said["parts"]),
                             ["Grüße.bin", "film.bin", "notes.txt"])
            for part in said["parts"]:
                self.assertEqual(set(part), {"content_id", "name", "bytes", "ok", "reason"})
                self.assertEqual((part["ok"], part["reason"]), (True, ""))
        footer = self.bob.must("restore", input=mail + b"-- \r\nlist footer\r\n")
        self.assertEqual(told(footer)["state"], "parts-exact")
        self.assertTrue(footer.out.endswith(raw + b"-- \r\nlist footer\r\n"))
        prose = self.bob.must("restore", input=mail, json_output=False)
        self.assertIn(b"exact: 3 attachments put back", prose.err)
        self.assertTrue(prose.out.endswith(raw))

    def test_a_signature_made_before_holds_after(self):
        raw = message("bob@b.test", self.files())
        key, record = os.path.join(self.folder, "key"), os.path.join(self.folder, "record")
        output(["openssl", "genrsa", "-traditional", "-out", key, "1024"])
        public = output(["openssl", "rsa", "-in", key, "-pubout", "-outform", "DER"])
        with open(record, "wb") as out:
            out.write(b"v=DKIM1; k=rsa; p=" + base64.b64encode(public))
        signature = output(DKIM + ["sign", key], raw)

        def verifies(mail):
            # The field travels apart: outbound, a signed message is left alone.
            return output(DKIM + ["verify", record], signature + mail) == b"True\n"

        mail = self.detached(raw)
        self.assertTrue(verifies(raw))
        self.assertFalse(verifies(mail))
        self.assertTrue(verifies(self.bob.must("restore", input=mail).out))
        self.assertTrue(verifies(self.bob.must("restore", input=mail.replace(b"\r\n", b"\n")).out))

    def test_what_is_gone_keeps_its_placeholder(self):
        files = self.files()
        mail = self.detached(message("bob@b.test", files))
        gone = references(mail)[0].decode()
        self.bob.must("rm", gone)
        answer = self.bob.run("restore", input=mail)
        self.assertEqual(answer.code, 66)
        said = told(answer)
        self.assertEqual((said["state"], [part["ok"] for part in said["parts"]]), ("partial", [False, True, True]))
        self.assertTrue(said["parts"][0]["reason"])
        self.assertEqual(references(answer.out), [gone.encode()])
        back = email.message_from_bytes(answer.out, policy=email.policy.SMTP)
        self.assertIn(files["Grüße.bin"], [part.get_payload(decode=True) for part in back.walk()])
        self.assertEqual(self.bob.stop(), 0)

    def test_a_hostile_mail_gets_nothing(self):
        dave = self.storage_user("dave")
        secret = self.detached(message("bob@b.test", {"secret.bin": random.randbytes(100_000)}))
        bait = self.detached(message("dave@b.test", {"bait.bin": random.randbytes(100_000)}), "dave@b.test")
        of_bob, of_dave = (re.search(rb"id=([0-9a-f]{64});\s*size=(\d+)", mail) for mail in (secret, bait))
        # Mail to Dave that names Bob's content, with a grant and restore data that Dave's home opens; and to Bob with
        # those that it does not.
        for victim, mail in ((dave, bait.replace(of_dave[1], of_bob[1])), (self.bob, bait.replace(of_dave[1], of_bob[1])),
                             (dave, secret)):
            answer = victim.run("restore", input=mail)
            self.assertIn(answer.code, (65, 66, 77), answer.err)
            self.assertEqual(told(answer)["state"], "partial")
            self.assertEqual(answer.out, mail, "nothing may change")
        # Bob holds the content, and the node's index its grant: another grant must not fall back on that.
        grant = re.search(rb"grant=[^;]*;", secret)[0]
        other = re.search(rb"grant=[^;]*;", bait)[0]
        answer = self.bob.run("restore", input=secret.replace(grant, other))
        self.assertEqual((answer.code, told(answer)["parts"][0]["ok"]), (77, False), answer.err)

    def test_a_reply_that_kept_the_reference_line(self):
        content = random.randbytes(200_000)
        mail = self.detached(message("bob@b.test", {"film.bin": content}))
        (reference,) = references(mail)
        reply = os.path.join(self.folder, "reply.eml")
        with open(reply, "wb") as out:
            out.write(b"From: bob@b.test\nSubject: Re: files\n\nThanks!\n> Attachment: film.bin (200 KB)\n> Reference: "
                      + reference + b"\n")
        inbox = os.path.join(self.folder, "inbox")
        os.mkdir(inbox)
        got = self.bob.must("get", reply, cwd=inbox).one()
        self.assertEqual((got["file"], got["sha256"]), ("film.bin", sha256(content)))

    def test_a_file_mailed_back_in_full(self):
        content = random.randbytes(300_001)
        mail = self.detached(message("bob@b.test", {"Grüße aus Köln.bin": content}))
        content_id = re.search(rb"id=([0-9a-f]{64});", mail)[1].decode()
        inbox = os.path.join(self.folder, "back")
        with open(os.path.join(self.bob.home, "satchel.toml"), "a") as out:
            out.write(f'\n[gateway]\nnext_hop = "maildir:{inbox}/{{recipient}}"\n')
        said = self.bob.must("mail", content_id).one()
        self.assertEqual(set(said), {"id", "address", "content_id", "bytes", "state", "next_hop"})
        self.assertEqual((said["address"], said["bytes"]), ("bob@b.test", len(content)))
        self.assertEqual((said["state"], said["next_hop"]), ("done", f"maildir:{inbox}/{{recipient}}"))
        folder = os.path.join(inbox, "bob@b.test", "new")
        (name,) = os.listdir(folder)
        with open(os.path.join(folder, name), "rb") as mail:
            back = email.message_from_bytes(mail.read(), policy=email.policy.SMTP)
        (part,) = back.iter_attachments()
        self.assertEqual((part.get_filename(), part.get_content()), ("Grüße aus Köln.bin", content))
        self.assertEqual(back.defects, [])
        self.assertTrue(back["Message-ID"] and back["Date"])
        # A Maildir is no mail server: it says where the file lies, also while a gateway runs that was told otherwise.
        said = self.bob.must("mail", content_id, json_output=False).out.decode()
        self.assertIn(f"put into the Maildir {inbox}/bob@b.test.", said)
        self.bob.stop()
        other = os.path.join(self.folder, "other")
        self.bob.serve("gateway", self.joined + ["gateway.smtp_listen=127.0.0.1:0", f"gateway.next_hop=maildir:{other}/{{recipient}}"])
        said = self.bob.must("mail", content_id, json_output=False).out.decode()
        self.assertIn(f"put into the Maildir {other}/bob@b.test.", said)
        self.assertEqual(len(os.listdir(os.path.join(other, "bob@b.test", "new"))), 1)

    def test_nothing_to_restore(self):
        nobody = self.party("nobody")
        plain = b"Subject: x\r\n\r\nhello\r\n"
        for given in (plain, plain.replace(b"\r\n", b"\n"), b""):
            answer = nobody.must("restore", input=given)
            self.assertEqual(answer.out, plain if given else b"")
            self.assertEqual(told(answer), {"state": "exact", "parts": []})


if __name__ == "__main__":
    unittest.main()
