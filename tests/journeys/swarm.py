"""One blob for several storages: they help each other, and whoever drops out or dies harms nobody."""
import contextlib
import json
import os
import random
import signal
import subprocess
import time
import unittest

from lab import PROGRAM, Lab, sha256
from ports import free_ports
from whole_way import message, references

RATE = 4_000_000
SIZE = 12_000_000
PIECE, BLOCK = 256 * 1024, 16 * 1024
NAMES = ["bob", "carol", "dave"]


class Swarm(Lab):
    def people(self, rate=RATE):
        self.alice = self.storage_user("alice", [f"node.upload_limit={rate}"])
        # At ports of their own, so that they can come back to them.
        self.at = {name: ["node.accept_from=anyone", *(f"node.{kind}_listen=127.0.0.1:{port}" for kind, port in
                                                       zip(("control", "swarm"), free_ports(2)))] for name in NAMES}
        self.others = [self.storage_user(name, self.at[name]) for name in NAMES]
        for party in [self.alice] + self.others:
            self.assertRegex(party.ready["swarm"], r"^127\.0\.0\.1:\d+$")

    def file(self, size=SIZE):
        self.path = os.path.join(self.folder, "film.bin")
        with open(self.path, "wb") as file:
            file.write(random.randbytes(size))
        return self.path

    def push(self):
        push = subprocess.Popen([PROGRAM, "--home", self.alice.home, "--json", "push", self.path]
                                + [f"{name}@b.test" for name in NAMES], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.addCleanup(push.kill)
        return push

    def outcome(self, push):
        out, _ = push.communicate(timeout=120)
        self.assertEqual(push.returncode, 0, out)
        return json.loads(out.splitlines()[-1])

    def swarm_of(self, party):
        return party.must("status").one()["swarm"]

    def await_some(self, party):
        self.until(lambda: self.swarm_of(party)["received_bytes"] > SIZE / 8, "an eighth of the blob", 60)

    def check_whole(self, pushed):
        with open(self.path, "rb") as file:
            digest = sha256(file.read())
        for party in self.others:
            target = os.path.join(self.folder, party.name + ".bin")
            party.must("get", pushed["content_id"], "-o", target)
            with open(target, "rb") as file:
                self.assertEqual(sha256(file.read()), digest, party.name)
            self.assertEqual(os.listdir(os.path.join(party.home, "storage", "partial")), [])

    def test_they_pass_it_on(self):
        self.people()
        self.file()
        pushed = self.outcome(self.push())
        self.assertEqual([each["route"] for each in pushed["recipients"]], ["swarm"] * 3)
        self.check_whole(pushed)
        for party in self.others:
            self.assertEqual(os.listdir(os.path.join(party.home, "storage", "swarm")), [])
        # Alone it would be three times the size.
        self.until(lambda: self.alice.must("status").one()["uploaded_bytes"] >= SIZE, "the count of what was sent")
        self.assertLess(self.alice.must("status").one()["uploaded_bytes"], 2.2 * SIZE)

    def push_and_kill_one(self):
        """The push, and the receiver that has died with some of it."""
        self.people()
        self.file()
        push = self.push()
        carol = self.others[1]
        self.await_some(carol)
        carol.stop(signal.SIGKILL)
        return push, carol

    def test_a_receiver_is_killed_and_comes_back(self):
        push, carol = self.push_and_kill_one()
        carol.serve("node", self.joined + self.at[carol.name])
        pushed = self.outcome(push)
        self.check_whole(pushed)
        self.assertEqual([each["route"] for each in pushed["recipients"]][::2], ["swarm"] * 2)

    def test_a_receiver_comes_back_when_its_swarm_is_given_up(self):
        push, carol = self.push_and_kill_one()
        self.until(lambda: "not_by_swarm" in self.alice.log_text(), "the swarm to be given up", 60)
        carol.serve("node", self.joined + self.at[carol.name])
        pushed = self.outcome(push)
        self.check_whole(pushed)
        self.assertEqual([each["route"] for each in pushed["recipients"]], ["swarm", "direct", "swarm"])

    def pieces_of(self, party):
        """Which pieces its swarm has left there."""
        folder = os.path.join(party.home, "storage", "swarm")
        (name,) = os.listdir(folder)
        with open(os.path.join(folder, name), "rb") as file:
            ends = [min(at + PIECE, SIZE) for at in range(0, os.path.getsize(file.name), PIECE)]
            return [number for number, end in enumerate(ends) if os.lseek(file.fileno(), number * PIECE, os.SEEK_HOLE) >= end]

    def test_what_came_out_of_order_is_not_sent_again(self):
        """Sender and one receiver are killed in the middle, and the rest comes directly."""
        self.people()
        self.file()
        push = self.push()
        bob, carol, dave = self.others
        self.await_some(carol)
        carol.stop(signal.SIGKILL)
        self.alice.stop(signal.SIGKILL)
        self.assertNotEqual(push.wait(timeout=60), 0)
        carol.serve("node", self.joined + self.at[carol.name])
        # What bob and dave still have to tell each other.
        self.until(lambda: self.pieces_of(bob) == self.pieces_of(dave), "the two to be even")
        there = [self.pieces_of(party) for party in self.others]
        self.assertTrue(all(there))
        self.assertNotEqual(there[1], list(range(len(there[1]))), "something came out of order")
        self.alice.serve("node", self.joined + [f"node.upload_limit={RATE}", "node.swarm_listen=none"])
        pushed = self.outcome(self.push())
        self.assertEqual([each["route"] for each in pushed["recipients"]], ["direct"] * 3)
        self.check_whole(pushed)
        lacking = sum(SIZE - len(pieces) * PIECE for pieces in there)
        self.assertLess(self.alice.must("status").one()["uploaded_bytes"], lacking + 3 * PIECE)
        folders = [os.path.join(party.home, "storage", "swarm") for party in self.others]
        for folder in folders:
            self.assertEqual(os.listdir(folder), [])
        # What a swarm has left of a blob that came whole in some other way goes while the node runs.
        with open(os.path.join(folders[1], pushed["content_id"]), "wb"):
            pass
        self.until(lambda: os.listdir(folders[1]) == [], "the next sweep")

    def test_processes_are_killed(self):
        self.people()
        self.file()
        push = self.push()
        for party in (self.others[0], self.alice):
            self.await_some(self.others[0])
            os.kill(self.swarm_of(party)["process"], signal.SIGKILL)
        self.check_whole(self.outcome(push))

    def pause(self, party):
        """As a machine that sleeps: connections stay, and nothing is answered. Woken at the end."""
        os.kill(party.process.pid, signal.SIGSTOP)
        self.addCleanup(lambda: party.process and party.process.send_signal(signal.SIGCONT))

    def test_nobody_waits_for_who_falls_asleep(self):
        self.people()
        self.file()
        push = self.push()
        bob, carol, dave = self.others
        self.await_some(dave)
        self.pause(dave)
        self.until(lambda: len(self.alice.must("receipts").one()["receipts"]) == 2, "the others' receipts", 60)
        self.assertIsNone(push.poll())
        for party in (bob, carol):
            self.assertEqual(len(party.must("ls").one()["blobs"]), 1)
        dave.process.send_signal(signal.SIGCONT)
        pushed = self.outcome(push)
        self.assertEqual([each["route"] for each in pushed["recipients"]][:2], ["swarm"] * 2)
        self.check_whole(pushed)

    def test_who_sleeps_from_the_start_comes_later(self):
        self.people()
        self.file()
        dave = self.others[2]
        self.until(lambda: self.alice.must("lookup", "dave@b.test").one()["available"], "dave's record")
        self.pause(dave)
        push = self.push()
        self.await_some(self.others[0])
        dave.process.send_signal(signal.SIGCONT)
        pushed = self.outcome(push)
        self.assertEqual([each["route"] for each in pushed["recipients"]][:2], ["swarm"] * 2)
        self.check_whole(pushed)

    def test_who_takes_no_part_gets_it_directly(self):
        self.people()
        dave = self.others[2]
        dave.stop()
        self.assertEqual(dave.serve("node", self.joined + ["node.accept_from=anyone", "node.swarm_listen=none"])["swarm"], None)
        self.file(7_000_000)
        self.until(lambda: self.alice.must("lookup", "dave@b.test").one()["available"], "dave to be back")
        pushed = self.outcome(self.push())
        self.assertEqual([each["route"] for each in pushed["recipients"]], ["swarm", "swarm", "direct"])
        self.check_whole(pushed)

    def push_past_a_liar(self, liar, is_over):
        """Garbage among what the liar passes on: it must come after its own check, and before its bytes have left."""
        push = self.push()
        folder = os.path.join(liar.home, "storage", "swarm")
        garbage, due = b"x" * 16, {}

        def lie(file, piece):
            # When it has checked a piece nobody can see: now sooner, now later, some lies hit.
            if piece in due:
                if time.monotonic() > due[piece]:
                    del due[piece]
                    for at in range(piece, piece + PIECE, BLOCK):
                        os.pwrite(file, garbage, at)
            elif os.pread(file, 16, piece) != garbage and all(
                    any(os.pread(file, 16, at)) for at in range(piece + BLOCK - 16, piece + PIECE, BLOCK)):
                due[piece] = time.monotonic() + random.uniform(0, 0.04)

        deadline = time.monotonic() + 60
        while not is_over() and push.poll() is None and time.monotonic() < deadline:
            for name in os.listdir(folder) if os.path.isdir(folder) else []:
                with contextlib.suppress(FileNotFoundError), open(os.path.join(folder, name), "r+b", buffering=0) as file:
                    for piece in range(0, SIZE, PIECE):
                        lie(file.fileno(), piece)
        self.check_whole(self.outcome(push))

    def test_who_sends_wrong_bytes_is_dropped(self):
        self.alice = self.storage_user("alice", [f"node.upload_limit={RATE}"])
        # libtorrent drops addresses: each has one of its own.
        self.others = [self.storage_user(name, ["node.accept_from=anyone", f"node.control_listen=127.0.0.{21 + number}:0",
                                                  f"node.swarm_listen=127.0.0.{21 + number}:0"])
                       for number, name in enumerate(NAMES)]

        def is_noted():
            return any("swarm_peer_dropped" in party.log_text() for party in (self.others[0], self.others[2]))

        # All lies of one push may come too early, or too late to be one.
        for _ in range(4):
            self.file()
            self.push_past_a_liar(self.others[1], is_noted)
            if is_noted():
                return
        self.fail("nobody noted that carol sends wrong bytes")

    def test_a_mail_to_several_goes_out_once(self):
        self.others = [self.storage_user(name) for name in NAMES]
        gateway = self.gateway(settings=[f"node.upload_limit={RATE}"])
        people = [f"{name}@b.test" for name in NAMES]
        content = random.randbytes(6_000_000)
        self.assertEqual(self.send(gateway, message(people, {"film.bin": content}), "alice@a.test", people), {})
        for party, address in zip(self.others, people):
            (mail,) = self.await_mails(gateway, address)
            (reference,) = references(mail)
            target = os.path.join(self.folder, party.name)
            got = party.must("get", reference, "-o", target + ".bin").one()
            self.assertEqual(got["sha256"], sha256(content))
        kept = gateway.must("receipts").one()["receipts"]
        self.assertEqual([each["route"] for each in kept], ["swarm"] * 3)

    def test_the_process_sees_nothing(self):
        self.people()
        process = self.swarm_of(self.alice)["process"]
        with open(f"/proc/{process}/status") as file:
            status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
        self.assertEqual(status["NoNewPrivs"], "1")
        words = open(f"/proc/{process}/cmdline", "rb").read()
        self.assertNotIn(self.alice.home.encode(), words)
        self.alice.stop(signal.SIGKILL)
        self.until(lambda: not os.path.exists(f"/proc/{process}") or "Z" in open(f"/proc/{process}/stat").read().split(")")[-1].split()[0],
                   "the process to die with its parent")


if __name__ == "__main__":
    unittest.main()
