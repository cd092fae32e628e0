#!/usr/bin/env python3
"""What Satchel costs and saves beside Postfix and Dovecot. Needs root; takes minutes; prints a line per measurement.

    SATCHEL=build/src/programs/satchel tests/bench/mail_bench.py attachments [MB RECIPIENTS]…   (default: 25 1  25 10  100 1  100 10)
    SATCHEL=build/src/programs/satchel tests/bench/mail_bench.py small [MESSAGES]
    SATCHEL=build/src/programs/satchel tests/bench/mail_bench.py memory [MB]

attachments: the same message to mailboxes, whole through Postfix to Dovecot, and through the gateway to people with
storage: seconds from the first byte to the last mailbox and receipt, and what the mail server's disk holds afterwards.
small: messages of 4 KiB through Postfix with the gateway as its filter, with a filter that stores, syncs and passes
on, and with a second pass of Postfix itself. memory: the peak of gateway and storage node with one large attachment."""
import base64
import os
import pathlib
import random
import socket
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "journeys"))
from lab import Lab, until  # noqa: E402
from mail_stack import MailStack  # noqa: E402
from ports import free_ports  # noqa: E402

LIMIT = 1 << 32
ROUNDS = 3


class Bench(Lab):
    """The parties of one measurement. Nothing is asserted: a bench shows figures."""

    def runTest(self):
        pass

    def open(self, addresses, edit_main="", edit_master=""):
        self.setUp()
        self.stack = MailStack(addresses)
        self.addCleanup(self.stack.close)
        for name, more in (("main.cf", edit_main + f"message_size_limit = {LIMIT}\n"), ("master.cf", edit_master)):
            with open(os.path.join(self.stack.folder, "postfix", name), "a") as file:
                file.write(more)
        self.stack.start()
        return self

    def serve_gateway(self, settings=()):
        self.gw = self.party("gw")
        self.gw.must("init")
        with open(os.path.join(self.gw.home, "satchel.toml"), "w") as file:
            file.write(self.stack.example("outbound", "satchel.toml"))
        self.gw.serve("gateway", self.joined + list(settings))

    def delivered(self):
        """Messages in all mailboxes: their files, which costs less than IMAP does."""
        return sum(len(os.listdir(folder)) for folder in self.stack_folders("new"))

    def stack_folders(self, name):
        return [path for path in (os.path.join(self.stack.folder, "boxes", address, "Maildir", name)
                                  for address in self.stack.addresses) if os.path.isdir(path)]

    def empty_mailboxes(self):
        for folder in self.stack_folders("new"):
            for name in os.listdir(folder):
                os.unlink(os.path.join(folder, name))


def write_message(path, recipients, size):
    """A message with one attachment of `size` bytes, ready to be sent after DATA."""
    line_bytes, block = 57, 57 * 4096
    with open(path, "wb") as file:
        file.write((f"From: alice@a.test\r\nTo: {', '.join(recipients)}\r\nSubject: film\r\n"
                    f"Message-ID: <{random.getrandbits(64):x}@a.test>\r\nMIME-Version: 1.0\r\n"
                    "Content-Type: multipart/mixed; boundary=\"line\"\r\n\r\n--line\r\nContent-Type: text/plain\r\n\r\n"
                    "Hello,\r\n\r\nsee the film.\r\n--line\r\nContent-Type: application/octet-stream; name=\"film.bin\"\r\n"
                    "Content-Disposition: attachment; filename=\"film.bin\"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
                    ).encode())
        left = size
        while left:
            content = random.randbytes(min(block, left))
            left -= len(content)
            text = base64.b64encode(content)
            width = line_bytes // 3 * 4
            file.write(b"".join(text[at:at + width] + b"\r\n" for at in range(0, len(text), width)))
        file.write(b"--line--\r\n.\r\n")


