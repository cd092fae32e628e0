"""Broken transfers: what was verified is not moved again, and nothing is ever whole before it is."""
import json
import os
import random
import signal
import socket
import subprocess
import threading
import unittest

from lab import PROGRAM, Lab, sha256

PIECE = 256 * 1024
RATE = 8_000_000
SIZE = 24_000_000


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Resume(Lab):
    def people(self):
        """Alice, who may send so fast and no faster, and Bob, who comes back to the same port."""
        self.at = [f"node.control_listen=127.0.0.1:{free_port()}", "node.accept_from=anyone"]
        self.limited = [f"node.upload_limit={RATE}"]
        return self.storage_user("alice", self.limited), self.storage_user("bob", self.at)

    def file(self, size=SIZE):
        path = os.path.join(self.folder, "film.bin")
        with open(path, "wb") as file:
            file.write(random.randbytes(size))
        return path

    def push(self, alice, path):
        return subprocess.Popen([PROGRAM, "--home", alice.home, "--json", "push", path, "bob@b.test"],
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def partials(self, bob):
        folder = os.path.join(bob.home, "storage", "partial")
        return [os.path.getsize(os.path.join(folder, name)) for name in os.listdir(folder)]

    def await_half(self, bob):
        self.until(lambda: any(size > SIZE / 3 for size in self.partials(bob)), "a third of the blob", 60)

    def sent_bytes(self, alice):
        return alice.must("status").one()["uploaded_bytes"]

    def finish(self, push):
        out, _ = push.communicate(timeout=120)
        self.assertEqual(push.returncode, 0, out)
        return json.loads(out.splitlines()[-1])["content_id"]

    def check_whole(self, bob, content_id, path):
        target = os.path.join(self.folder, "got.bin")
        bob.must("get", content_id, "-o", target)
        with open(path, "rb") as one, open(target, "rb") as other:
            self.assertEqual(sha256(one.read()), sha256(other.read()))
        self.assertEqual(self.partials(bob), [])
        self.assertEqual(len(bob.must("ls").one()["blobs"]), 1)

    def test_receiver_is_killed(self):
        alice, bob = self.people()
        path = self.file()
        push = self.push(alice, path)
        self.addCleanup(push.kill)
        for _ in range(2):
            self.await_half(bob)
            bob.stop(signal.SIGKILL)
            self.assertIsNone(push.poll(), "the sender waits for it")
            bob.serve("node", self.joined + self.at)
            self.assertEqual(bob.must("ls").one()["blobs"], [], "a part is not a blob")
        content_id = self.finish(push)
        self.check_whole(bob, content_id, path)
        # Each time what stood between the last verified piece and the kill, and what was on its way.
        self.assertLess(self.sent_bytes(alice), SIZE + 2 * (PIECE + RATE))

    def test_sender_is_killed(self):
        alice, bob = self.people()
        path = self.file()
        push = self.push(alice, path)
        self.addCleanup(push.kill)
        self.await_half(bob)
        alice.stop(signal.SIGKILL)
        push.communicate(timeout=60)
        self.assertNotEqual(push.returncode, 0, "nobody says that it has arrived")
        self.assertEqual(bob.must("ls").one()["blobs"], [])
        self.assertEqual(os.listdir(os.path.join(alice.home, "storage", "outbox")), [], "and nothing is left lying about")
        alice.serve("node", self.joined)
        pushed = alice.must("push", path, "bob@b.test").one()
        target = os.path.join(self.folder, "got.bin")
        bob.must("get", pushed["content_id"], "-o", target)
        with open(path, "rb") as one, open(target, "rb") as other:
            self.assertEqual(one.read(), other.read())

    def test_a_file_that_changes_while_it_is_read_is_not_sent(self):
        alice, bob = self.people()
        path = self.file(100_000_000)
        ended = threading.Event()

        def scribble():
            with open(path, "r+b", buffering=0) as file:
                while not ended.is_set():
                    os.pwrite(file.fileno(), b"x", 5)

        writer = threading.Thread(target=scribble)
        writer.start()
        try:
            answer = alice.run("push", path, "bob@b.test")
        finally:
            ended.set()
            writer.join()
        self.assertNotEqual(answer.code, 0)
        self.assertIn("changed while it was read", answer.error()["message"])
        self.assertEqual(bob.must("ls").one()["blobs"], [])


if __name__ == "__main__":
    unittest.main()
