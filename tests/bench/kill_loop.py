"""One large transfer, and sender or receiver killed again and again in the middle. By hand:

    SATCHEL=build/src/programs/satchel PYTHONPATH=tests/journeys python3 tests/bench/kill_loop.py [MB] [KILLS] [LIMIT]

LIMIT: the sender's upload limit in MB/s. Needs root, as net_lab.py does: bytes are counted at the receiver's interface."""
import os
import random
import signal
import subprocess
import sys
import unittest

from lab import sha256
from net_lab import NetLab

MEGABYTES, KILLS, LIMIT = (int(word) for word in (sys.argv[1:] + ["2000", "8", "150"][len(sys.argv) - 1:])[:3])


class KillLoop(NetLab):
    def test_kills(self):
        sending = [f"node.upload_limit={LIMIT * 1_000_000}"]
        storing = ["node.accept_from=anyone"]
        alice, bob = self.storage_user("alice", sending), self.storage_user("bob", storing)
        path, size = os.path.join(self.folder, "film.bin"), MEGABYTES * 1_000_000
        with open(path, "wb") as file:
            for _ in range(MEGABYTES):
                file.write(random.randbytes(1_000_000))
        partial, before = os.path.join(bob.home, "storage", "partial"), bob.place.bytes()

        def arrived():
            return max([os.path.getsize(os.path.join(partial, name)) for name in os.listdir(partial)], default=0)

        def push():
            return subprocess.Popen(alice.command(True, []) + ["push", path, "bob@b.test"], stdout=subprocess.PIPE)
        under_way = push()
        for kill in range(1, KILLS + 1):
            goal = size * kill / (KILLS + 1)
            self.until(lambda goal=goal: arrived() >= goal, f"{goal / 1e6:.0f} MB", 120)
            who = random.choice((alice, bob))
            who.stop(signal.SIGKILL)
            self.assertEqual(bob.must("ls").one()["blobs"] if who is alice else [], [])
            who.serve("node", self.joined + (sending if who is alice else storing))
            if who is alice:
                under_way.communicate()
                under_way = push()
            print(f"killed {who.name} at {arrived() / 1e6:.0f} MB", flush=True)
        out, _ = under_way.communicate(timeout=300)
        self.assertEqual(under_way.returncode, 0, out)
        moved = bob.place.bytes() - before
        content_id = bob.must("ls").one()["blobs"][0]["content_id"]
        got = bob.must("get", content_id, "-o", os.path.join(self.folder, "got.bin"), timeout=300).one()
        with open(path, "rb") as file:
            self.assertEqual(got["sha256"], sha256(file.read()))
        print(f"{MEGABYTES} MB, {KILLS} kills: {(moved - size) / 1e6:.1f} MB more than the file went over the receiver's interface")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
