#!/usr/bin/env python3
"""What moving a file costs with Satchel and with what a user would pick instead; takes minutes, prints lines and a table.

    SATCHEL=build/src/programs/satchel tests/bench/transfer_bench.py big [MB [ROUNDS]]     (default: 1000 3)
    SATCHEL=build/src/programs/satchel tests/bench/transfer_bench.py small [PUSHES]        (default: 30)
    SATCHEL=build/src/programs/satchel tests/bench/transfer_bench.py middle [ROUNDS]       (25 MB; default: 7)
    SATCHEL=build/src/programs/satchel tests/bench/transfer_bench.py many [AT_ONCE [MB]]   (default: 50 20)

big: one file to one receiver, all on this machine and on its disk, one after the other in every round. push: file to
receipt, encrypted, moved, verified, synced. by hand: age to a file, that by curl to nginx over TLS, and fsync. rsync: to a
daemon that syncs. get: from the own node to a decrypted file; by hand: curl from nginx over TLS through age -d. Peers: a raw
TCP copy, curl, aria2, libtorrent and hyperdht, which all sync what they wrote; none of them encrypts for the receiver alone.
many: as many pushes at once, and what memory the two nodes take.
The peaks of the nodes and servers come first; those of processes started for a run are never told as less than what this
script itself takes, about 25 MB. CPU counts all processes that take part, at both ends. Wants the packages age, curl, nginx-light, openssl and
rsync; aria2, python3-libtorrent and npm (for hyperdht) where they are there: it says what is missing. Runs wait a moment for a machine without other work, and tell if they waited in vain."""
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "journeys"))
from lab import Lab, PROGRAM, until  # noqa: E402
from other_peers import other_peers  # noqa: E402
from ports import free_port  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")
QUIET_SECONDS = float(os.environ.get("QUIET", "3"))
NGINX = """worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ }}
http {{
  access_log off; sendfile on; client_max_body_size 0;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/t1; fastcgi_temp_path {folder}/t2;
  uwsgi_temp_path {folder}/t3; scgi_temp_path {folder}/t4;
  server {{
    listen 127.0.0.1:{port} ssl; server_name localhost; ssl_protocols TLSv1.3;
    ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
    root {folder}/www; dav_methods PUT;
  }}
}}
"""
RSYNCD = """use chroot = no
reverse lookup = no
[in]
path = {folder}/rsync
read only = no
"""
COPY_TO = """import os, socket, sys
listener = socket.create_server(("127.0.0.1", 0)); print(listener.getsockname()[1], flush=True)
while True:
    connection, _ = listener.accept()
    buffer = memoryview(bytearray(262144))
    with open(sys.argv[1], "wb", buffering=0) as file:
        while got := connection.recv_into(buffer):
            file.write(buffer[:got])
        os.fsync(file.fileno())
    connection.sendall(b"."); connection.close()
"""
COPY_FROM = """import socket, sys
connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
with open(sys.argv[2], "rb", buffering=0) as file:
    buffer = memoryview(bytearray(262144))
    while got := file.readinto(buffer):
        connection.sendall(buffer[:got])
connection.shutdown(socket.SHUT_WR)
assert connection.recv(1) == b"."
"""


def cpu_of(pid):
    """Of a server, and of its children that have ended or are there."""
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(") ", 1)[1].split()
    total = sum(int(field) for field in fields[11:15]) / TICKS
    with open(f"/proc/{pid}/task/{pid}/children") as children:
        return total + sum(cpu_of(int(child)) for child in children.read().split())


