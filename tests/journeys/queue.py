"""Mail that waits: a next hop that is down, a gateway killed in the middle, `send` and the queue."""
import os
import random
import signal
import socketserver
import threading
import unittest

from lab import Lab
from whole_way import message


class NextHop(socketserver.ThreadingTCPServer):
    """A mail server that takes everything, and remembers it."""
    allow_reuse_address = daemon_threads = True

    class Session(socketserver.StreamRequestHandler):
        def handle(self):
            self.wfile.write(b"220 hop\r\n")
            while line := self.rfile.readline():
                verb = line[:4].upper()
                if verb == b"DATA":
                    self.wfile.write(b"354 go\r\n")
                    data = b""
                    while (text := self.rfile.readline()) not in (b".\r\n", b""):
                        data += text[1:] if text.startswith(b".") else text
                    self.server.mails.append(data)
                    self.wfile.write(b"250 2.0.0 kept\r\n")
                elif verb == b"EHLO":
                    self.wfile.write(b"250-hop\r\n250-8BITMIME\r\n250 SIZE\r\n")
                elif verb == b"QUIT":
                    self.wfile.write(b"221 bye\r\n")
                    return
                else:
                    self.wfile.write(b"250 ok\r\n")

    def __init__(self, port=0):
        super().__init__(("127.0.0.1", port), self.Session)
        self.mails = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def port(self):
        return self.server_address[1]


class Queue(Lab):
    def setUp(self):
        super().setUp()
        hop = NextHop()
        self.port = hop.port
        hop.shutdown()
        hop.server_close()
        self.hop = None

    def tearDown(self):
        if self.hop:
            self.hop.shutdown()
            self.hop.server_close()
        super().tearDown()

    def hop_comes_up(self):
        self.hop = NextHop(self.port)

    def waiting_gateway(self):
        return self.gateway(next_hop=f"smtp://127.0.0.1:{self.port}", settings=["gateway.retry_first=1s",
                                                                                "gateway.retry_max=1s"])

    def test_what_was_acknowledged_survives_kill_9(self):
        bob, gateway = self.storage_user("bob"), self.waiting_gateway()
        raw = message(["bob@b.test", "carol@c.test"], {"film.bin": random.randbytes(200_000)})
        self.send(gateway, raw, "alice@a.test", ["bob@b.test", "carol@c.test"])
        held = self.until(lambda: [m for m in gateway.must("queue").one()["messages"]
                                   if all(r["tries"] > 0 for r in m["recipients"])], "a first try")
        self.assertEqual(sorted(r["plan"] for r in held[0]["recipients"]), ["full", "push"])
        gateway.stop(how=signal.SIGKILL)
        self.assertEqual(len(gateway.must("queue").one()["messages"]), 1)
        self.hop_comes_up()
        gateway.serve("gateway", self.joined + ["gateway.smtp_listen=127.0.0.1:0", "gateway.retry_first=1s",
                                                f"gateway.next_hop=smtp://127.0.0.1:{self.port}"])
        self.until(lambda: len(self.hop.mails) == 2, "both mails")
        short, full = sorted(self.hop.mails, key=len)
        self.assertTrue(full.endswith(raw))
        self.assertIn(b"X-Satchel-Part: ", short)
        self.until(lambda: gateway.must("queue").one()["messages"] == [], "an empty queue")
        self.assertEqual(len(bob.must("ls").one()["blobs"]), 1, "the retry must not deposit again")

    def test_send_reports_each_recipient(self):
        self.storage_user("bob")
        alice = self.party("alice")
        alice.must("init", "--address", "alice@a.test")
        alice.must("group", "add", "team", "bob@b.test", "carol@c.test")
        mail = os.path.join(self.folder, "mail")
        settings = self.joined + [f"gateway.next_hop=maildir:{mail}/{{recipient}}"]
        raw = message(["bob@b.test"], {"film.bin": random.randbytes(200_000)})
        dry = alice.must("send", "-i", "--dry-run", "team", input=raw, settings=settings).one()
        self.assertEqual([r["plan"] for r in dry["recipients"]], ["push", "full"])
        self.assertFalse(os.path.exists(mail))
        sent = alice.must("send", "-i", "team", input=raw, settings=settings).one()
        self.assertEqual(set(sent["recipients"][0]), {"address", "plan", "reason", "parts"})
        self.assertEqual([(r["address"], r["plan"], len(r["parts"])) for r in sent["recipients"]],
                         [("bob@b.test", "push", 1), ("carol@c.test", "full", 0)])
        self.assertEqual(set(sent["recipients"][0]["parts"][0]), {"content_id", "bytes", "receipt"})
        self.assertEqual(len(os.listdir(os.path.join(mail, "carol@c.test", "new"))), 1)

    def test_recipients_of_the_header_and_no_bcc(self):
        alice = self.party("alice")
        alice.must("init", "--address", "alice@a.test")
        mail = os.path.join(self.folder, "mail")
        raw = b"To: Bob <bob@x.test>\nBcc: dave@x.test,\n eve@x.test\nSubject: hi\n\nhello\n.\nnot sent\n"
        sent = alice.must("send", "-t", input=raw, settings=self.joined + [f"gateway.next_hop=maildir:{mail}/{{recipient}}"])
        self.assertEqual([r["address"] for r in sent.one()["recipients"]], ["bob@x.test", "dave@x.test", "eve@x.test"])
        folder = os.path.join(mail, "eve@x.test", "new")
        (name,) = os.listdir(folder)
        text = open(os.path.join(folder, name), "rb").read()
        self.assertTrue(text.endswith(b"To: Bob <bob@x.test>\r\nSubject: hi\r\n\r\nhello\r\n"), text)


if __name__ == "__main__":
    unittest.main()
