"""What a home is told about itself, and by whom."""
import unittest

from lab import LOOPBACK, Lab


class Doctor(Lab):
    def setUp(self):
        super().setUp()
        self.admin.serve("gateway", self.joined + ["gateway.smtp_listen=127.0.0.1:0"])
        self.gateway = [f"node.incoming_gateway={self.admin.ready['control']}",
                        f"node.incoming_gateway_key={self.admin.ready['node_key']}"]

    def findings(self, party, code=0, settings=()):
        answer = party.run("doctor", settings=settings)
        self.assertEqual(answer.code, code, (answer.out, answer.err))
        report = answer.one()
        self.assertEqual(report["healthy"], code == 0)
        return {finding["check"]: finding for finding in report["findings"]}

    def test_a_home_that_is_well(self):
        bob = self.storage_user("bob", ["node.quota=2 GiB", *self.gateway])
        found = self.findings(bob)
        self.assertEqual({check: finding["state"] for check, finding in found.items()},
                         {"dns b.test": "ok", "gateway b.test": "ok", "binding bob@b.test": "ok",
                          "lookup bob@b.test": "ok", "control port": "ok", "swarm port": "ok",
                          "dht": "ok", "clock": "ok", "disk": "ok"})
        self.assertIn(bob.ready["control"], found["control port"]["words"])
        self.assertIn(bob.ready["swarm"], found["swarm port"]["words"])
        self.assertIn("ours was reached", found["dht"]["words"])
        prose = bob.run("doctor", json_output=False).out.decode()
        self.assertIn("  ok    control port: reached at", prose)

    def test_what_is_wrong_is_told_with_what_to_do(self):
        bob = self.storage_user("bob", ["node.quota=2 GiB", 'node.advertise=["127.0.0.1:1"]', *self.gateway])
        found = self.findings(bob, code=69)
        self.assertEqual(found["control port"]["state"], "failure")
        self.assertIn("not reached by the gateway", found["control port"]["words"])
        self.assertIn("pull-only", found["control port"]["advice"])
        self.assertEqual(found["lookup bob@b.test"]["state"], "failure")  # nobody else reaches it, either
        self.assertEqual(found["dht"]["state"], "ok")
        self.admin.stop()
        found = self.findings(bob, code=69)
        self.assertEqual(found["gateway b.test"]["state"], "failure")
        self.assertEqual(found["control port"]["state"], "unknown")
        self.assertEqual(found["clock"]["state"], "unknown")

    def test_a_second_node_is_asked_where_there_is_no_gateway(self):
        bob = self.storage_user("bob", ["node.quota=2 GiB"])
        nas = self.party("nas")
        nas.must("init")
        nas.serve("node", self.joined + ["node.accept_from=anyone", 'node.serves=["bob@b.test"]'])
        bob.must("publish", "--address", "bob@b.test", "--node", bob.ready["node_key"], "--node",
                 nas.ready["node_key"] + ":20")
        found = self.until(lambda: (lambda all: all if all["control port"]["state"] == "ok" else None)(
            {finding["check"]: finding for finding in bob.run("doctor").one()["findings"]}), "the second node")
        self.assertIn("by node ", found["control port"]["words"])
        self.assertEqual(found["gateway b.test"]["state"], "warning")

    def test_a_home_that_is_not_running_or_has_another_key(self):
        self.assertEqual(self.findings(self.party_with_key(), code=69, settings=self.joined)["node"]["state"], "failure")
        found = self.findings(self.other, code=69, settings=self.joined)
        self.assertEqual(found["dns b.test"]["state"], "failure")
        self.assertIn("another key", found["dns b.test"]["words"])
        self.assertEqual(found["binding eve@b.test"]["state"], "warning")

    def party_with_key(self):
        self.other = self.party("other")
        self.other.must("init", "--address", "eve@b.test")
        self.other.must("domain", "init", "b.test")
        return self.other


if __name__ == "__main__":
    unittest.main()
