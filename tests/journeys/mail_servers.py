"""Between real mail servers: Postfix hands mail to the gateway and takes it back, Dovecot keeps it, IMAP shows it."""
import collections
import os
import random
import re
import select
import signal
import smtplib
import subprocess
import unittest

from lab import Lab, sha256
from mail_stack import MailStack
from whole_way import message, references

PEOPLE = ["bob@b.test", "carol@c.test"]
QUICK = ["gateway.retry_first=1s", "gateway.retry_max=1s"]
STREAM = 30  # messages while the gateway is killed again and again
DELIVERIES_AT_ONCE = 4  # delivery_threads in mailgw/gateway.cc


class MailServers(Lab):
    inbound = False

    def setUp(self):
        super().setUp()
        self.stack = MailStack(PEOPLE, inbound=self.inbound)
        self.addCleanup(self.stack.close)
        self.stack.start()
        self.gw = self.party("gw")
        self.gw.must("init")
        self.write_toml()
        self.serve_gateway()

    def write_toml(self):
        """The gateway's own satchel.toml is the example's."""
        with open(os.path.join(self.gw.home, "satchel.toml"), "w") as file:
            file.write(self.stack.example("outbound", "satchel.toml"))
            if self.inbound:
                file.write(self.stack.example("inbound", "satchel.toml"))

    def serve_gateway(self):
        return self.gw.serve("gateway", self.joined + QUICK)

    def await_empty_queues(self):
        # A message that Postfix was just putting off may miss a flush.
        def empty():
            if self.gw.must("queue").one()["messages"] == [] and self.stack.waiting() == 0:
                return True
            self.stack.flush()
            return False
        self.until(empty, "empty queues", 60)

    def test_placeholder_in_the_mailbox_and_full_mail_for_others(self):
        bob = self.storage_user("bob")
        content = random.randbytes(3_000_000)
        raw = message(PEOPLE, {"film.bin": content})
        self.assertEqual(self.stack.submit(raw, "bob@b.test", PEOPLE), {})
        (full,) = self.stack.await_mails("carol@c.test")
        self.assertTrue(full.endswith(raw), "below the trace lines, carol's mail must be the original")
        (mail,) = self.stack.await_mails("bob@b.test")
        self.assertLess(len(mail), 20_000)
        self.assertEqual(len(references(mail)), 1)
        saved = os.path.join(self.folder, "saved.eml")
        with open(saved, "wb") as file:
            file.write(mail)
        got = bob.must("get", saved, "-o", "film.bin").one()
        self.assertEqual((got["bytes"], got["sha256"]), (len(content), sha256(content)))

    def test_sendmail_goes_the_same_way(self):
        self.storage_user("bob")
        raw = message(["bob@b.test"], {"film.bin": random.randbytes(300_000)})
        self.sendmail(raw, "carol@c.test", "bob@b.test")
        (mail,) = self.stack.await_mails("bob@b.test")
        self.assertEqual(len(references(mail)), 1)

    def test_a_mail_server_that_is_down_gets_it_once_when_it_is_back(self):
        self.stack.stop_dovecot()
        raw = message(["carol@c.test"], {"small.txt": b"few bytes"})
        # Not by the submission port: it asks Dovecot who may log in.
        self.sendmail(raw, "bob@b.test", "carol@c.test")
        self.until(lambda: b"status=deferred" in self.postfix_log() or self.tried(), "a try in vain", 60)
        self.stack.start_dovecot()
        (mail,) = self.stack.await_mails("carol@c.test")
        self.assertTrue(mail.endswith(raw[raw.index(b"\r\n\r\n"):]))  # Postfix adds fields of its own here
        self.await_empty_queues()
        self.assertEqual(len(self.stack.mails("carol@c.test")), 1)

    def test_postfix_down_behind_the_gateway(self):
        self.stack.stop_postfix()
        raw = message(["carol@c.test"], {"small.txt": b"few bytes"})
        self.send(self.gw, raw, "bob@b.test", ["carol@c.test"])
        self.until(self.tried, "a try in vain")
        self.stack.start_postfix()
        (mail,) = self.stack.await_mails("carol@c.test")
        self.assertTrue(mail.endswith(raw))
        self.await_empty_queues()
        self.assertEqual(len(self.stack.mails("carol@c.test")), 1)

    def sendmail(self, raw, sender, recipient):
        subprocess.run(["sendmail", "-C", f"{self.stack.folder}/postfix", "-f", sender, recipient],
                       input=raw.replace(b"\r\n", b"\n"), check=True, timeout=60)

    def postfix_log(self):
        with open(os.path.join(self.stack.folder, "postfix.log"), "rb") as file:
            return file.read()

    def tried(self):
        messages = self.gw.must("queue").one()["messages"]
        return any(recipient["tries"] > 0 for one in messages for recipient in one["recipients"])

    def tried_though_recorded(self):
        """What the gateway's log tells of a recipient after it told that the delivery is done, which it tells once that is recorded."""
        done, again = set(), []
        with open(self.gw.log, encoding="utf-8") as log:
            for line in log:
                told = re.search(r" (?:planned|delivery) (id=\w+ recipient=\d+)", line)
                if told and told[1] in done:
                    again.append(line)
                elif told and "state=done" in line:
                    done.add(told[1])
        self.assertGreaterEqual(len(done), STREAM // 3, "the log tells too little")  # a kill may come before the line
        return again

    def test_all_that_was_acknowledged_arrives_while_the_gateway_is_killed(self):
        acknowledged, kills = [], 0
        for number in range(STREAM):
            raw = message(["carol@c.test"], {"small.txt": b"few bytes"}, subject=f"number {number}")
            # Postfix queues what the gateway is not there to take; straight to the gateway only its own 250 counts.
            if number % 2:
                self.stack.submit(raw, "bob@b.test", ["carol@c.test"])
                acknowledged.append(number)
            else:
                try:
                    self.send(self.gw, raw, "bob@b.test", ["carol@c.test"])
                    acknowledged.append(number)
                except (OSError, smtplib.SMTPException):
                    pass
            if number % 6 == 5:
                self.assertEqual(self.gw.stop(how=signal.SIGKILL), -signal.SIGKILL)
                self.serve_gateway()
                kills += 1
        self.await_empty_queues()
        mails = self.stack.mails("carol@c.test")
        seen = collections.Counter(int(re.search(rb"^Subject: number (\d+)", mail, re.M)[1]) for mail in mails)
        self.assertEqual([n for n in acknowledged if not seen[n]], [], "acknowledged and lost")
        # The one window: the next hop said 250 and the gateway, or Postfix before it, had not yet recorded it. On a busy disk each of
        # its threads may be there when it is killed; what it has recorded it never tries again.
        self.assertEqual(self.tried_though_recorded(), [])
        twice = sum(count - 1 for count in seen.values())
        print(f"{len(acknowledged)} acknowledged, {kills} kills, {twice} came twice")
        self.assertLessEqual(twice, DELIVERIES_AT_ONCE * kills)


class Inbound(MailServers):
    """The same with the gateway as LMTP proxy in front of Dovecot, too."""
    inbound = True


class Traced(Lab):
    """What the gateway asks of the kernel between the final dot and its 250."""

    def test_message_folder_and_state_are_synced_before_the_250(self):
        gateway = self.gateway(settings=["gateway.next_hop=smtp://127.0.0.1:9"])
        trace = os.path.join(self.folder, "trace")
        tracer = subprocess.Popen(["strace", "-f", "-y", "-s", "64", "-o", trace, "-e",
                                   "trace=read,recvfrom,recvmsg,write,sendto,sendmsg,writev,fsync,fdatasync,rename,renameat,"
                                   "renameat2,link,linkat,openat,unlink", "-p", str(gateway.process.pid)],
                                  stderr=subprocess.PIPE)
        # strace says "attached" when it is; where tracing is not permitted it ends at once.
        readable, _, _ = select.select([tracer.stderr], [], [], 30)
        first = tracer.stderr.readline() if readable else b""
        attached = b"attached" in first
        self.send(gateway, message(["carol@c.test"], {"a.bin": b"x" * 1000}), "bob@b.test", ["carol@c.test"])
        self.assertEqual(len(gateway.must("queue").one()["messages"]), 1)
        tracer.send_signal(signal.SIGINT)
        tracer.wait(timeout=30)
        tracer.stderr.close()
        if not attached:
            print("tracing is not permitted here:", first.decode().strip())
            return
        self.check(open(trace, errors="replace").read().splitlines())

    def check(self, lines):
        go = next(i for i, line in enumerate(lines) if '"354 ' in line)
        said = next(i for i, line in enumerate(lines) if i > go and '"250 ' in line)
        synced = [re.search(r"f(?:data)?sync\(\d+<([^>]*)>", line) for line in lines[go:said]]
        paths = [match[1] for match in synced if match]
        print("synced between 354 and 250:", [os.path.basename(path) for path in paths])
        folders = [path for path in paths if os.path.isdir(path)]
        files = [path for path in paths if "/spool/msg/" in path and not os.path.isdir(path)]
        self.assertTrue(folders, "the folder")
        self.assertTrue(files, "the message")
        self.assertTrue([path for path in paths if "/queue.sqlite" in path], "the state")


if __name__ == "__main__":
    unittest.main()
