"""The world that the documents speak of, on loopback: the mail server mail.b.test with Postfix, Dovecot and Satchel, the DNS
of b.test, and people with homes of their own. Each command is run as its reader would type it; addresses, ports and
folders of the documents are replaced by this world's, and back in what is said."""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "journeys"))

from dns_trust import NameServer  # noqa: E402
from lab import OWN_NETWORK, PROGRAM, until  # noqa: E402
from mail_stack import MailStack  # noqa: E402
from ports import free_ports  # noqa: E402

from letters import letter  # noqa: E402

SERVER_HOME = "/var/lib/satchel/gateway"
# In place of `satchel`: a server gets ports of its own, all meet in a DHT of their own, nobody asks the real DNS, and a
# quota fits on any disk that tests run on: `doctor` warns of one larger than what is free, and of one with less than 1 GiB
# left.
WRAPPER = """#!/bin/sh
for word; do
    case $word in node | gateway) exec {program} {everywhere} {listen} "$@" ;; esac
done
[ -S "{home}/run/node.sock" ] || exec {program} {everywhere} "$@"
exec {program} "$@"
"""


def as_options(settings):
    return " ".join(f"--set {setting}" for setting in settings)


def listening_settings():
    """What a node listens on unless it is told otherwise: each gets a port of its own here."""
    with tempfile.TemporaryDirectory() as home:
        subprocess.run([PROGRAM, "--home", home, "init"], check=True, capture_output=True)
        with open(os.path.join(home, "satchel.toml")) as file:
            toml = file.read()
    found, section = [], None
    for line in toml.splitlines():
        if head := re.match(r"#\[(\w+)\]", line):
            section = head[1]
        elif section != "gateway" and (key := re.match(r'#(\w*listen) = "[^"]', line)):
            found.append(f"{section}.{key[1]}")
    return found


