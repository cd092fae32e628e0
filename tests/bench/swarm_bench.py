#!/usr/bin/env python3
"""What several receivers of one file cost a sender with a limited uplink; takes a minute or two, prints lines and a table.

    SATCHEL=build/src/programs/satchel tests/bench/swarm_bench.py [MB [MB_PER_SECOND [RECEIVERS…]]]     (default: 100 20 4 8)

together: one push to all of them, by the swarm. one by one: a push to each after the other, by the direct route. Both from
the start of the program to the last receipt, with encryption, verification and fsync. Memory: of the greatest process at
its peak. All nodes, and their swarms' processes, share this machine's processors, and its disk."""
import os
import pathlib
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "journeys"))
from lab import Lab, until  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")


class Bench(Lab):
    def runTest(self):
        pass

    def processes(self):
        parents = {party.process.pid for party in self.parties if party.process}
        found = set(parents)
        for name in os.listdir("/proc"):
            if not name.isdigit():
                continue
            try:
                with open(f"/proc/{name}/stat") as file:
                    if int(file.read().rsplit(")", 1)[1].split()[1]) in parents:
                        found.add(int(name))
            except OSError:
                pass
        return found

    def cpu_seconds(self):
        ticks = 0
        for process in self.processes():
            with open(f"/proc/{process}/stat") as file:
                fields = file.read().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / TICKS

    def greatest_memory(self):
        """MB at its peak, of the greatest node and of the greatest swarm's process."""
        node = swarm = 0
        for process in self.processes():
            with open(f"/proc/{process}/status") as file:
                peak = next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 1000
            with open(f"/proc/{process}/cmdline") as file:
                if file.read().split("\0")[1] == "swarm":
                    swarm = max(swarm, peak)
                else:
                    node = max(node, peak)
        return node, swarm

    def push(self, path, names):
        start = time.monotonic()
        pushed = self.alice.must("push", path, *[f"{name}@b.test" for name in names], timeout=280).one()
        return time.monotonic() - start, [each["route"] for each in pushed["recipients"]]

    def sent(self):
        return self.alice.must("status").one()["uploaded_bytes"]

    def content(self, name, size):
        path = os.path.join(self.folder, name + ".bin")
        with open(path, "wb") as file:
            for _ in range(size // 1_000_000):
                file.write(os.urandom(1_000_000))
        return path


def measure(megabytes, rate, count):
    bench = Bench()
    bench.setUp()
    try:
        size = megabytes * 1_000_000
        bench.alice = bench.storage_user("alice", [f"node.upload_limit={rate * 1_000_000}"])
        names = [f"r{number}" for number in range(count)]
        for name in names:
            bench.storage_user(name)
        for name in names:
            until(lambda: bench.alice.run("lookup", f"{name}@b.test").code == 0, name)
        before, busy = bench.sent(), bench.cpu_seconds()
        together, routes = bench.push(bench.content("together", size), names)
        # With its peers gone the swarm's process has said its last word on what it sent.
        until(lambda: bench.alice.must("status").one()["swarm"]["peers"] == 0, "the swarm's end")
        uploaded, busy = (bench.sent() - before) / size, bench.cpu_seconds() - busy
        node, swarm = bench.greatest_memory()
        one_by_one = sum(bench.push(bench.content(name, size), [name])[0] for name in names)
        print(f"{count} receivers, {megabytes} MB, uplink {rate} MB/s: together {together:.2f} s, one by one {one_by_one:.2f} s, "
              f"ratio {together / one_by_one:.3f}, sender sent {uploaded:.2f} times the size, CPU of all nodes {busy:.1f} s, "
              f"memory of a node {node:.0f} MB, of a swarm's process {swarm:.0f} MB, routes {', '.join(sorted(set(routes)))}", flush=True)
    finally:
        bench.doCleanups()


def main(words):
    numbers = [int(word) for word in words]
    megabytes, rate = numbers[:2] if len(numbers) > 1 else (numbers + [100])[:1] + [20]
    for count in numbers[2:] or [4, 8]:
        measure(megabytes, rate, count)


if __name__ == "__main__":
    main(sys.argv[1:])
