#!/usr/bin/env python3
"""How a node's page is with very many attachments: prints lines; takes some minutes.

    SATCHEL=build/src/programs/satchel FULL_STORE=build/tests/bench/full_store tests/bench/page_bench.py [COUNT [PLAYWRIGHT]]

COUNT small attachments (default: 100,000) lie in a home's storage (ninja tests/bench/full_store). First the node: until it is
ready, until all labels are read, memory. Then the page by HTTP: each request with its slowest answer of five, and how long the node's
one thread kept others waiting meanwhile ("held up": a request for a file of the page, asked all the time). Then Chromium, where
PLAYWRIGHT (build/playwright/playwright-core, from a run of the journey page_in_browser) is given."""
import http.client
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "journeys"))
from lab import PROGRAM, Lab, until  # noqa: E402
from page_client import Page, split  # noqa: E402

COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
PLAYWRIGHT = sys.argv[2] if len(sys.argv) > 2 else None
FULL_STORE = os.environ["FULL_STORE"]


def memory(party, which):
    text = open(f"/proc/{party.process.pid}/status").read()
    return int(re.search(which + r":\s+(\d+)", text)[1]) / 1000


class HeldUp:
    """Asks for a small file all the time; the longest wait tells how long the node's thread was busy with something else."""

    def __init__(self, endpoint):
        self.endpoint, self.longest, self.over = endpoint, 0.0, False
        self.thread = threading.Thread(target=self.ask)

    def ask(self):
        connection = http.client.HTTPConnection(*split(self.endpoint), timeout=120)
        while not self.over:
            begun = time.perf_counter()
            connection.request("GET", "/icon.svg")
            connection.getresponse().read()
            self.longest = max(self.longest, time.perf_counter() - begun)
            time.sleep(0.002)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over = True
        self.thread.join()


class Bench(Lab):
    def ready(self, bob, what):
        begun = time.perf_counter()
        bob.serve("node", self.joined + ["node.accept_from=anyone", "web.listen=127.0.0.1:0", "node.quota=200 GiB"], timeout=300)
        print(f"{what}: ready after {time.perf_counter() - begun:.2f} s; {memory(bob, 'VmRSS'):.0f} MB, peak {memory(bob, 'VmHWM'):.0f} MB", flush=True)
        page = Page(bob.ready["web"])
        page.log_in(bob)
        begun = time.perf_counter()
        with HeldUp(page.endpoint) as held:
            slowest = 0.0
            while True:
                asked = time.perf_counter()
                answer = page.get("/api/attachments")
                slowest = max(slowest, time.perf_counter() - asked)
                if answer["complete"]:
                    break
                assert asked - begun < 600, "labels are still being opened"
                time.sleep(0.2)
        print(f"{what}: all {answer['all']} labels after {time.perf_counter() - begun:.1f} s; the list meanwhile within {slowest * 1000:.0f} ms, "
              f"held up {held.longest * 1000:.0f} ms; {memory(bob, 'VmRSS'):.0f} MB, peak {memory(bob, 'VmHWM'):.0f} MB", flush=True)
        assert answer["all"] == COUNT, answer["all"]
        return page

    def test_all(self):
        bob = self.party("bob")
        keys = bob.must("init", "--address", "bob@b.test").one()
        begun = time.perf_counter()
        # In memory first: there, the sync of each costs nothing.
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            subprocess.run([FULL_STORE, os.path.join(folder, "storage"), "bob@b.test", keys["age_recipient"], str(COUNT)], check=True)
            shutil.move(os.path.join(folder, "storage"), os.path.join(bob.home, "storage"))
        print(f"{COUNT} attachments made in {time.perf_counter() - begun:.0f} s", flush=True)
        self.ready(bob, "first start")
        bob.stop(within=30)
        page = self.ready(bob, "second start")
        rows = [("list", ""), ("last page", f"?from={COUNT - 100}"), ("middle", f"?from={COUNT // 2}")]
        rows += [(f"by {order}, {way}", f"?order={order}&way={way}") for order in ("name", "from", "subject", "bytes", "stored") for way in ("up", "down")]
        rows += [(f"deep by {order}", f"?order={order}&from={COUNT * 9 // 10}") for order in ("name", "from", "subject", "bytes", "stored")]
        rows += [(f"search {words}", "?words=" + words) for words in ("invoice", "invoice+week+7", "person25", "e", "nothing-like-it")]
        rows += [("search by name", "?words=invoice&order=name"), ("search, deep", f"?words=e&from={COUNT // 2}&order=subject")]
        for name, query in rows:
            self.measure(page, name, "/api/attachments" + query)
        for path in ("/api/storage", "/api/status", "/api/receipts"):
            self.measure(page, path, path)
        begun = time.perf_counter()
        one = page.get("/api/attachments")["attachments"][0]
        page.post(f"/api/attachments/{one['content_id']}/delete")
        until(lambda: page.get("/api/attachments")["all"] == COUNT - 1, "it to go")
        print(f"deleted, and gone from the list: {time.perf_counter() - begun:.2f} s", flush=True)
        if PLAYWRIGHT:
            url = bob.must("open").one()["url"]
            chromium = shutil.which("chromium") or ""
            with HeldUp(page.endpoint) as held:
                subprocess.run(["node", HERE / "page_of_many.mjs", os.path.abspath(PLAYWRIGHT), url, str(COUNT - 1)], check=True,
                               env={**os.environ, "CHROMIUM": chromium})
            print(f"in Chromium: the node was held up {held.longest * 1000:.0f} ms at most")
        self.list(bob, "satchel ls")
        print(f"memory at the end: {memory(bob, 'VmRSS'):.0f} MB, peak {memory(bob, 'VmHWM'):.0f} MB", flush=True)
        bob.stop(within=30)
        self.list(bob, "satchel ls, no node")

    def list(self, bob, what):
        begun = time.perf_counter()
        child = subprocess.Popen([PROGRAM, "--home", bob.home, "--json", "ls"], stdout=subprocess.PIPE)
        first = child.stdout.read(1)
        at_first = time.perf_counter() - begun
        text = first + child.stdout.read()
        status = child.wait()
        print(f"{what}: {time.perf_counter() - begun:.2f} s, the first after {at_first:.2f} s, {len(json.loads(text)['blobs'])} lines, exit {status}", flush=True)

    def measure(self, page, name, path):
        took = []
        with HeldUp(page.endpoint) as held:
            for _ in range(5):
                begun = time.perf_counter()
                page.get(path)
                took.append(time.perf_counter() - begun)
        print(f"{name:28} {max(took) * 1000:7.1f} ms   held up {held.longest * 1000:6.1f} ms", flush=True)


if __name__ == "__main__":
    bench = Bench("test_all")
    result = bench.run()
    for _, trouble in result.errors + result.failures:
        print(trouble, file=sys.stderr)
    sys.exit(not result.wasSuccessful())