def peak_of(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


def busy_others():
    """Processes that could run now, without this one."""
    with open("/proc/loadavg") as load:
        return int(load.read().split()[3].split("/")[0]) - 1


def wait_for_quiet():
    os.sync()
    deadline = time.monotonic() + QUIET_SECONDS
    calm = 0
    while calm < 5:
        calm = 0 if busy_others() else calm + 1
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def sync_file(path):
    file = os.open(path, os.O_RDONLY)
    os.fsync(file)
    os.close(file)


class Measures:
    """Wall, CPU and peak of each way, over the rounds."""

    def __init__(self, size):
        self.size, self.walls, self.cpus, self.peaks = size, {}, {}, {}

    def run(self, name, servers, work, quiet=True):
        """`work` starts processes by the function it is given, which counts what they use."""
        loud = quiet and not wait_for_quiet()
        used = [0.0]
        peaks = []

        def spawn(*command, after=None, **options):
            process = subprocess.Popen([str(word) for word in command], stdout=options.pop("stdout", subprocess.DEVNULL),
                                       stderr=subprocess.DEVNULL, **options)
            return process

        def ended(process):
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            assert process.returncode == 0, (name, process.args, process.returncode)
            used[0] += usage.ru_utime + usage.ru_stime
            peaks.append(usage.ru_maxrss / 1024)

        before = sum(map(cpu_of, servers))
        for pid in servers:
            with open(f"/proc/{pid}/clear_refs", "w") as clear:
                clear.write("5")
        start = time.monotonic()
        work(spawn, ended)
        wall = time.monotonic() - start
        cpu = used[0] + sum(map(cpu_of, servers)) - before
        peaks = [peak_of(pid) for pid in servers] + peaks
        self.walls.setdefault(name, []).append(wall)
        self.cpus.setdefault(name, []).append(cpu)
        self.peaks[name] = [max(pair) for pair in zip(self.peaks.get(name, peaks), peaks)]
        if quiet:
            print(f"  {name}: {wall:.3f} s, CPU {cpu:.2f} s" + (" (other work on the machine)" if loud else ""), flush=True)

    def wall(self, name):
        return statistics.median(self.walls[name])

    def ratio(self, one, other):
        """Median of the rounds' ratios: what disturbs a round disturbs both."""
        return statistics.median(a / b for a, b in zip(self.walls[one], self.walls[other]))

    def table(self):
        print(f"\n| {self.size / 1e6:g} MB | median s | min | max | MB/s | CPU s per GB | peak MB per process |\n|---|---|---|---|---|---|---|")
        for name, walls in self.walls.items():
            cpu = statistics.median(self.cpus[name]) / self.size * 1e9
            print(f"| {name} | {self.wall(name):.3f} | {min(walls):.3f} | {max(walls):.3f} | {self.size / 1e6 / self.wall(name):.0f} "
                  f"| {cpu:.2f} | {' + '.join(f'{peak:.0f}' for peak in self.peaks[name])} |")
        print()


class Bench(Lab):
    """Two nodes that know each other, and the servers of the others. Nothing is asserted: a bench shows figures."""

    def runTest(self):
        pass

    def open(self):
        self.setUp()
        self.alice = self.storage_user("alice")
        self.bob = self.storage_user("bob")
        for size in (1_000, 8_000_000):
            self.push(self.content(f"warm-{size}", size))
        return self

    def content(self, name, size):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            while size > 0:
                file.write(os.urandom(min(size, 1 << 20)))
                size -= 1 << 20
        return path

    def push(self, path):
        return self.alice.must("push", path, "bob@b.test", timeout=600).one()

    def nodes(self):
        return [self.alice.process.pid, self.bob.process.pid]

    def serve_others(self):
        for name in ("age", "curl", "nginx", "openssl", "rsync"):
            assert shutil.which(name), f"{name} is missing: apt-get install age curl nginx-light openssl rsync"
        for name in ("www", "rsync"):
            os.mkdir(os.path.join(self.folder, name))
            os.chmod(os.path.join(self.folder, name), 0o777)
        os.chmod(self.folder, 0o755)
        self.https, rsync_port = free_port(), free_port()
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", f"{self.folder}/key.pem",
                        "-out", f"{self.folder}/cert.pem"], check=True, capture_output=True)
        for name, text in (("nginx.conf", NGINX.format(folder=self.folder, port=self.https)),
                           ("rsyncd.conf", RSYNCD.format(folder=self.folder))):
            with open(os.path.join(self.folder, name), "w") as file:
                file.write(text)
        self.nginx = self.server("nginx", "-e", f"{self.folder}/error.log", "-g", "daemon off;", "-c", f"{self.folder}/nginx.conf")
        self.rsync = self.server("rsync", "--daemon", "--no-detach", f"--port={rsync_port}", "--address=127.0.0.1",
                                 f"--config={self.folder}/rsyncd.conf")
        self.rsync_url = f"rsync://127.0.0.1:{rsync_port}/in/"
        self.copy_to = self.server(sys.executable, "-c", COPY_TO, f"{self.folder}/raw", stdout=subprocess.PIPE)
        self.copy_port = int(self.copy_to.stdout.readline())
        for port in (self.https, rsync_port):
            until(lambda at=port: socket.socket().connect_ex(("127.0.0.1", at)) == 0, "servers")
        self.identity = os.path.join(self.folder, "age.key")
        subprocess.run(["age-keygen", "-o", self.identity], check=True, capture_output=True)
        self.recipient = subprocess.run(["age-keygen", "-y", self.identity], check=True, capture_output=True).stdout.decode().strip()

    def server(self, *command, stdout=subprocess.DEVNULL):
        process = subprocess.Popen(command, stdout=stdout, stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        return process

    def url(self, name):
        return f"https://localhost:{self.https}/{name}"


def satchel(party, *words):
    return PROGRAM, "--home", party.home, "--json", *words


def big(size_mb, rounds):
    bench = Bench().open()
    try:
        bench.serve_others()
        folder, size = bench.folder, size_mb * 1_000_000
        source = bench.content("film.bin", size)
        sealed, target = os.path.join(folder, "film.age"), os.path.join(folder, "got.bin")
        measures = Measures(size)
        pushed = {}

        def push(spawn, ended):
            process = spawn(*satchel(bench.alice, "push", source, "bob@b.test"), stdout=subprocess.PIPE)
            pushed["text"] = process.stdout.read()
            ended(process)

        def by_hand(spawn, ended):
            ended(spawn("age", "-r", bench.recipient, "-o", sealed, source))
            ended(spawn("curl", "-sf", "--cacert", f"{folder}/cert.pem", "-T", sealed, bench.url("film.age")))
            sync_file(f"{folder}/www/film.age")

        def put(spawn, ended):
            ended(spawn("curl", "-sf", "--cacert", f"{folder}/cert.pem", "-T", source, bench.url("plain.bin")))
            sync_file(f"{folder}/www/plain.bin")

        def get(spawn, ended):
            ended(spawn(*satchel(bench.bob, "get", pushed["id"], "-o", target)))

        def get_by_hand(spawn, ended):
            with open(target, "wb") as out:
                curl = spawn("curl", "-sf", "--cacert", f"{folder}/cert.pem", bench.url("film.age"), stdout=subprocess.PIPE)
                age = spawn("age", "-d", "-i", bench.identity, stdin=curl.stdout, stdout=out)
                curl.stdout.close()
            ended(curl)
            ended(age)

        def aria(spawn, ended):
            ended(spawn("aria2c", "-q", f"--ca-certificate={folder}/cert.pem", "-d", folder, "-o", "got.bin", "-x4", "-s4",
                        bench.url("plain.bin")))
            sync_file(target)

        nginx, rsync = [bench.nginx.pid], [bench.rsync.pid]
        ways = [("push to receipt", bench.nodes(), push), ("age + curl https PUT + fsync", nginx, by_hand),
                ("rsync daemon, fsync", rsync, lambda spawn, ended: ended(
                    spawn("rsync", "--fsync", "--whole-file", "--inplace", source, bench.rsync_url))),
                ("curl https PUT + fsync", nginx, put),
                ("raw TCP copy + fsync", [bench.copy_to.pid], lambda spawn, ended: ended(
                    spawn(sys.executable, "-c", COPY_FROM, bench.copy_port, source))),
                ("get + decrypt", [bench.nodes()[1]], get), ("curl https | age -d", nginx, get_by_hand)]
        ways += [("aria2 https, 4 connections", nginx, aria)] if shutil.which("aria2c") else []
        ways += other_peers(bench, source)
        for number in range(rounds):
            for name, servers, work in ways:
                measures.run(name, servers, work)
                for path in (target, f"{folder}/rsync/film.bin", f"{folder}/torrent/film.bin"):
                    pathlib.Path(path).unlink(missing_ok=True)
                if work is push:
                    result = json.loads(pushed["text"])
                    pushed["id"] = result["content_id"]
            bench.bob.must("rm", pushed["id"])
        measures.table()
        print(f"push / by hand {measures.ratio('push to receipt', 'age + curl https PUT + fsync'):.2f}; push / rsync "
              f"{measures.ratio('push to receipt', 'rsync daemon, fsync'):.2f}; get / by hand "
              f"{measures.ratio('get + decrypt', 'curl https | age -d'):.2f}", flush=True)
    finally:
        bench.doCleanups()


class LocalSocket:
    """The node's own socket, as mail programs and the gateway use it: no program is started for a push."""

    def __init__(self, party):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(next(pathlib.Path(party.home).rglob("node.sock"))))
        self.lines = self.socket.makefile("rb")

    def push(self, path):
        request = {"verb": "push", "args": {"name": os.path.basename(path), "recipients": ["bob@b.test"], "bytes": os.path.getsize(path)},
                   "set": []}
        with open(path, "rb") as file:
            socket.send_fds(self.socket, [json.dumps(request).encode() + b"\n"], [file.fileno()])
            while "progress" in (reply := json.loads(self.lines.readline())):
                pass
        assert reply["result"]["delivered"], reply


