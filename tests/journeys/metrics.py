"""Figures for Prometheus: a gateway's node shows its own and the gateway's, to this machine alone."""
import http.client
import os
import pathlib
import re
import shutil
import socket
import subprocess
import unittest
from email.message import EmailMessage

from lab import Lab


def message_with(content):
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "alice@a.test", "bob@b.test", "a file"
    mail.set_content("See the file.\n")
    mail.add_attachment(content, maintype="application", subtype="octet-stream", filename="film.bin")
    return mail.as_bytes()


ROOT = pathlib.Path(__file__).resolve().parents[2]
ALERTS = ROOT / "docs/prometheus-alerts.yml"
# What may stand in that file: the part of YAML that it needs.
LINES = (r"#.*", r"groups:", r"  - name: \w+", r"    rules:", r"      - alert: [A-Z]\w+", r"        expr: [a-z(](?:(?!: | #).)*", r"        for: \d+[smhd]",
         r"        annotations:", r'          summary: "(?:[^"\\]|\\.)+"')


def alert_expressions():
    return re.findall(r"^ +expr: (.*)$", ALERTS.read_text(), re.M)


class Alerts(unittest.TestCase):
    def test_the_rules_are_well_formed(self):
        for line in ALERTS.read_text().splitlines():
            self.assertTrue(any(re.fullmatch(pattern, line) for pattern in LINES), line)
        rules = ALERTS.read_text().split("      - alert: ")[1:]
        self.assertEqual(len(rules), len({rule.split("\n")[0] for rule in rules}), "a name for each")
        for rule in rules:
            self.assertRegex(rule, r"(?s)^\w+\n        expr: .*\n        annotations:\n          summary: ")
        for expression in alert_expressions():
            bare = re.sub(r'"[^"]*"', "", expression)
            for one, other in ("()", "{}", "[]"):
                self.assertEqual(bare.count(one), bare.count(other), expression)
        if promtool := shutil.which("promtool"):  # its Debian package is a whole Prometheus, which starts: so not in the list of ours
            subprocess.run([promtool, "check", "rules", ALERTS], check=True, capture_output=True)

    def test_events_that_they_wait_for_are_told(self):
        sources = "".join(path.read_text() for room in ("src", "dht", "transfer", "mailgw") for path in (ROOT / room).rglob("*.cc"))
        for expression in alert_expressions():
            for words in re.findall(r'event=~?"([^"]*)"', expression):
                for word in words.split("|"):
                    self.assertIn(f'"{word}"', sources)
        states = (ROOT / "mailgw/spool_index.cc").read_text()
        for state in re.findall(r'satchel_queue_\w+\{state="([^"]*)"\}', ALERTS.read_text()):
            self.assertIn(f'return "{state}"', states)