def submit(port, path, recipients):
    """One SMTP transaction that costs the sender next to nothing."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        lines = connection.makefile("rb")

        def say(command, code):
            if command:
                connection.sendall(command + b"\r\n")
            while (line := lines.readline())[3:4] == b"-":
                pass
            assert line.startswith(code), (command, line)
        say(b"", b"220")
        say(b"EHLO [127.0.0.1]", b"250")
        say(b"MAIL FROM:<alice@a.test>", b"250")
        for recipient in recipients:
            say(f"RCPT TO:<{recipient}>".encode(), b"250")
        say(b"DATA", b"354")
        with open(path, "rb") as file:
            connection.sendfile(file)
        say(b"", b"250")
        say(b"QUIT", b"221")


def await_files(condition, what, seconds=600):
    """As until(), but looks so often that the pauses don't count: for what costs next to nothing to ask."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.002)


def on_disk(*folders):
    """Bytes that files take, shared ones once."""
    seen = {}
    for folder in folders:
        for parent, _, names in os.walk(folder):
            for name in names:
                try:
                    state = os.lstat(os.path.join(parent, name))
                except FileNotFoundError:
                    continue
                seen[state.st_dev, state.st_ino] = state.st_blocks * 512
    return sum(seen.values())


def family(party):
    """A server's process, and its children: a gateway may run a node of its own."""
    pid = party.process.pid
    with open(f"/proc/{pid}/task/{pid}/children") as children:
        return [pid, *map(int, children.read().split())]


def peaks(party):
    """Peak memory of each of its processes, MB."""
    found = []
    for pid in family(party):
        with open(f"/proc/{pid}/status") as status:
            found.append(next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024)
    return " + ".join(f"{peak:.0f}" for peak in found)


