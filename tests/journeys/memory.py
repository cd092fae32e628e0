"""What the nodes take of memory while they are at their busiest: 50 transfers at once, and addresses looked up meanwhile, each of
which costs an Argon2id of 16 MiB."""
import os
import random
import subprocess
import threading
import unittest

from lab import Lab

TRANSFERS, FILE_BYTES = 50, 10_000_000
MOST_BYTES = 64_000_000


def peak_bytes(process):
    with open(f"/proc/{process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) * 1024


class Memory(Lab):
    def look_up_strangers(self, party, looked_up, enough):
        while not enough.is_set():
            party.run("lookup", f"stranger{len(looked_up)}@b.test")
            looked_up.append(peak_bytes(party.process))

    def test_many_transfers_and_lookups_at_once(self):
        alice, bob = (self.storage_user(name, ["node.accept_from=anyone"]) for name in ("alice", "bob"))
        paths = [os.path.join(self.folder, f"{i}.bin") for i in range(TRANSFERS)]
        for path in paths:
            with open(path, "wb") as file:
                file.write(random.randbytes(FILE_BYTES))
        enough, looked_up = threading.Event(), {"alice": [], "bob": []}
        lookers = [threading.Thread(target=self.look_up_strangers, args=(party, looked_up[party.name], enough)) for party in (alice, bob)]
        pushes = [subprocess.Popen(alice.command(True, []) + ["push", path, "bob@b.test"], stdout=subprocess.DEVNULL) for path in paths]
        for looker in lookers:
            looker.start()
        try:
            codes = [push.wait(timeout=120) for push in pushes]
        finally:
            enough.set()
            for looker in lookers:
                looker.join()
            for push in pushes:
                push.kill()
        self.assertEqual(codes, [0] * TRANSFERS)
        peaks = {party.name: peak_bytes(party.process) for party in (alice, bob)}
        print(f"{TRANSFERS} transfers, {sum(map(len, looked_up.values()))} lookups meanwhile; peaks: "
              + ", ".join(f"{name} {peak / 1e6:.1f} MB" for name, peak in peaks.items()), flush=True)
        self.assertGreater(min(map(len, looked_up.values())), 2, "no lookups meanwhile: the peaks say little")
        self.assertLess(max(peaks.values()), MOST_BYTES, peaks)


if __name__ == "__main__":
    unittest.main()
