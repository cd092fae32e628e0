"""Peak memory of sender and receiver with many transfers at once. By hand:

    SATCHEL=build/src/programs/satchel PYTHONPATH=tests/journeys python3 tests/bench/crowd_memory.py [TRANSFERS] [MB] [LIMIT]

LIMIT: the sender's upload limit in MB/s, so that all are under way together; 0: none."""
import os
import random
import subprocess
import sys
import time
import unittest

from lab import Lab

COUNT, MEGABYTES, LIMIT = (int(word) for word in (sys.argv[1:] + ["50", "10", "20"][len(sys.argv) - 1:])[:3])


def peak(process):
    with open(f"/proc/{process.pid}/status") as status:
        return {line.split()[0]: int(line.split()[1]) / 1000 for line in status if line.startswith(("VmHWM", "RssAnon"))}


class CrowdMemory(Lab):
    def test_many(self):
        alice = self.storage_user("alice", [f"node.upload_limit={LIMIT * 1_000_000}"])
        bob = self.storage_user("bob")
        print("idle", peak(alice.process), peak(bob.process))
        pushes, begun = [], time.monotonic()
        for i in range(COUNT):
            path = os.path.join(self.folder, f"{i}.bin")
            with open(path, "wb") as file:
                file.write(random.randbytes(MEGABYTES * 1_000_000))
            pushes.append(subprocess.Popen(alice.command(True, []) + ["push", path, "bob@b.test"], stdout=subprocess.PIPE))
        ends = []
        for push in pushes:
            out, _ = push.communicate(timeout=500)
            ends.append(time.monotonic() - begun)
            if push.returncode:
                print(out.decode())
        print(f"{COUNT} pushes of {MEGABYTES} MB, {LIMIT} MB/s: {max(ends):.1f} s, failed {sum(p.returncode != 0 for p in pushes)}")
        print("sender", peak(alice.process), "receiver", peak(bob.process))
        ids = [blob["content_id"] for blob in bob.must("ls").one()["blobs"]]
        begun, gets = time.monotonic(), []
        for content_id in ids:
            gets.append(subprocess.Popen(bob.command(True, []) + ["get", content_id, "-o", os.path.join(self.folder, content_id)],
                                         stdout=subprocess.DEVNULL))
        failed = sum(get.wait() != 0 for get in gets)
        print(f"{len(ids)} gets at once: {time.monotonic() - begun:.1f} s, failed {failed}; receiver", peak(bob.process))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
