"""Networks that are gone for a while, and nodes that are killed while somebody gets a file from them: what was verified is
not moved again, counted at the interface. In namespaces."""
import json
import os
import random
import signal
import subprocess
import sys
import time

from lab import sha256
from net_lab import HIDDEN, NatLab, main

SIZE, RATE = 16_000_000, 4_000_000
CUT = float(os.environ.get("SATCHEL_CUT_SECONDS", "5"))


class NetworkCut(NatLab):
    def test_a_network_that_is_gone_for_a_while(self):
        limit = [f"node.upload_limit={RATE}"]
        homer = self.storage_user("homer", [HIDDEN, *self.gateway, *limit])
        alice = self.storage_user("alice", self.gateway + limit)
        self.await_available(alice, "homer")
        path = os.path.join(self.folder, "file.bin")
        for sender, receiver in ((homer, alice), (alice, homer)):
            content = random.randbytes(SIZE)
            open(path, "wb").write(content)
            push = subprocess.Popen(sender.command(True, []) + ["push", path, f"{receiver.name}@b.test"],
                                    stdout=subprocess.PIPE)
            self.addCleanup(push.kill)
            partial = os.path.join(receiver.home, "storage", "partial")
            before = homer.place.bytes()
            self.until(lambda: any(os.path.getsize(os.path.join(partial, name)) > SIZE / 4
                                   for name in os.listdir(partial)), "a part of it", 60)
            homer.place.cut()
            time.sleep(CUT)
            homer.place.mend()
            mended = time.monotonic()
            out, _ = push.communicate(timeout=120)
            self.assertEqual(push.returncode, 0, out)
            seconds, moved = time.monotonic() - mended, homer.place.bytes() - before
            if "SATCHEL_CUT_SECONDS" in os.environ:
                print(f"{sender.name}: {seconds:.1f} s after a cut of {CUT:g} s; {moved / SIZE:.3f} times the file moved", file=sys.stderr)
            # At most half a second of data twice, and what TCP and TLS add.
            self.assertLess(moved, 1.05 * SIZE + RATE / 2)
            sent = json.loads(out.splitlines()[-1])
            out = os.path.join(self.folder, "got.bin")
            self.assertEqual(receiver.must("get", sent["content_id"], "-o", out).one()["sha256"], sha256(content))
            os.remove(out)

    def two_nodes_of_bob(self):
        """What is pushed lies on `nas` alone; `bob` can get it from there."""
        bob = self.storage_user("bob", self.gateway)
        nas = self.party("nas")
        nas.must("init")
        nas.settings = self.joined + ["node.accept_from=anyone", 'node.serves=["bob@b.test"]', f"node.upload_limit={RATE}"]
        nas.serve("node", nas.settings)
        bob.must("publish", "--address", "bob@b.test", "--node", bob.ready["node_key"], "--node", nas.ready["node_key"] + ":20")
        self.until(lambda: [node["available"] for node in self.boot.run("lookup", "bob@b.test", settings=self.trusting).one()["nodes"]]
                   == [True, True], "both nodes")
        bob.stop()
        content = random.randbytes(SIZE)
        path = os.path.join(self.folder, "file.bin")
        open(path, "wb").write(content)
        sent = self.boot.must("push", path, "bob@b.test", settings=self.trusting).one()
        self.assertEqual(len(nas.must("ls").one()["blobs"]), 1)
        bob.serve("node", self.joined + self.gateway)
        return bob, nas, sent["content_id"], sha256(content)

    def test_a_get_goes_on_whoever_is_killed(self):
        bob, nas, content_id, digest = self.two_nodes_of_bob()
        out = os.path.join(self.folder, "got.bin")
        partial = os.path.join(bob.home, "storage", "partial")

        def get():
            return subprocess.Popen(bob.command(True, []) + ["get", content_id, "-o", out], stdout=subprocess.PIPE)

        def await_part(part):
            self.until(lambda: any(os.path.getsize(os.path.join(partial, name)) > SIZE * part
                                   for name in os.listdir(partial)), f"{part} of it", 60)
        before, first = bob.place.bytes(), get()
        self.addCleanup(first.kill)
        await_part(1 / 4)
        nas.stop(signal.SIGKILL)
        nas.serve("node", nas.settings)
        self.assertIsNone(first.poll(), first.stdout.read() if first.poll() is not None else "")
        await_part(1 / 2)
        bob.stop(signal.SIGKILL)
        first.communicate(timeout=60)
        self.assertNotEqual(first.returncode, 0)
        self.assertFalse(os.path.exists(out))
        bob.serve("node", self.joined + self.gateway)
        self.assertEqual(bob.must("ls").one()["blobs"], [])
        got = self.until(lambda: (lambda answer: answer.one() if answer.code == 0 else None)(bob.run("get", content_id, "-o", out)),
                         "the rest", 90)
        self.assertEqual((got["sha256"], got["source"]), (digest, "own other node"))
        self.assertLess(bob.place.bytes() - before, 1.05 * SIZE + 2 * RATE / 2)

    def test_nobody_waits_for_a_node_that_is_gone(self):
        bob, nas, content_id, _ = self.two_nodes_of_bob()
        unknown = "0" * 64
        for away in (False, True):
            if away:
                nas.place.cut()
            begun = time.monotonic()
            answer = bob.run("get", content_id if away else unknown)
            seconds = time.monotonic() - begun
            self.assertIn(answer.code, (69, 75) if away else (66,), answer.out)
            if "SATCHEL_CUT_SECONDS" in os.environ:
                print(f"{'its node is gone' if away else 'nobody has it'}: told after {seconds:.2f} s", file=sys.stderr)
            self.assertLess(seconds, 20)


if __name__ == "__main__":
    main()