def rounds_of_push(size, rounds):
    bench = Bench().open()
    try:
        measures = Measures(size)
        for number in range(rounds):
            source = bench.content(f"small-{number}", size)
            if size > 1_000_000 or number == 0:
                wait_for_quiet()
            measures.run("push to receipt", bench.nodes(), lambda spawn, ended: ended(
                spawn(*satchel(bench.alice, "push", source, "bob@b.test"))), quiet=False)
            measures.run("`satchel --version`, which talks to nobody", [], lambda spawn, ended: ended(
                spawn(*satchel(bench.alice, "--version"))), quiet=False)
            os.unlink(source)
        local, kept = LocalSocket(bench.alice), []
        for number in range(rounds):
            source = bench.content(f"kept-{number}", size)
            start = time.monotonic()
            local.push(source)
            kept.append(time.monotonic() - start)
            os.unlink(source)
        walls = sorted(measures.walls["push to receipt"])
        print(f"{rounds} pushes of {size / 1000:g} KB: p50 {statistics.median(walls) * 1000:.1f} ms, p90 "
              f"{walls[int(len(walls) * 0.9)] * 1000:.1f} ms, least {walls[0] * 1000:.1f} ms; of that "
              f"{measures.wall('`satchel --version`, which talks to nobody') * 1000:.1f} ms to start the program; through the node's "
              f"socket p50 {statistics.median(kept) * 1000:.1f} ms, least {min(kept) * 1000:.1f} ms; CPU at all "
              f"ends {statistics.median(measures.cpus['push to receipt']) * 1000:.1f} ms", flush=True)
    finally:
        bench.doCleanups()


