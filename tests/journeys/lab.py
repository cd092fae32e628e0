"""Parties on loopback for the journeys: real processes, real files, events awaited with a deadline."""
import hashlib
import json
import os
import random
import select
import shutil
import signal
import smtplib
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = os.environ["SATCHEL"]
# A node that gets the port of one that was somebody else's hears from its network. Journeys that run at once have each their own.
OWN_NETWORK = f"node.dht_network={random.randrange(2**16, 2**32)}"
LOOPBACK = ["node.control_listen=127.0.0.1:0", "node.swarm_listen=127.0.0.1:0", "node.dht_listen=127.0.0.1:0", OWN_NETWORK, "trust.resolver=none"]


def until(condition, what, seconds=30):
    """Asks again and again for what another process brings about; fails when the deadline passes."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain for {what}")
        select.select([], [], [], 0.02)
    return value


class Answer:
    """What a verb said: exit code, JSON objects of stdout, raw texts."""

    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    def objects(self):
        return [json.loads(line) for line in self.out.decode().splitlines()]

    def one(self):
        objects = self.objects()
        assert len(objects) == 1, (self.code, self.out, self.err)
        return objects[0]

    def error(self):
        return self.one()["error"]


class Party:
    """One home, and the server that may run in it."""

    def __init__(self, lab, name):
        self.lab, self.name = lab, name
        self.home = os.path.join(lab.folder, name)
        self.log = os.path.join(lab.folder, name + ".log")
        self.process, self.ready = None, None
        self.inside = []  # words before a command, for a party with a network of its own

    def command(self, json_output, settings):
        command = self.inside + [PROGRAM, "--home", self.home] + (["--json"] if json_output else [])
        for setting in settings:
            command += ["--set", setting]
        return command

    def run(self, *words, input=None, settings=(), cwd=None, json_output=True, timeout=60):
        return Answer(subprocess.run(self.command(json_output, settings) + list(words), input=input, capture_output=True, cwd=cwd or self.lab.folder,
                                     timeout=timeout))

    def must(self, *words, **options):
        answer = self.run(*words, **options)
        assert answer.code == 0, (self.name, words, answer.code, answer.out, answer.err)
        return answer

    def serve(self, verb, settings=(), timeout=30):
        self.process = subprocess.Popen(self.command(True, settings) + [verb], stdout=subprocess.PIPE, stderr=open(self.log, "ab"),
                                        cwd=self.lab.folder)
        readable, _, _ = select.select([self.process.stdout], [], [], timeout)
        line = self.process.stdout.readline() if readable else b""
        assert line, (self.name, "not ready", open(self.log).read())
        self.ready = json.loads(line)
        assert self.ready.get("event") == "ready", self.ready
        return self.ready

    def stop(self, how=signal.SIGTERM, within=5.0):
        """Ends the server; gives its exit code, or None if it took longer than `within` seconds."""
        if self.process is None:
            return 0
        self.process.send_signal(how)
        try:
            return self.process.wait(timeout=within)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return None
        finally:
            self.process.stdout.close()
            self.process = None

    def log_text(self):
        return open(self.log).read()


class Lab(unittest.TestCase):
    """A folder, a bootstrap node, a domain b.test with its key, and whoever a test invites."""
    listening = LOOPBACK

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="satchel-journey-")
        self.parties = []
        self.addCleanup(self.close)  # also where the rest of the set-up fails
        self.boot = self.party("boot")
        self.boot.must("init")
        self.boot.serve("node", self.listening)
        self.dht = self.reached_at(self.boot, "dht")
        self.admin = self.party("admin")
        self.admin.must("init")
        self.domain_key = self.admin.must("domain", "init", "b.test").one()["public_key"]
        self.joined = self.listening + [f'node.dht_bootstrap=["{self.dht}"]', f'domain."b.test".keys=["{self.domain_key}"]']

    def close(self):
        for party in reversed(self.parties):
            party.stop()
        failed = any(error for _, error in self._outcome.errors) if hasattr(self._outcome, "errors") else False
        if failed:
            for party in self.parties:
                if os.path.exists(party.log):
                    sys.stderr.write(f"--- {party.name}\n{party.log_text()[-4000:]}")
        shutil.rmtree(self.folder, ignore_errors=True)

    def party(self, name):
        party = Party(self, name)
        self.parties.append(party)
        return party

    def reached_at(self, party, kind):
        return party.ready[kind]

    def storage_user(self, name, settings=("node.accept_from=anyone",)):
        """name@b.test with a running node and a published, bound record."""
        user = self.party(name)
        keys = user.must("init", "--address", f"{name}@b.test").one()
        user.binding = self.admin.must("domain", "bind", f"{name}@b.test", keys["user_key"],
                                       keys["age_recipient"]).one()["binding"]
        user.keys = keys
        user.serve("node", self.joined + list(settings))
        user.must("publish", "--address", f"{name}@b.test", "--binding", user.binding)
        return user

    def gateway(self, name="gw", settings=(), next_hop=None):
        gateway = self.party(name)
        gateway.must("init")
        gateway.mail = os.path.join(self.folder, name + "-mail")
        hop = next_hop or f"maildir:{gateway.mail}/{{recipient}}"
        gateway.serve("gateway", self.joined + ["gateway.smtp_listen=127.0.0.1:0", f"gateway.next_hop={hop}",
                                                *settings])
        return gateway

    def send(self, gateway, raw, sender, recipients):
        host, port = gateway.ready["smtp"].rsplit(":", 1)
        with smtplib.SMTP(host, int(port), timeout=60) as client:
            return client.sendmail(sender, recipients, raw)

    def mails(self, gateway, address):
        """In the order of their delivery: a name tells the second only."""
        folder = os.path.join(gateway.mail, address, "new")
        paths = [os.path.join(folder, name) for name in os.listdir(folder)] if os.path.isdir(folder) else []
        return [open(path, "rb").read() for path in sorted(paths, key=lambda path: os.stat(path).st_mtime_ns)]

    def await_mails(self, gateway, address, count=1, seconds=60):
        return self.until(lambda: (lambda mails: mails if len(mails) >= count else None)(self.mails(gateway, address)),
                          f"{count} mails for {address}", seconds)

    def until(self, condition, what, seconds=30):
        return until(condition, what, seconds)


def sha256(content):
    return hashlib.sha256(content).hexdigest()
