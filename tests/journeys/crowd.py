"""A node that everybody wants something of: a thousand connections, a hundred offers at once, and callers who only waste
its time."""
import os
import random
import resource
import socket
import ssl
import subprocess
import threading
import time
import unittest

from lab import Lab
from memory import MOST_BYTES, peak_bytes

CONNECTIONS, PER_KEY, PER_ADDRESS = 1000, 60, 250
ANNOUNCED = 280_000  # an offer that brings its blob along may be so long
MOST_BYTES_OF_ONE = 60_000  # of a connection whose request is not read: buffers of TLS, and what is under way
PUSHES = 40  # of which 24 are under way


class Crowd(Lab):
    def setUp(self):
        super().setUp()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        self.bob = self.storage_user("bob")
        host, port = self.bob.ready["control"].rsplit(":", 1)
        self.control = host, int(port)
        self.open = []
        self.addCleanup(lambda: [one.close() for one in self.open])

    def context(self, number):
        """A caller with a key of its own."""
        key, certificate = (os.path.join(self.folder, f"{number}.{kind}") for kind in ("key", "pem"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-keyout", key, "-out", certificate, "-days", "2",
                        "-subj", "/CN=satchel"], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.load_cert_chain(certificate, key)
        return context

    def connect(self, address="127.0.0.1", context=None):
        plain = socket.create_connection(self.control, timeout=30, source_address=(address, 0))
        one = context.wrap_socket(plain) if context else plain
        self.open.append(one)
        return one

    def ping(self, one):
        one.sendall(b"GET /v1/ping HTTP/1.1\r\nHost: x\r\n\r\n")
        return one.recv(4096).split(b"\r\n")[0]

    def push(self, name, size):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(random.randbytes(size))
        return self.boot.run("push", path, "bob@b.test", settings=[f'domain."b.test".keys=["{self.domain_key}"]'],
                             timeout=120)

    def await_hang_up(self, one, seconds):
        one.settimeout(seconds)
        begun = time.monotonic()
        try:
            while one.recv(4096):
                pass
        except (ConnectionError, ssl.SSLError):
            pass
        return time.monotonic() - begun

    def come_in_crowds(self):
        contexts = [self.context(i) for i in range(-(-CONNECTIONS // PER_KEY))]
        for i in range(CONNECTIONS):
            self.connect(f"127.0.0.{2 + i // PER_ADDRESS}", contexts[i // PER_KEY])

    def test_a_thousand_connections(self):
        self.come_in_crowds()
        # All of them are served, and whoever has something to bring, too.
        for one in random.sample(self.open, 50):
            self.assertEqual(self.ping(one), b"HTTP/1.1 200 OK")
        self.assertEqual(self.push("among-them.bin", 3_000_000).code, 0)
        self.assertLess(peak_bytes(self.bob.process), MOST_BYTES)
        # One address gets no more than its share, and one key neither.
        for _ in range(10):
            self.connect("127.0.0.2")
        self.await_hang_up(self.open[-1], 30)
        self.assertEqual(self.bob.must("ls").one()["blobs"][0]["name"], "among-them.bin")

    def test_a_thousand_who_announce_much(self):
        """And send nothing of it, or all but the last byte: what is honest comes through all the same."""
        self.come_in_crowds()
        before = peak_bytes(self.bob.process)
        head = f"POST /v1/offers HTTP/1.1\r\nHost: x\r\nContent-Length: {ANNOUNCED}\r\n\r\n".encode()
        body = random.randbytes(ANNOUNCED - 1)
        for i, one in enumerate(self.open):
            one.settimeout(1)
            try:
                one.sendall(head + (body if i % 2 else b""))
            except TimeoutError:  # it reads no further
                pass
        sizes = [1_000, 200_000, 3_000_000]
        for size in sizes:
            self.assertEqual(self.push(f"among-them-{size}.bin", size).code, 0)
        self.assertLess(peak_bytes(self.bob.process), before + CONNECTIONS * MOST_BYTES_OF_ONE)
        self.assertEqual(sorted(blob["bytes"] for blob in self.bob.must("ls").one()["blobs"]), sizes)

    def test_a_hundred_offers_at_once(self):
        sizes = [random.choice((1_000, 100_000, 400_000, 2_000_000)) for _ in range(100)]
        answers = [None] * len(sizes)

        def push(i):
            answers[i] = self.push(f"file-{i}.bin", sizes[i])
        threads = [threading.Thread(target=push, args=(i,)) for i in range(len(sizes))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([answer.out for answer in answers if answer.code], [])
        self.assertEqual(sorted(blob["bytes"] for blob in self.bob.must("ls").one()["blobs"]), sorted(sizes))

    def test_more_pushes_at_once_than_one_node_lets_another_make(self):
        alice = self.storage_user("alice", ["node.upload_limit=6 MB"])
        pushes = []
        for i in range(PUSHES):
            path = os.path.join(self.folder, f"push-{i}.bin")
            with open(path, "wb") as file:
                file.write(random.randbytes(500_000))
            pushes.append(subprocess.Popen(alice.command(True, []) + ["push", path, "bob@b.test"], stdout=subprocess.PIPE))
            self.addCleanup(pushes[-1].kill)
        for push in pushes:
            out, _ = push.communicate(timeout=60)
            self.assertEqual(push.returncode, 0, out)
        self.assertEqual(len(self.bob.must("ls").one()["blobs"]), PUSHES)

    def test_who_wastes_time_is_hung_up_on(self):
        silent = self.connect()
        garbage = self.connect()
        garbage.sendall(random.randbytes(500))
        self.await_hang_up(garbage, 15)
        slow = self.connect(context=self.context(0))
        slow.sendall(b"GET /v1/pi")
        endless = self.connect(context=self.context(1))
        endless.sendall(b"GET /" + b"x" * 20_000)
        self.assertIn(b" 431 ", endless.recv(4096))
        begun = time.monotonic()
        for one in (silent, slow):
            self.await_hang_up(one, 30)
        self.assertLess(time.monotonic() - begun, 25)
        self.assertEqual(self.ping(self.connect(context=self.context(2))), b"HTTP/1.1 200 OK")


if __name__ == "__main__":
    unittest.main()
