"""One message through Satchel, told step by step: python3 quickstart.py SATCHEL [MESSAGE.eml]"""
import email
import email.policy
import glob
import hashlib
import json
import os
import random
import shutil
import smtplib
import subprocess
import sys
import tempfile
import time
from email.message import EmailMessage

started = time.monotonic()


def say(what, detail=""):
    print(f"{time.monotonic() - started:7.2f} s  {what:<26} {detail}", flush=True)


def human(size):
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000


class Party:
    """One home, and the process that runs in it."""

    def __init__(self, program, folder, name):
        self.program, self.name = program, name
        self.home = os.path.join(folder, name)
        self.log_file = os.path.join(folder, name + ".log")
        self.process = None

    def run(self, *words):
        done = subprocess.run([self.program, "--home", self.home, "--json", *words], capture_output=True, text=True)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        if done.returncode != 0:
            raise SystemExit(f"satchel {' '.join(words)}: exit {done.returncode}: {done.stdout}{done.stderr}")
        return answers[0] if answers else {}

    def serve(self, verb, settings):
        command = [self.program, "--home", self.home, "--json"]
        for setting in settings:
            command += ["--set", setting]
        self.process = subprocess.Popen(command + [verb], stdout=subprocess.PIPE, text=True,
                                        stderr=open(self.log_file, "w"))
        line = self.process.stdout.readline()
        if not line or json.loads(line).get("event") != "ready":
            raise SystemExit(f"{self.name} did not get ready: {line}{open(self.log_file).read()}")
        return json.loads(line)

    def events(self, name):
        """Lines of the log with this event, as dictionaries."""
        import shlex
        for line in open(self.log_file):
            words = shlex.split(line)
            if len(words) > 2 and words[2] == name:
                yield dict(word.split("=", 1) for word in words[3:])

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=10)


