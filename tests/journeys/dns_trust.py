"""Whose key a domain's is, from a real name server on loopback: plain, signed, forged and silent; a change of key; a new
user who has nothing but an address."""
import email
import os
import re
import socket
import subprocess
import time
import unittest

from lab import LOOPBACK, Lab, until
from ports import free_port
from whole_way import message

HERE = [setting for setting in LOOPBACK if not setting.startswith("trust.")]
QUESTION = b"\x12\x34\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01b\x04test\x00\x00\x06\x00\x01"  # SOA of b.test


class NameServer:
    """NSD, with a zone b.test of the test's making."""

    def __init__(self, folder):
        self.folder = os.path.join(folder, "dns")
        os.mkdir(self.folder)
        self.port = free_port()
        self.resolver = f"trust.resolver=127.0.0.1:{self.port}"
        self.zone = os.path.join(self.folder, "b.test.zone")
        self.conf, self.log = (os.path.join(self.folder, name) for name in ("nsd.conf", "nsd.log"))
        with open(self.conf, "w") as conf:
            conf.write(f'server:\n ip-address: 127.0.0.1@{self.port}\n server-count: 1\n username: ""\n database: ""\n'
                       f' zonesdir: "{self.folder}"\n pidfile: ""\n zonelistfile: "{self.folder}/zones"\n'
                       f' xfrdfile: ""\n xfrdir: "{self.folder}"\n logfile: "{self.log}"\n'
                       f'remote-control:\n control-enable: no\nzone:\n name: "b.test"\n zonefile: "{self.zone}"\n')
        self.process, self.key = None, None

    def publish(self, records, sign=False, change=None, below=None):
        """`change`: made to the zone after it was signed. `below`: the records of domains below this one, by name."""
        self.stop()
        with open(self.zone, "w") as zone:
            zone.write("$ORIGIN b.test.\n$TTL 60\n@ IN SOA ns.b.test. admin.b.test. 1 3600 600 86400 60\n"
                       "@ IN NS ns.b.test.\nns IN A 127.0.0.1\n")
            for place, texts in {"_satchel": records, **{f"_satchel.{name}": own for name, own in (below or {}).items()}}.items():
                for record in texts:
                    parts = " ".join(f'"{record[at:at + 255]}"' for at in range(0, len(record), 255))
                    zone.write(f"{place} IN TXT {parts}\n")
        if sign:
            self.sign()
        if change:
            text = open(self.zone).read()
            assert change[0] in text
            open(self.zone, "w").write(text.replace(*change))
        self.start()

    def sign(self):
        def run(*words):
            return subprocess.run(words, check=True, capture_output=True, cwd=self.folder).stdout.decode().strip()

        self.key = self.key or run("ldns-keygen", "-a", "ED25519", "-k", "b.test")
        run("ldns-signzone", "-o", "b.test", "-f", self.zone + ".signed", self.zone, self.key)
        os.replace(self.zone + ".signed", self.zone)
        self.anchor = "trust.dnssec_anchor=" + os.path.join(self.folder, self.key + ".key")

    def start(self):
        self.process = subprocess.Popen(["nsd", "-d", "-c", self.conf], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(0.2)
            client.connect(("127.0.0.1", self.port))
            until(lambda: self.answers(client), "the name server")

    def answers(self, client):
        assert self.process.poll() is None, open(self.log).read()
        try:
            client.send(QUESTION)
            return client.recv(4096)[3] & 15 == 0
        except OSError:
            return False

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait()
            self.process = None


class DnsTrust(Lab):
    def setUp(self):
        super().setUp()
        self.dns = NameServer(self.folder)
        self.addCleanup(self.dns.stop)
        self.reader = self.party("reader")
        self.reader.must("init")

    def records(self, *words, admin=None):
        return (admin or self.admin).must("domain", "dns", "b.test", *words).one()["records"]

    def lookup(self, code, *settings, party=None):
        answer = self.ask(settings, party or self.reader)
        self.assertEqual(answer.code, code, (answer.out, answer.err))
        return answer.one()

    def steps(self, *settings):
        return self.ask(settings, self.reader, json_output=False).out.decode()

    def ask(self, settings, party, json_output=True):
        return party.run("lookup", "-v", "bob@b.test", json_output=json_output, settings=HERE + [
            self.dns.resolver, f'node.dht_bootstrap=["{self.dht}"]', *settings])

    def test_a_record_names_the_key(self):
        self.storage_user("bob")
        self.dns.publish([])
        self.assertNotEqual(self.lookup(67)["trust"], "domain")
        self.dns.publish(["v=spf1 -all", *self.records()])
        self.assertEqual(self.lookup(0)["trust"], "domain")
        # What is away for now is not forgotten, and what was seen is no longer taken for new.
        self.dns.stop()
        self.assertEqual(self.lookup(0)["trust"], "domain")

    def test_a_signed_zone(self):
        self.storage_user("bob")
        good, sham = self.records()[0], self.records(admin=self.stranger())[0]
        self.dns.publish([good], sign=True)
        self.assertIn("DNSSEC vouches", self.steps(self.dns.anchor))
        # Its key may change as it likes.
        self.dns.publish([sham], sign=True)
        self.assertEqual(self.lookup(67, self.dns.anchor)["alarm"], "")
        # What was tampered with tells nothing to a newcomer, and takes nothing from who knows better.
        self.dns.publish([good], sign=True)
        self.lookup(0, self.dns.anchor)
        key = [re.search(r"p=([^;]+)", text).group(1) for text in (good, sham)]
        self.dns.publish([good], sign=True, change=key)
        self.lookup(0, self.dns.anchor)
        self.assertIn("DNSSEC refuses", self.steps(self.dns.anchor))
        other = self.party("other")
        other.must("init")
        found = self.lookup(67, self.dns.anchor, party=other)
        self.assertIn("DNSSEC refuses", found["reason"])

    def stranger(self):
        stranger = self.party("stranger")
        stranger.must("init")
        stranger.must("domain", "init", "b.test")
        return stranger

    def test_a_key_that_changes(self):
        bob = self.storage_user("bob")
        self.dns.publish(self.records())
        self.lookup(0)
        # Somebody else's: an alarm, and nothing counts.
        self.dns.publish(self.records(admin=self.stranger()))
        found = self.lookup(77)
        self.assertIn("has changed", found["alarm"])
        self.assertEqual(found["trust"], "none")
        self.assertIn("has changed", self.lookup(77)["alarm"])
        # The domain's own change: the old key has signed the new one, which stands there alone.
        self.admin.must("domain", "init", "b.test", "--rotate")
        self.dns.publish(self.records()[:1])
        binding = self.admin.must("domain", "bind", "bob@b.test", bob.keys["user_key"],
                                  bob.keys["age_recipient"]).one()["binding"]
        bob.must("publish", "--address", "bob@b.test", "--binding", binding)
        self.assertEqual(self.lookup(0)["alarm"], "")
        # Who says so takes what DNS says as new.
        self.dns.publish(self.records(admin=self.party("stranger")))
        self.lookup(77)
        self.reader.must("domain", "forget", "b.test")
        self.assertEqual(self.lookup(67)["alarm"], "")
        self.assertEqual(self.reader.run("domain", "forget", "c.test").code, 66)

    def test_an_alarm_is_told_by_lookup_send_and_log_and_mail_goes_in_full(self):
        """The first seen of a domain without keys is remembered; another key is no silent switch."""
        claims = {}
        for name in ("carol", "thief"):
            claims[name] = self.party(name)
            claims[name].must("init", "--address", "carol@c.test")
            claims[name].serve("node", self.joined + ["node.accept_from=anyone"])
        self.reader.serve("node", self.joined + ["trust.minimum=first-seen"])
        claims["carol"].must("publish", "--address", "carol@c.test")
        self.assertEqual(self.reader.must("lookup", "carol@c.test").one()["trust"], "first-seen")
        self.assertEqual(self.plan_for_carol(), ("push", ""))
        claims["thief"].must("publish", "--address", "carol@c.test")
        found = self.reader.run("lookup", "carol@c.test")
        self.assertEqual(found.code, 77)
        self.assertIn("another", found.one()["alarm"])
        plan, reason = self.plan_for_carol()
        self.assertEqual((plan, reason), ("full", found.one()["alarm"]))
        self.assertIn("user_key_changed address=carol@c.test", self.reader.log_text())
        self.assertEqual(claims["thief"].must("ls").one()["blobs"], [])
        # It is off by default: nobody is believed at his word.
        self.assertEqual(self.boot.run("lookup", "carol@c.test").one()["trust"], "none")

    def plan_for_carol(self):
        raw = message(["carol@c.test"], {"film.bin": os.urandom(100_000)})
        sent = self.reader.must("send", "-i", "-f", "alice@a.test", "carol@c.test", input=raw).one()
        return sent["recipients"][0]["plan"], sent["recipients"][0]["reason"]

    def test_a_resolver_that_says_nothing(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            resolver = f"trust.resolver=127.0.0.1:{silent.getsockname()[1]}"
            began = time.monotonic()
            found = self.lookup(67, resolver)
            self.assertIn("no answer from DNS", found["reason"])
            self.assertLess(time.monotonic() - began, 30)
            node = self.party("node")
            node.must("init", "--address", "bob@b.test")
            node.serve("node", HERE + [resolver])
            silent.settimeout(30)
            silent.recv(4096)  # it is asking
            self.assertEqual(node.stop(), 0)

    def test_nothing_but_an_address(self):
        mail = os.path.join(self.folder, "mail")
        gateway = self.admin.serve("gateway", self.joined + ["gateway.smtp_listen=127.0.0.1:0",
                                                             f"gateway.next_hop=maildir:{mail}/{{recipient}}"])
        self.admin.mail = mail
        self.dns.publish(self.records("--gateway", gateway["control"], "--gateway-key", gateway["node_key"],
                                      "--dht", self.dht))
        bob = self.party("bob")
        bob.must("init", "--address", "bob@b.test")
        bob.serve("node", HERE + [self.dns.resolver])
        bob.must("enroll", "bob@b.test")
        letter = email.message_from_bytes(self.await_mails(self.admin, "bob@b.test")[0])
        code = re.search(r"--code (\S+)", letter.get_payload()).group(1)
        self.assertTrue(bob.must("enroll", "bob@b.test", "--code", code).one()["binding"])
        found = self.lookup(0)
        self.assertEqual(found["trust"], "domain")
        self.assertEqual(found["nodes"][0]["node_key"], bob.ready["node_key"])
        # Nor does who looks him up: his domain says where to begin, too.
        stranger = self.party("stranger")
        stranger.must("init")
        found = stranger.must("lookup", "bob@b.test", settings=HERE + [self.dns.resolver]).one()
        self.assertEqual(found["trust"], "domain")

    def test_a_gateway_that_dns_names_speaks_for_its_senders(self):
        attested = ["node.accept_from=attested", self.dns.resolver]
        sales = self.party("sales")
        sales.must("init")
        sales.must("domain", "init", "sales.b.test")
        named, other = self.gateway("named"), self.gateway("other")
        records = sales.must("domain", "dns", "sales.b.test", "--gateway", named.ready["control"],
                             "--gateway-key", named.ready["node_key"]).one()["records"]
        self.dns.publish(self.records(), below={"sales": records})
        bob = self.storage_user("bob", attested)
        content = os.urandom(100_000)
        raw = message(["bob@b.test"], {"offer.bin": content})
        for gateway, speaks in ((named, True), (other, False)):
            self.send(gateway, raw, "team@sales.b.test", ["bob@b.test"])
            (mail,) = self.await_mails(gateway, "bob@b.test")
            self.assertEqual(mail.endswith(raw), not speaks, gateway.name)
            self.assertEqual(len(bob.must("ls").one()["blobs"]), 1)
        # The named one speaks for its own domain's senders, for no others.
        self.send(named, raw, "team@b.test", ["bob@b.test"])
        self.assertEqual(sum(mail.endswith(raw) for mail in self.await_mails(named, "bob@b.test", 2)), 1)


if __name__ == "__main__":
    unittest.main()