class Metrics(Lab):
    def kinds_in(self, text):
        """Prometheus' text format, strictly; gives the kind of each figure."""
        kinds, seen, helped = {}, set(), None
        self.assertTrue(text.endswith("\n"))
        for line in text.splitlines():
            if told := re.fullmatch(r"# HELP ([a-z_]+) (.+)", line):
                helped = told[1]
            elif told := re.fullmatch(r"# TYPE ([a-z_]+) (counter|gauge)", line):
                self.assertEqual((told[1], told[1] in kinds), (helped, False), line)
                self.assertEqual(told[1].endswith("_total"), told[2] == "counter", line)
                kinds[told[1]] = told[2]
            else:
                told = re.fullmatch(r'([a-z_]+)((?:\{[a-z]+="[^"\\]*"(?:,[a-z]+="[^"\\]*")*\})?) (\d+(?:\.\d+)?(?:e[+-]?\d+)?)', line)
                self.assertTrue(told, line)
                self.assertEqual((told[1], told[1] + told[2] in seen), (helped, False), line)
                seen.add(told[1] + told[2])
        if promtool := shutil.which("promtool"):
            checked = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True)
            self.assertEqual((checked.returncode, checked.stderr), (0, ""))
        return kinds

    def at(self, party):
        return re.search(r"info metrics listen=127\.0\.0\.1:(\d+)", party.log_text())[1]

    def ask(self, party, path="/metrics", method="GET", **headers):
        connection = http.client.HTTPConnection("127.0.0.1", int(self.at(party)), timeout=30)
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    def figures(self, party):
        status, text = self.ask(party)
        self.assertEqual(status, 200)
        return {name: float(value) for name, value in re.findall(r"^([a-z_]+(?:\{.*\})?) (\S+)$", text, re.M)}

    def test_a_mail_is_counted_on_both_sides(self):
        bob = self.storage_user("bob", ["node.accept_from=anyone", "metrics.listen=127.0.0.1:0"])
        gateway = self.gateway(settings=["metrics.listen=127.0.0.1:0"])
        content = os.urandom(100_000)
        self.send(gateway, message_with(content), "alice@a.test", ["bob@b.test"])
        self.await_mails(gateway, "bob@b.test")
        # The DHT tells of its neighbours after its own time.
        self.until(lambda: self.figures(gateway)["satchel_dht_joined"] == 1, "a joined DHT")
        figures = self.figures(gateway)
        self.assertEqual(figures["satchel_gateway_up"], 1)
        self.assertEqual(figures['satchel_attachments_total{outcome="delivered"}'], 1)
        self.assertEqual(figures["satchel_detached_bytes_total"], len(content))
        self.assertGreaterEqual(figures['satchel_events_total{process="gateway",event="message_received"}'], 1)
        theirs = self.figures(bob)
        self.assertEqual(theirs["satchel_gateway_up"], 0)
        self.assertEqual((theirs["satchel_storage_blobs"], theirs["satchel_received_blobs_total"]), (1, 1))
        self.assertEqual(theirs["satchel_received_bytes_total"], figures["satchel_sent_bytes_total"])
        kinds = self.kinds_in(self.ask(gateway)[1])
        self.kinds_in(self.ask(bob)[1])
        self.assertTrue(set(kinds) >= {name for expression in alert_expressions() for name in re.findall(r"satchel_[a-z_]+", expression)})
        for expression in alert_expressions():
            for name in re.findall(r"(?:increase|rate)\((satchel_[a-z_]+)", expression):
                self.assertEqual(kinds[name], "counter", expression)
        for party in (bob, gateway):
            self.assertNotRegex(self.ask(party)[1], "@|b\\.test|alice")

    def test_what_is_refused_and_what_waits_is_counted(self):
        bob = self.storage_user("bob", ["node.accept_from=attested", "metrics.listen=127.0.0.1:0"])
        gateway = self.gateway(settings=["metrics.listen=127.0.0.1:0"], next_hop="smtp://127.0.0.1:9")
        self.send(gateway, message_with(os.urandom(100_000)), "alice@a.test", ["bob@b.test"])
        refused = self.until(lambda: [value for name, value in self.figures(bob).items() if "offers_refused" in name], "a refusal")
        self.assertEqual(sum(refused), 1)
        self.assertRegex(bob.log_text(), "info offer_refused code=[a-z-]+ content=[0-9a-f]{10} bytes=")
        # The spool is looked at anew after ten seconds.
        self.until(lambda: self.figures(gateway).get('satchel_queue_recipients{state="queued"}') == 1, "what waits", 40)

    def test_strangers_get_nothing(self):
        node = self.party("node")
        node.must("init")
        node.serve("node", self.joined + ["metrics.listen=127.0.0.1:0"])
        self.assertEqual(self.ask(node, Host="evil.test")[0], 403)
        self.assertEqual(self.ask(node, path="/")[0], 404)
        self.assertEqual(self.ask(node, method="POST")[0], 405)
        # Connections that say nothing do not keep others out for ever.
        idle = [socket.create_connection(("127.0.0.1", int(self.at(node)))) for _ in range(4)]
        self.assertEqual(self.ask(node)[0], 200)
        for one in idle:
            one.close()
        self.assertIn("loopback", self.admin.run("node", settings=["metrics.listen=0.0.0.0:7481"]).error()["message"])


if __name__ == "__main__":
    unittest.main()