def many(at_once, size_mb):
    bench = Bench().open()
    try:
        idle = [peak_of(pid) for pid in bench.nodes()]
        sources = [bench.content(f"many-{number}", size_mb * 1_000_000) for number in range(at_once)]
        before, start = sum(map(cpu_of, bench.nodes())), time.monotonic()
        pushes = [subprocess.Popen([str(word) for word in satchel(bench.alice, "push", source, "bob@b.test")], stdout=subprocess.DEVNULL)
                  for source in sources]
        assert not any(push.wait() for push in pushes)
        peaks = [peak_of(pid) for pid in bench.nodes()]
        print(f"{at_once} pushes of {size_mb} MB at once: {time.monotonic() - start:.1f} s, CPU of the nodes "
              f"{sum(map(cpu_of, bench.nodes())) - before:.1f} s; peak of the sending node {peaks[0]:.0f} MB (before: {idle[0]:.0f}), of the "
              f"receiving one {peaks[1]:.0f} MB (before: {idle[1]:.0f})", flush=True)
    finally:
        bench.doCleanups()


def main(words):
    what, numbers = words[0] if words else "", [int(word) for word in words[1:]]
    if what == "big":
        big(*(numbers + [1000, 3][len(numbers):]))
    elif what == "small":
        rounds_of_push(1_000, *(numbers or [30]))
    elif what == "middle":
        rounds_of_push(25_000_000, *(numbers or [7]))
    elif what == "many":
        many(*(numbers + [50, 20][len(numbers):]))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