def cpu_seconds(party):
    total = 0
    for pid in family(party):
        with open(f"/proc/{pid}/stat") as stat:
            fields = stat.read().rsplit(") ", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def attachments(size_mb, count):
    people = [f"user{number}@b.test" for number in range(count)]
    bench = Bench().open(people)
    try:
        stack = bench.stack
        for person in people:
            bench.storage_user(person.partition("@")[0])
        bench.serve_gateway()
        path = os.path.join(bench.folder, "message")
        server = [os.path.join(stack.folder, "boxes"), stack.spool, os.path.join(bench.gw.home, "spool")]
        # Each server's queue is its files: they go when the last receipt, or the last mailbox, is on disk.
        spooled = os.path.join(bench.gw.home, "spool", "msg")
        empty = on_disk(*server)
        times, disks = {"postfix": [], "filter": [], "gateway": []}, {}
        ports = {"postfix": stack.ports["mx"], "filter": stack.ports["submission"], "gateway": stack.ports["gateway_smtp"]}
        # A first small one on each way, so that no figure pays for warming up.
        for name in (*ports, *(list(ports) * ROUNDS)):
            warm = not all(times.values())
            write_message(path, people, 100_000 if name not in disks else size_mb * 1_000_000)
            start = time.monotonic()
            submit(ports[name], path, people)
            accepted = time.monotonic() - start
            await_files(lambda: bench.delivered() == count and stack.waiting() == 0 and not os.listdir(spooled),
                        "mailboxes and receipts")
            took = time.monotonic() - start
            assert bench.gw.must("queue").one()["messages"] == []
            if name in disks:
                times[name].append(took)
                print(f"  {name}: accepted after {accepted:.2f} s, done after {took:.2f} s", flush=True)
            disks[name] = on_disk(*server) - empty
            bench.empty_mailboxes()
        medians = {name: statistics.median(values) for name, values in times.items()}
        print(f"{size_mb} MB to {count}: Postfix to Dovecot {medians['postfix']:.2f} s; with the gateway as filter "
              f"{medians['filter']:.2f} s, ratio {medians['filter'] / medians['postfix']:.2f}; gateway in front "
              f"{medians['gateway']:.2f} s, ratio {medians['gateway'] / medians['postfix']:.2f}; disk "
              f"{disks['postfix'] / 1e6:.1f} MB and {disks['filter'] / 1e6:.3f} MB, ratio "
              f"{disks['filter'] / disks['postfix']:.4f}; gateway and its node peak {peaks(bench.gw)} MB", flush=True)
    finally:
        bench.doCleanups()


def small(messages):
    person = "carol@b.test"
    names = ("satchel", "filter", "postfix")
    ports = dict(zip(names, free_ports(3)))
    again, filter_port = free_ports(2)
    targets = {"filter": filter_port, "postfix": again}
    bench = Bench()
    rates = {name: [] for name in names}
    try:
        bench.open([person])
        targets["satchel"] = bench.stack.ports["gateway_smtp"]
        with open(os.path.join(bench.stack.folder, "postfix", "master.cf"), "a") as file:
            for name in names:
                file.write(f"127.0.0.1:{ports[name]} inet n - n - - smtpd\n"
                           f"  -o content_filter=satchel:[127.0.0.1]:{targets[name]}\n")
            file.write(f"127.0.0.1:{again} inet n - n - - smtpd\n"
                       f"  -o content_filter=satchel:[127.0.0.1]:{bench.stack.ports['reinject']}\n")
        bench.stack.command("postfix", "-c", f"{bench.stack.folder}/postfix", "reload")
        until(lambda: socket.socket().connect_ex(("127.0.0.1", again)) == 0, "Postfix's ports")
        bench.serve_gateway()
        peer = subprocess.Popen([sys.executable, HERE / "fsync_filter.py", str(filter_port),
                                 str(bench.stack.ports["reinject"])], stdout=subprocess.PIPE)
        bench.addCleanup(peer.wait)
        bench.addCleanup(peer.terminate)
        assert peer.stdout.readline() == b"ready\n"
        for name in (*names, *(names * ROUNDS)):
            before = cpu_seconds(bench.gw)
            start = time.monotonic()
            subprocess.run(["smtp-source", "-s", "8", "-m", str(messages), "-l", "4096", "-f", "alice@a.test",
                            "-t", person, f"127.0.0.1:{ports[name]}"], check=True)
            sent = time.monotonic() - start
            until(lambda: bench.delivered() == messages, "mailboxes", 600)
            rate = messages / (time.monotonic() - start)
            rates[name].append(rate)
            print(f"  {name}: sent after {sent:.2f} s, {rate:.0f} messages/s"
                  + (f", gateway CPU {cpu_seconds(bench.gw) - before:.2f} s" if name == "satchel" else ""), flush=True)
            until(lambda: bench.gw.must("queue").one()["messages"] == [] and bench.stack.waiting() == 0, "empty queues")
            bench.empty_mailboxes()
        medians = {name: statistics.median(values[1:]) for name, values in rates.items()}
        print(f"{messages} messages of 4 KiB: gateway {medians['satchel']:.0f}/s; syncing filter {medians['filter']:.0f}/s, "
              f"ratio {medians['satchel'] / medians['filter']:.2f}; a second pass of Postfix {medians['postfix']:.0f}/s, "
              f"ratio {medians['satchel'] / medians['postfix']:.2f}")
    finally:
        bench.doCleanups()


def memory(size_mb):
    bench = Bench().open(["bob@b.test"])
    try:
        bob = bench.storage_user("bob")
        bench.serve_gateway()
        idle = peaks(bench.gw), peaks(bob)
        path = os.path.join(bench.folder, "message")
        write_message(path, ["bob@b.test"], size_mb * 1_000_000)
        before = cpu_seconds(bench.gw), cpu_seconds(bob)
        start = time.monotonic()
        submit(bench.stack.ports["gateway_smtp"], path, ["bob@b.test"])
        until(lambda: bench.delivered() == 1, "the mailbox", 600)
        took = time.monotonic() - start
        print(f"{size_mb} MB in {took:.1f} s: gateway and its node peak {peaks(bench.gw)} MB (idle {idle[0]}), CPU "
              f"{cpu_seconds(bench.gw) - before[0]:.1f} s; storage node peak {peaks(bob)} MB (idle {idle[1]}), "
              f"CPU {cpu_seconds(bob) - before[1]:.1f} s")
    finally:
        bench.doCleanups()


def main(words):
    what, numbers = words[0] if words else "", [int(word) for word in words[1:]]
    if what == "attachments":
        for at in range(0, len(numbers or (numbers := [25, 1, 25, 10, 100, 1, 100, 10])), 2):
            attachments(numbers[at], numbers[at + 1])
    elif what == "small":
        small(*(numbers or [2000]))
    elif what == "memory":
        memory(*(numbers or [1000]))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
