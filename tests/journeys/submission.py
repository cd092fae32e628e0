"""A desktop's gateway hands mail to a provider's submission server: TLS, a certificate that must be right, a password."""
import base64
import os
import socket
import ssl
import subprocess
import threading
import unittest

from lab import Lab
from whole_way import message

USER, PASSWORD = "alice@a.test", "s3cret wörd"


class Submission:
    """A mail server for those who log in; what it says about TLS and AUTH can be changed while it runs."""

    def __init__(self, certificate, implicit):
        self.implicit, self.certificate = implicit, certificate
        self.password, self.mechanisms, self.starttls, self.injected = PASSWORD, "PLAIN LOGIN", True, b""
        self.mails, self.clear_text, self.logins, self.names = [], b"", [], []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept_all, daemon=True).start()

    def close(self):
        self.listener.close()

    def accept_all(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def secured(self, client):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        context.sni_callback = lambda _socket, name, _context: self.names.append(name)
        return context.wrap_socket(client, server_side=True)

    def serve(self, client):
        try:
            with client:
                self.converse(self.secured(client) if self.implicit else client, self.implicit)
        except OSError:
            pass  # what a client does that trusts nobody

    def converse(self, client, protected, greet=True):
        lines, logged_in = client.makefile("rb"), False

        def say(*texts):
            client.sendall(b"".join(text.encode() + b"\r\n" for text in texts))

        if greet:
            say("220 provider.test")
        while line := lines.readline():
            if not protected:
                self.clear_text += line
            verb, _, rest = line.decode().rstrip("\r\n").partition(" ")
            if verb == "EHLO":
                extra = ["250-AUTH " + self.mechanisms] if protected else ["250-STARTTLS"] if self.starttls else []
                say("250-provider.test", *extra, "250 8BITMIME")
            elif verb == "STARTTLS":
                client.sendall(b"220 go\r\n" + self.injected)
                return self.converse(self.secured(client), True, greet=False)
            elif verb == "AUTH":
                logged_in = self.log_in(rest, lines, say)
                say("235 2.7.0 welcome" if logged_in else "535 5.7.8 who?")
            elif verb in ("MAIL", "RCPT") and not (protected and logged_in):
                say("530 5.7.0 log in first")
            elif verb == "DATA":
                say("354 go")
                data = b""
                while (text := lines.readline()) not in (b".\r\n", b""):
                    data += text[1:] if text.startswith(b".") else text
                self.mails.append(data)
                say("250 2.0.0 kept")
            elif verb == "QUIT":
                return say("221 bye")
            else:
                say("250 ok")

    def log_in(self, rest, lines, say):
        mechanism, _, initial = rest.partition(" ")
        self.logins.append(mechanism)
        if mechanism == "PLAIN":
            return base64.b64decode(initial) == f"\0{USER}\0{self.password}".encode()
        answers = []
        for challenge in ("Username:", "Password:"):
            say("334 " + base64.b64encode(challenge.encode()).decode())
            answers.append(base64.b64decode(lines.readline()).decode())
        return answers == [USER, self.password]


class SubmissionJourney(Lab):
    def setUp(self):
        super().setUp()
        self.server = None
        self.authority("ca")
        self.good = self.certificate("good", "ca", "DNS:localhost")
        self.other_name = self.certificate("other", "ca", "DNS:other.test")
        self.authority("stranger")
        self.unknown = self.certificate("unknown", "stranger", "DNS:localhost")
        self.password_file = os.path.join(self.folder, "password")
        self.set_password(PASSWORD)

    def tearDown(self):
        if self.server:
            self.server.close()
        super().tearDown()

    def openssl(self, *words):
        subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=self.folder)

    def authority(self, name):
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                     "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem")

    def certificate(self, name, authority, names):
        """A file with key and certificate."""
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                     "-keyout", f"{name}.key", "-out", f"{name}.csr")
        with open(os.path.join(self.folder, f"{name}.ext"), "w") as extensions:
            extensions.write(f"subjectAltName={names}\n")
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.pem", "-CAkey", f"{authority}.key",
                     "-CAcreateserial", "-days", "2", "-extfile", f"{name}.ext", "-out", f"{name}.crt")
        path = os.path.join(self.folder, f"{name}.both")
        with open(path, "w") as both:
            for part in ("key", "crt"):
                both.write(open(os.path.join(self.folder, f"{name}.{part}")).read())
        return path

    def set_password(self, password, mode=0o600):
        with open(self.password_file, "w", encoding="utf-8") as file:
            file.write(password + "\n")
        os.chmod(self.password_file, mode)

    def settings(self):
        return ["gateway.retry_first=1s", "gateway.retry_max=1s", f"gateway.next_hop_user={USER}",
                f"gateway.next_hop_password_file={self.password_file}",
                f"gateway.next_hop_ca_file={os.path.join(self.folder, 'ca.pem')}"]

    def desktop(self, scheme):
        return self.gateway(next_hop=f"{scheme}://localhost:{self.server.port}", settings=self.settings())

    def check_mended(self, scheme, broken, mend, trouble):
        """Mail waits while the server is as `broken` makes it, and arrives once when it is mended."""
        self.server = Submission(self.good, implicit=scheme == "smtps")
        broken()
        gateway = self.desktop(scheme)
        raw = message(["bob@b.test"], {})
        self.send(gateway, raw, USER, ["bob@b.test"])
        waiting = self.until(lambda: [r for m in gateway.must("queue").one()["messages"] for r in m["recipients"]
                                      if r["tries"] > 0], "a first try")
        self.assertEqual(waiting[0]["state"], "queued", waiting)
        self.assertIn(trouble, gateway.log_text())
        self.assertEqual(self.server.mails, [])
        for secret in (b"AUTH", b"MAIL", b"RCPT", PASSWORD.encode(), base64.b64encode(PASSWORD.encode())):
            self.assertNotIn(secret, self.server.clear_text)
        mend()
        self.until(lambda: gateway.must("queue").one()["messages"] == [], "an empty queue")
        self.assertEqual(len(self.server.mails), 1)
        self.assertTrue(self.server.mails[0].endswith(raw))
        self.assertNotIn(PASSWORD, gateway.log_text())
        self.assertEqual(self.server.names[-1], "localhost")

    def be(self, **values):
        return lambda: [setattr(self.server, name, value) for name, value in values.items()]

    def test_a_password_that_is_refused_is_not_shown_again_until_somebody_asks(self):
        def mend():
            gateway = self.parties[-1]
            queued = lambda: gateway.must("queue").one()["messages"][0]
            self.until(lambda: queued()["recipients"][0]["tries"] >= 4, "more tries")
            self.assertEqual(self.server.logins, ["PLAIN"])
            self.server.password = PASSWORD
            gateway.must("queue", "--retry", queued()["id"])
        self.check_mended("smtp+starttls", self.be(password="another"), mend, "refuses user name or password")
        self.assertEqual(self.server.logins, ["PLAIN"] * 2)

    def test_a_password_file_that_is_mended(self):
        self.check_mended("smtps", lambda: self.set_password("wrong"), lambda: self.set_password(PASSWORD),
                          "535 5.7.8 who?")

    def test_a_certificate_of_strangers(self):
        self.check_mended("smtps", self.be(certificate=self.unknown), self.be(certificate=self.good),
                          "its certificate won't do")

    def test_a_certificate_for_another_name(self):
        self.check_mended("smtp+starttls", self.be(certificate=self.other_name), self.be(certificate=self.good),
                          "ostname mismatch")

    def test_no_starttls(self):
        self.check_mended("smtp+starttls", self.be(starttls=False), self.be(starttls=True), "offers no STARTTLS")

    def test_words_before_the_handshake(self):
        self.check_mended("smtp+starttls", self.be(injected=b"250-AUTH PLAIN\r\n250 ok\r\n"), self.be(injected=b""),
                          "before the TLS handshake")

    def test_login_where_plain_is_not_offered(self):
        self.check_mended("smtps", self.be(mechanisms="CRAM-MD5"), self.be(mechanisms="CRAM-MD5 LOGIN"),
                          "neither AUTH PLAIN nor AUTH LOGIN")
        self.assertEqual(set(self.server.logins), {"LOGIN"})

    def test_settings_that_would_betray_the_password(self):
        self.server = Submission(self.good, implicit=False)
        home = self.party("careless")
        home.must("init")
        common = self.joined + ["gateway.smtp_listen=127.0.0.1:0", *self.settings()]
        plain = home.run("gateway", settings=common + [f"gateway.next_hop=smtp://localhost:{self.server.port}"])
        self.assertNotEqual(plain.code, 0)
        self.assertIn("gateway.next_hop_user", plain.error()["message"])
        self.set_password(PASSWORD, mode=0o640)
        readable = home.run("gateway", settings=common + [f"gateway.next_hop=smtps://localhost:{self.server.port}"])
        self.assertNotEqual(readable.code, 0)
        self.assertIn("chmod 600", readable.error()["message"])
        self.assertNotIn(PASSWORD, readable.error()["message"])


if __name__ == "__main__":
    unittest.main()
