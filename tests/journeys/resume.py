"""Broken transfers: what was verified is not moved again, and nothing is ever whole before it is."""
import contextlib
import hashlib
import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import threading
import time
import unittest

from lab import PROGRAM, Lab, sha256
from ports import free_port

PIECE = 256 * 1024
RATE = 8_000_000
SIZE = 24_000_000


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
        # Each time what stood between the last verified piece and the kill, and what was on its way: half a second of it at most.
        self.assertLess(self.sent_bytes(alice), SIZE + 2 * RATE / 2)

    def kill_sender_of(self, alice, path):
        """In the middle; gives how much has arrived by then."""
        push = self.push(alice, path)
        self.addCleanup(push.kill)
        self.await_half(self.bob)
        alice.stop(signal.SIGKILL)
        push.communicate(timeout=60)
        self.assertNotEqual(push.returncode, 0, "nobody says that it has arrived")
        self.assertEqual(self.bob.must("ls").one()["blobs"], [])
        return max(self.partials(self.bob))

    def test_sender_is_killed(self):
        alice, self.bob = self.people()
        path = self.file()
        there = self.kill_sender_of(alice, path)
        alice.serve("node", self.joined)
        pushed = alice.must("push", path, "bob@b.test").one()
        self.check_whole(self.bob, pushed["content_id"], path)
        self.assertLess(self.sent_bytes(alice), SIZE - there + PIECE)
        # Done: next time it is another blob, and what was kept for this one is gone.
        self.check_nothing_is_kept(alice)
        self.assertNotEqual(alice.must("push", path, "bob@b.test").one()["content_id"], pushed["content_id"])

    def check_nothing_is_kept(self, alice):
        for folder in ("unfinished", "begun", "outbox"):
            self.assertEqual(os.listdir(os.path.join(alice.home, "storage", folder)), [])

    def test_sender_is_killed_while_it_encrypts(self):
        """As fast as it can: what has gone ahead of the blob's name counts after the kill."""
        size, piece = 600_000_000, 1024 * 1024
        alice, self.bob = self.storage_user("alice"), self.storage_user("bob")
        path = self.file(0)
        os.truncate(path, size)
        push = self.push(alice, path)
        self.addCleanup(push.kill)
        self.until(lambda: any(there > size / 6 for there in self.partials(self.bob)), "a sixth of the blob")
        alice.stop(signal.SIGKILL)
        push.communicate(timeout=60)
        self.assertEqual(sorted(name.rsplit(".")[-1] for name in os.listdir(os.path.join(alice.home, "storage", "unfinished"))),
                         ["job", "journal"], "it was in the middle")
        there = max(self.partials(self.bob))
        self.assertEqual(self.bob.must("ls").one()["blobs"], [])
        alice.serve("node", self.joined)
        pushed = alice.must("push", path, "bob@b.test").one()
        target = os.path.join(self.folder, "got.bin")
        got = self.bob.must("get", pushed["content_id"], "-o", target).one()
        for name in (path, target):
            with open(name, "rb") as file:
                self.assertEqual(got["sha256"], hashlib.file_digest(file, "sha256").hexdigest())
        self.assertEqual(self.partials(self.bob), [])
        self.assertLess(self.sent_bytes(alice), size - there + piece)
        self.check_nothing_is_kept(alice)

    def await_publishing(self):
        """The partial has its place among the blobs; the index, which syncs, comes before the answer. So nothing here may take a millisecond."""
        partial = os.path.join(self.bob.home, "storage", "partial")
        deadline = time.monotonic() + 60
        while not os.listdir(partial) and time.monotonic() < deadline:
            pass
        # Twice: while its name changes in there, one look may find neither.
        while (os.listdir(partial) or os.listdir(partial)) and time.monotonic() < deadline:
            pass

    def kill_sender_at_the_name(self):
        """After its closing offer was taken, and before it cleans up: a matter of milliseconds, so more than one try."""
        size = 100_000_000
        self.at = [f"node.control_listen=127.0.0.1:{free_port()}", "node.accept_from=anyone"]
        alice, self.bob = self.storage_user("alice"), self.storage_user("bob", self.at)
        path = self.file(0)
        os.truncate(path, size)
        unfinished = os.path.join(alice.home, "storage", "unfinished")
        for count in range(1, 11):
            push = self.push(alice, path)
            self.addCleanup(push.kill)
            self.await_publishing()
            alice.stop(signal.SIGKILL)
            push.communicate(timeout=60)
            held = self.until(lambda: (lambda ids: ids if len(ids) == count else None)(
                [blob["content_id"] for blob in self.bob.must("ls").one()["blobs"]]), "the blob")
            if len(os.listdir(unfinished)) == 2:
                return alice, path, held
            alice.serve("node", self.joined)
        self.fail("it was too quick each time")

    def check_that_it_is_only_named(self, alice, path, held):
        alice.serve("node", self.joined)
        pushed = alice.must("push", path, "bob@b.test").one()
        self.assertIn(pushed["content_id"], held)
        self.assertEqual(self.sent_bytes(alice), 0)
        self.assertEqual(len(self.bob.must("ls").one()["blobs"]), len(held))
        self.assertEqual(self.partials(self.bob), [])
        self.check_nothing_is_kept(alice)

    def test_sender_is_killed_before_it_hears_of_its_receipt(self):
        self.check_that_it_is_only_named(*self.kill_sender_at_the_name())

    def test_both_are_killed_before_the_sender_hears_of_its_receipt(self):
        alice, path, held = self.kill_sender_at_the_name()
        self.bob.stop(signal.SIGKILL)
        self.bob.serve("node", self.joined + self.at)
        self.check_that_it_is_only_named(alice, path, held)

    def test_sender_is_killed_and_what_it_brought_is_removed(self):
        """It comes again, once, and is one transfer to whoever watches, though the name alone was tried first."""
        alice, path, held = self.kill_sender_at_the_name()
        for content_id in held:
            self.bob.must("rm", content_id)
        alice.serve("node", self.joined)
        self.assertEqual(alice.must("push", path, "bob@b.test").one()["content_id"], held[-1])
        self.assertLess(self.sent_bytes(alice), os.path.getsize(path) + PIECE)
        self.check_nothing_is_kept(alice)
        self.assertEqual(alice.stop(), 0)
        with contextlib.closing(sqlite3.connect(os.path.join(alice.home, "transfers.db"))) as history:
            self.assertEqual(history.execute("SELECT DISTINCT name, state FROM transfer").fetchall(), [("film.bin", "done")])

    def fast_push(self, size):
        """At full speed most of a blob goes from memory, and stands nowhere at the sender."""
        self.at = [f"node.control_listen=127.0.0.1:{free_port()}", "node.accept_from=anyone"]
        alice, self.bob = self.storage_user("alice"), self.storage_user("bob", self.at)
        path = self.file(0)
        os.truncate(path, size)
        push = self.push(alice, path)
        self.addCleanup(push.kill)
        self.until(lambda: any(there > size / 6 for there in self.partials(self.bob)), "a sixth of the blob")
        self.bob.stop(signal.SIGKILL)
        self.assertIsNone(push.poll(), "the sender waits for it")
        return alice, path, push

    def test_receiver_is_killed_at_full_speed(self):
        size = 600_000_000
        alice, path, push = self.fast_push(size)
        self.bob.serve("node", self.joined + self.at)
        content_id = self.finish(push)
        got = self.bob.must("get", content_id, "-o", os.path.join(self.folder, "got.bin")).one()
        with open(path, "rb") as file:
            self.assertEqual(got["sha256"], hashlib.file_digest(file, "sha256").hexdigest())
        # What was under way, and what stood between the last whole piece and the kill.
        self.assertLess(self.sent_bytes(alice), size + 40_000_000)
        self.check_nothing_is_kept(alice)

    def test_receiver_is_killed_and_the_file_is_another_one_once_it_was_read(self):
        """What went from memory is encrypted once more, from a file that is at fault: not the receiver, who is there."""
        size = 600_000_000
        alice, path, push = self.fast_push(size)
        roots = (size + 16 * (size // 65536)) // PIECE + 1
        unfinished = os.path.join(alice.home, "storage", "unfinished")
        arrived = max(self.partials(self.bob))  # from memory: the second pass comes there late, but it does

        def change_after_the_first_pass():
            """The second one begins at once: the sender stands still while it is looked at."""
            alice.process.send_signal(signal.SIGSTOP)
            try:
                journals = [os.path.join(unfinished, name) for name in os.listdir(unfinished)]
                if all(os.path.getsize(journal) != 16 + 32 * roots for journal in journals):
                    return False
                with open(path, "r+b") as file:
                    file.seek(arrived - PIECE)
                    file.write(b"another version")
                return True
            except FileNotFoundError:  # the signal takes effect in its own time
                return False
            finally:
                alice.process.send_signal(signal.SIGCONT)
        self.until(change_after_the_first_pass, "the end of the first pass")
        self.bob.serve("node", self.joined + self.at)
        out, _ = push.communicate(timeout=60)
        self.assertEqual(push.returncode, 65, out)
        self.assertIn(b"film.bin: the file changed while it was sent", out)
        self.assertEqual(self.bob.must("ls").one()["blobs"], [])
        self.check_nothing_is_kept(alice)

    def test_receiver_is_killed_and_the_file_is_another_one_then(self):
        alice, path, push = self.fast_push(1_500_000_000)
        with open(path, "r+b") as file:
            file.write(b"another version")
        self.bob.serve("node", self.joined + self.at)
        out, _ = push.communicate(timeout=60)
        self.assertEqual(push.returncode, 65, out)
        self.assertIn(b"the file changed while it was", out)
        self.assertEqual(self.bob.must("ls").one()["blobs"], [], "half of one version and half of another is nothing")
        self.check_nothing_is_kept(alice)
        pushed = alice.must("push", path, "bob@b.test").one()
        self.bob.must("get", pushed["content_id"], "-o", os.path.join(self.folder, "got.bin"))
        with open(os.path.join(self.folder, "got.bin"), "rb") as file:
            self.assertEqual(file.read(15), b"another version")

    def test_both_are_killed_and_the_file_is_another_one_then(self):
        alice, self.bob = self.people()
        path = self.file()
        self.kill_sender_of(alice, path)
        self.bob.stop(signal.SIGKILL)
        with open(path, "r+b") as file:
            file.write(b"another version")
        self.bob.serve("node", self.joined + self.at)
        alice.serve("node", self.joined)
        pushed = alice.must("push", path, "bob@b.test").one()
        target = os.path.join(self.folder, "got.bin")
        self.bob.must("get", pushed["content_id"], "-o", target)
        with open(path, "rb") as one, open(target, "rb") as other:
            self.assertEqual(one.read(), other.read())

    def bob_on_a_small_disk(self):
        disk = os.path.join(self.folder, "disk")
        os.mkdir(disk)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100m", "tmpfs", disk], capture_output=True).returncode:
            self.skipTest("no right to mount a small file system")
        self.addCleanup(subprocess.run, ["umount", "-l", disk])
        self.bob = self.storage_user("bob", [f"node.storage_dir={disk}/storage", "node.accept_from=anyone"])
        return disk

    def fill(self, disk):
        with open(os.path.join(disk, "hog"), "wb", buffering=0) as hog:
            try:
                while True:
                    hog.write(bytes(65536))
            except OSError:
                pass

    def take_room_set_aside(self, partial):
        """That of the last third, which is not being written as yet: a cut at the file's end would meet a write there."""
        subprocess.run(["fallocate", "--punch-hole", "--offset", str(SIZE // 3 * 2), "--length", str(SIZE // 3), partial], check=True)

    def await_third(self, partial):
        return self.until(lambda: [name for name in os.listdir(partial)
                                   if os.path.getsize(os.path.join(partial, name)) > SIZE / 3], "a third of the blob")[0]

    def check_full(self, push):
        out, _ = push.communicate(timeout=60)
        self.assertNotEqual(push.returncode, 0)
        self.assertRegex(json.loads(out.splitlines()[-1])["recipients"][0]["reason"], "507: .*(No space left|is full)")
        self.assertEqual(self.bob.must("ls").one()["blobs"], [])

    def check_rest_is_sent(self, alice, path, most):
        before = self.sent_bytes(alice)
        pushed = alice.must("push", path, "bob@b.test").one()
        self.assertLess(self.sent_bytes(alice) - before, most)
        got = self.bob.must("get", pushed["content_id"], "-o", os.path.join(self.folder, "got.bin")).one()
        with open(path, "rb") as one:
            self.assertEqual(got["sha256"], sha256(one.read()))

    def test_a_push_is_interrupted_at_the_keyboard(self):
        alice, bob = self.people()
        # Where a test runs in the background of a shell, SIGINT comes ignored.
        push = subprocess.Popen([PROGRAM, "--home", alice.home, "push", self.file(), "bob@b.test"], stderr=subprocess.PIPE, text=True,
                                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        self.addCleanup(push.kill)
        self.await_half(bob)
        push.send_signal(signal.SIGINT)
        _, said = push.communicate(timeout=20)
        self.assertEqual(push.returncode, -signal.SIGINT)
        self.assertIn("Your node goes on with it", said)
        self.until(lambda: "bob@b.test" in alice.must("receipts").out.decode(), "the receipt that was promised", 60)

    def test_the_receivers_disk_fills_up_in_the_middle(self):
        alice = self.storage_user("alice", [f"node.upload_limit={RATE}"])
        disk = self.bob_on_a_small_disk()
        path = self.file()
        push = self.push(alice, path)
        self.addCleanup(push.kill)
        partial = os.path.join(disk, "storage", "partial")
        name = self.await_third(partial)
        # The room was set aside; somebody takes it all the same.
        self.take_room_set_aside(os.path.join(partial, name))
        self.fill(disk)
        self.check_full(push)
        there = self.until(lambda: [size for size in [os.path.getsize(os.path.join(partial, name))
                                                      for name in os.listdir(partial)] if size > SIZE / 3], "what came")
        self.assertGreater(there[0], SIZE // 3 * 2 - 4 * PIECE, "what had room is kept")
        os.remove(os.path.join(disk, "hog"))
        self.check_rest_is_sent(alice, path, SIZE - there[0] + PIECE + 20_000)

    def test_the_receivers_disk_is_full_when_all_has_come(self):
        """There is room for the blob, which was set aside, and none for its row in the index: what came is not sent again."""
        alice = self.storage_user("alice", [f"node.upload_limit={RATE}"])
        disk = self.bob_on_a_small_disk()
        path = self.file()
        push = self.push(alice, path)
        self.addCleanup(push.kill)
        self.await_third(os.path.join(disk, "storage", "partial"))
        self.fill(disk)
        self.check_full(push)
        os.remove(os.path.join(disk, "hog"))
        self.check_rest_is_sent(alice, path, PIECE + 20_000)

    def test_a_file_that_changes_while_it_is_read_is_not_sent(self):
        alice, bob = self.people()
        path = self.file(100_000_000)
        made = os.stat(path)
        self.refused_while(alice, bob, path, lambda file: os.pwrite(file.fileno(), b"x", 5))

        def with_its_old_time(file):
            os.pwrite(file.fileno(), random.randbytes(8), 5)
            os.utime(path, ns=(made.st_atime_ns, made.st_mtime_ns))
        self.refused_while(alice, bob, path, with_its_old_time)

    def test_a_file_that_is_only_renamed_while_it_is_read_is_sent(self):
        alice, bob = self.people()
        path = self.file()
        self.assertEqual(self.push_while(alice, path, lambda file: os.fchmod(file.fileno(), 0o600)).code, 0)
        self.assertEqual(len(bob.must("ls").one()["blobs"]), 1)

    def push_while(self, alice, path, disturb):
        ended = threading.Event()

        def scribble():
            with open(path, "r+b", buffering=0) as file:
                while not ended.is_set():
                    disturb(file)

        writer = threading.Thread(target=scribble)
        writer.start()
        try:
            return alice.run("push", path, "bob@b.test")
        finally:
            ended.set()
            writer.join()

    def refused_while(self, alice, bob, path, disturb):
        answer = self.push_while(alice, path, disturb)
        self.assertEqual(answer.code, 65)
        self.assertIn("film.bin: the file changed while it was read", answer.error()["message"])
        self.assertEqual(bob.must("ls").one()["blobs"], [])


if __name__ == "__main__":
    unittest.main()