def wait_for(what, condition, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise SystemExit(f"waited {seconds} s in vain for {what}")


def made_on_the_spot():
    """Three attachments, 20 MB in all."""
    message = EmailMessage()
    message["From"], message["To"] = "alice@a.test", "bob@b.test, carol@c.test"
    message["Subject"] = "The pictures of Sunday, and a film"
    message["Message-ID"] = f"<quickstart-{time.time_ns()}@a.test>"
    message["Date"] = email.utils.formatdate()
    message.set_content("Dear both,\n\nhere they are.\n\nAlice\n")
    for name, kind, size in (("film.mp4", "video/mp4", 14_000_000), ("picture one.jpg", "image/jpeg", 4_000_000),
                             ("Übersicht.pdf", "application/pdf", 2_000_000)):
        main, sub = kind.split("/")
        message.add_attachment(random.randbytes(size), maintype=main, subtype=sub, filename=name)
    return message.as_bytes(policy=email.policy.SMTP)


def attachments(raw):
    """SHA-256 of each attachment of a message, and its size."""
    found = {}
    for part in email.message_from_bytes(raw, policy=email.policy.SMTP).walk():
        if part.is_multipart() or part.get_content_disposition() is None and part.get_filename() is None:
            continue
        content = part.get_payload(decode=True)
        found[hashlib.sha256(content).hexdigest()] = (part.get_filename(), len(content))
    return found


def references_in(raw):
    """The reference line of each placeholder, as a mail program would show it."""
    texts = (part.get_content() for part in email.message_from_bytes(raw, policy=email.policy.SMTP).walk()
             if part.get_content_type() == "text/plain")
    return [line.split()[1] for text in texts for line in text.splitlines() if line.startswith("Reference: ")]


def main():
    program = os.path.abspath(sys.argv[1])
    if len(sys.argv) > 2:
        raw = open(sys.argv[2], "rb").read().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    else:
        raw = made_on_the_spot()
    originals = attachments(raw)
    folder = tempfile.mkdtemp(prefix="satchel-quickstart-")
    boot, admin, bob, gateway = (Party(program, folder, name) for name in ("boot", "admin", "bob", "gateway"))
    loopback = ["node.control_listen=127.0.0.1:0", "node.swarm_listen=127.0.0.1:0", "node.dht_listen=127.0.0.1:0", "trust.resolver=none"]
    try:
        boot.run("init")
        ready = boot.serve("node", loopback)
        say("bootstrap node runs", f"DHT at {ready['dht']}")
        domain_key = admin.run("init") and admin.run("domain", "init", "b.test")["public_key"]
        joined = loopback + [f'node.dht_bootstrap=["{ready["dht"]}"]', f'domain."b.test".keys=["{domain_key}"]']
        me = bob.run("init", "--address", "bob@b.test")
        binding = admin.run("domain", "bind", "bob@b.test", me["user_key"], me["age_recipient"])["binding"]
        ready = bob.serve("node", joined + ["node.accept_from=anyone"])
        say("bob's storage node runs", f"control at {ready['control']}")
        record = bob.run("publish", "--address", "bob@b.test", "--binding", binding)
        say("bob's record is published", f"trust {record['trust']}, DHT record {record['seq']}")
        gateway.run("init")
        mailboxes = os.path.join(folder, "mailboxes")
        detach_min = ["gateway.detach_min=1 KiB"] if len(sys.argv) > 2 else []
        ready = gateway.serve("gateway", joined + detach_min + ["gateway.smtp_listen=127.0.0.1:0",
                                                                f"gateway.next_hop=maildir:{mailboxes}/{{recipient}}"])
        say("gateway runs", f"SMTP at {ready['smtp']}")
        for address in ("bob@b.test", "carol@c.test"):
            done = subprocess.run([program, "--home", gateway.home, "--json", "lookup", address],
                                  capture_output=True, text=True)
            seen = json.loads(done.stdout)
            say(f"lookup {address}", f"storage {seen['storage']}, trust {seen['trust']}, available {seen['available']}"
                + (f" ({seen['reason']})" if seen["reason"] else ""))

        host, port = ready["smtp"].rsplit(":", 1)
        begin = time.monotonic()
        with smtplib.SMTP(host, int(port)) as client:
            client.sendmail("alice@a.test", ["bob@b.test", "carol@c.test"], raw)
        say("message accepted (250)", f"{human(len(raw))}, {len(originals)} attachments, "
            f"{time.monotonic() - begin:.2f} s")

        def arrived(address):
            return glob.glob(os.path.join(mailboxes, address, "new", "*"))
        for_bob = open(wait_for("bob's mail", lambda: arrived("bob@b.test"))[0], "rb").read()
        for_carol = open(wait_for("carol's mail", lambda: arrived("carol@c.test"))[0], "rb").read()
        people = ["bob@b.test", "carol@c.test"]
        for plan in gateway.events("planned"):
            say(f"plan for {people[int(plan['recipient'])]}",
                plan["plan"] + (f": {plan['reason']}" if plan["reason"] else f", {plan['parts']} attachments"))
        for delivered in gateway.events("delivered"):
            say(f"stored for {delivered['recipient']}", f"{delivered['content']}…, {human(int(delivered['bytes']))}, route "
                f"{delivered['route']}, receipt signed by node {delivered['node']}…")
        say("bob's mail", f"{human(len(raw))} → {human(len(for_bob))}")
        say("carol's mail", f"{human(len(raw))} → {human(len(for_carol))} (in full: she has no storage)")
        if not for_carol.endswith(raw):
            raise SystemExit("carol's mail is not what was sent")

        message_file = os.path.join(folder, "bob.eml")
        open(message_file, "wb").write(for_bob)
        references = references_in(for_bob)
        if not references:
            raise SystemExit("this message has no attachment that may be detached: bob got it in full, as he should")
        same = set()
        for reference in references:
            target = os.path.join(folder, f"attachment-{len(same)}")
            got = bob.run("get", reference, "-o", target)
            digest = hashlib.sha256(open(target, "rb").read()).hexdigest()
            if digest not in originals or digest != got["sha256"]:
                raise SystemExit(f"{reference}: not the bytes that were sent")
            same.add(digest)
            say(f"get {reference[:22]}…", f"{human(got['bytes'])} in {got['seconds']:.2f} s, SHA-256 as sent: "
                f"{originals[digest][0]}")
        if len(sys.argv) == 2 and same != set(originals):
            raise SystemExit("not all attachments were detached")
        say("all true", f"{len(same)} attachments went peer to peer, {human(len(raw) - len(for_bob))} "
            "did not pass through bob's mail server")
    finally:
        for party in (gateway, bob, boot):
            party.stop()
        if sys.exc_info()[0] is None or not sys.exc_info()[1].code:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"what happened is in {folder}", file=sys.stderr)


if __name__ == "__main__":
    main()