class World:
    def __init__(self, people):
        self.listening = listening_settings()
        self.folder = tempfile.mkdtemp(prefix="satchel-docs-", dir="/tmp")
        os.chmod(self.folder, 0o755)
        self.stack = MailStack([f"{name}@b.test" for name in people], inbound=True)
        self.dns = NameServer(self.folder)
        self.servers, self.seen = {}, {}
        self.ports = dict(zip(("control", "swarm", "dht"), free_ports(3)))
        # What the documents say, and what it is here.
        self.names = [(f"mail.b.test:{doc}", f"127.0.0.1:{self.ports[name]}")
                      for doc, name in ((7473, "control"), (7474, "swarm"), (7475, "dht"))]
        self.names += [(f"127.0.0.1:{doc}", f"127.0.0.1:{self.stack.ports[name]}")
                       for doc, name in ((587, "submission"), (10025, "gateway_smtp"), (10026, "reinject"),
                                         (10024, "gateway_lmtp"), (10023, "dovecot_lmtp"))]
        self.folders = [(SERVER_HOME, os.path.join(self.folder, "mail")), ("/home/", self.folder + "/")]

    def start(self):
        self.stack.start()
        self.dns.publish([])
        return self

    def close(self):
        for party in list(self.servers):
            self.stop(party)
        self.stack.close()
        self.dns.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def to_real(self, text):
        for doc, real in self.names + self.folders:
            text = re.sub(re.escape(doc) + r"(?!\d)", lambda _, real=real: real, text)
        return text

    def to_doc(self, text):
        for doc, real in self.names:
            text = re.sub(re.escape(real) + r"(?!\d)", lambda _, doc=doc: doc, text)
        for doc, real in self.folders:
            text = text.replace(real, doc)
        return text

    def home_of(self, party):
        return self.folders[0][1] if party == "mail" else os.path.join(self.folder, party, ".local/share/satchel")

    def environment(self, party):
        """Where this party's commands run, and with what."""
        folder = os.path.join(self.folder, party)
        binaries = os.path.join(self.folder, "bin", party)
        if not os.path.isdir(binaries):
            os.makedirs(binaries)
            os.makedirs(folder, mode=0o700, exist_ok=True)
            known = {f"node.{name}_listen": port for name, port in self.ports.items()} if party == "mail" else {}
            listen = [f"{key}=127.0.0.1:{known.get(key, 0)}" for key in self.listening]
            everywhere = [f"trust.resolver=127.0.0.1:{self.dns.port}", "'node.quota=2 GiB'", OWN_NETWORK]
            path = os.path.join(binaries, "satchel")
            with open(path, "w") as file:
                file.write(WRAPPER.format(program=PROGRAM, home=self.home_of(party), listen=as_options(listen),
                                          everywhere=as_options(everywhere)))
            os.chmod(path, 0o755)
        env = {"PATH": binaries + ":" + os.environ["PATH"], "HOME": folder, "LANG": "C.UTF-8", "TZ": "UTC",
               "DOCUMENTS": ROOT}
        if party == "mail":
            env["SATCHEL_HOME"] = self.home_of(party)
        return folder, env

    def run(self, party, text, in_background=False):
        """Exit code and all that was said, in the documents' words. A server: None and the line that says that it serves."""
        folder, env = self.environment(party)
        text = self.to_real(text)
        if in_background:
            return None, self.serve(party, re.sub(r" &\s*(#.*)?$", "", text), folder, env)
        done = subprocess.run(["bash", "-c", text], cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=120)
        return done.returncode, self.to_doc(done.stdout.decode(errors="replace"))

    def serve(self, party, text, folder, env):
        said = os.path.join(self.folder, f"{party}.said")
        with open(said, "wb") as out, open(self.log_of(party), "ab") as log:
            process = subprocess.Popen(["bash", "-c", "exec " + text], cwd=folder, env=env, stdin=subprocess.DEVNULL,
                                       stdout=out, stderr=log)
        self.servers[party] = process

        def first_line():
            with open(said) as file:
                line = file.readline()
            if not line.endswith("\n") and process.poll() is not None:
                with open(self.log_of(party)) as log:
                    raise AssertionError(f"{text}: ended with {process.returncode}: {log.read()[-2000:]}")
            return line if line.endswith("\n") else None
        return self.to_doc(until(first_line, f"{text} to serve"))

    def log_of(self, party):
        return os.path.join(self.folder, f"{party}.log")

    def stop(self, party):
        process = self.servers.pop(party)
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"{party}'s server did not end within 20 s") from None

    def write(self, party, path, lines):
        base = self.home_of(party) if path == "satchel.toml" else os.path.join(self.folder, party)
        path = os.path.join(base, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "a") as file:
            file.write("\n" + self.to_real("\n".join(lines)) + "\n")

    def publish(self, said):
        """TXT records as `satchel domain dns` prints them."""
        records = ["".join(re.findall(r'"([^"]*)"', line)) for line in said.splitlines() if " IN TXT " in line]
        assert records, f"no TXT record in: {said}"
        self.dns.publish([self.to_real(record) for record in records])

    def send(self, sender, recipients, files):
        """Who has a mailbox here submits; mail of others comes from outside."""
        raw = letter(sender, recipients, files)
        refused = self.stack.submit(raw, sender, recipients, "submission" if sender.endswith("@b.test") else "mx")
        assert refused == {}, refused
        return raw

    def newest_mail(self, address):
        """A mail that was not there when this was last asked; waits for it."""
        before = self.seen.get(address, 0)
        mails = self.stack.await_mails(address, before + 1)
        self.seen[address] = before + 1
        return mails[before]

    def logs(self):
        texts = []
        for party in sorted(os.listdir(self.folder)):
            if party.endswith(".log"):
                with open(os.path.join(self.folder, party)) as file:
                    texts.append(f"--- {party}\n{file.read()[-3000:]}")
        return "\n".join(texts) + self.stack.logs()
