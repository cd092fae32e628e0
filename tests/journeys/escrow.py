"""A storage that is away: attachments wait in escrow, arrive when it is back, or go in full."""
import email
import os
import random
import signal
import unittest

from lab import Lab, sha256
from whole_way import message


class Escrow(Lab):
    def setUp(self):
        super().setUp()
        self.film = random.randbytes(3_000_000)
        self.raw = message(["bob@b.test", "carol@c.test"], {"film.bin": self.film})

    def away_user(self, name="bob"):
        user = self.storage_user(name)
        self.assertEqual(user.stop(), 0)
        return user

    def back(self, user, gateway=None, settings=()):
        own = [f"node.incoming_gateway={gateway.ready['control']}",
               f"node.incoming_gateway_key={gateway.ready['node_key']}"] if gateway else []
        return user.serve("node", self.joined + ["node.accept_from=anyone", *own, *settings])

    def queue(self, gateway):
        return gateway.must("queue").one()["messages"]

    def send_to_bob(self, gateway):
        self.send(gateway, self.raw, "alice@a.test", ["bob@b.test"])
        mail = self.await_mails(gateway, "bob@b.test")[0]
        self.assertIn(b"X-Satchel-Part: ", mail)
        held = self.until(lambda: [m for m in self.queue(gateway) if m["recipients"][0]["state"] == "escrowed"],
                          "escrow")
        self.assertEqual(held[0]["recipients"][0]["plan"], "escrow")
        self.assertGreater(held[0]["recipients"][0]["escrow_bytes"], len(self.film))
        return held[0]["id"]

    def reference(self, gateway):
        text = self.mails(gateway, "bob@b.test")[0].decode()
        return next(line for line in text.splitlines() if line.startswith("Reference: "))[len("Reference: "):]

    def escrow_status(self, gateway):
        return gateway.must("status").one()["escrow"]

    def get(self, user, reference):
        out = os.path.join(self.folder, "out.bin")
        got = user.must("get", reference, "-o", out, settings=self.client_settings).one()
        self.assertEqual(sha256(open(out, "rb").read()), sha256(self.film))
        return got

    client_settings = ()

    def test_the_others_do_not_wait_for_a_slow_storage(self):
        slow = ["node.accept_from=anyone", "node.download_limit=20000"]
        bob, dave, gateway = self.storage_user("bob"), self.storage_user("dave", slow), self.gateway()
        people = ["bob@b.test", "dave@b.test"]
        self.send(gateway, message(people, {"film.bin": self.film}), "alice@a.test", people)
        for address in people:
            self.assertIn(b"X-Satchel-Part: ", self.await_mails(gateway, address, seconds=90)[0])
        self.assertEqual(len(bob.must("ls").one()["blobs"]), 1)
        # Two minutes and a half it would take.
        self.assertEqual(dave.must("ls").one()["blobs"], [])
        self.assertEqual(self.escrow_status(gateway)["tickets"], 1)
        self.assertEqual(dave.stop(), 0)
        self.back(dave)
        self.until(lambda: self.escrow_status(gateway)["tickets"] == 0, "dave to have it", 90)
        held = dave.must("ls").one()["blobs"]
        self.assertEqual([blob["name"] for blob in held], ["film.bin"])

    def test_a_mail_does_not_wait_for_its_only_storage_where_that_is_slow(self):
        bob, gateway = self.storage_user("bob", ["node.accept_from=anyone", "node.download_limit=60000"]), self.gateway()
        self.send(gateway, self.raw, "alice@a.test", ["bob@b.test"])
        self.assertIn(b"X-Satchel-Part: ", self.await_mails(gateway, "bob@b.test", seconds=60)[0])
        # The placeholder left before the blob was there, and the bytes go on where they were: 50 seconds in all.
        self.assertEqual(bob.must("ls").one()["blobs"], [])
        self.assertEqual(self.escrow_status(gateway)["tickets"], 1)
        self.until(lambda: self.escrow_status(gateway)["tickets"] == 0, "bob to have it", 60)
        self.assertEqual([blob["name"] for blob in bob.must("ls").one()["blobs"]], ["film.bin"])
        self.assertLess(gateway.must("status").one()["uploaded_bytes"], len(self.film) * 1.2)

    def test_the_storage_comes_back(self):
        bob, gateway = self.away_user(), self.gateway()
        self.send_to_bob(gateway)
        self.assertEqual(self.escrow_status(gateway)["tickets"], 1)
        self.back(bob)
        self.until(lambda: not self.queue(gateway), "the receipt", 60)
        self.assertEqual(self.escrow_status(gateway), {"tickets": 0, "bytes": 0})
        self.assertEqual(self.get(bob, self.reference(gateway))["source"], "own node")
        self.assertEqual(len(self.mails(gateway, "bob@b.test")), 1)

    def test_a_node_that_says_it_is_there_is_not_kept_waiting(self):
        bob, gateway = self.away_user(), self.gateway()
        self.send_to_bob(gateway)
        self.back(bob, gateway)
        self.until(lambda: bob.must("ls").one()["blobs"], "the attachment", 10)
        self.until(lambda: not self.queue(gateway), "the receipt", 10)

    def test_kill_9_forgets_nothing(self):
        bob, gateway = self.away_user(), self.gateway()
        message_id = self.send_to_bob(gateway)
        self.assertIsNotNone(gateway.stop(how=signal.SIGKILL))
        gateway.serve("gateway", self.joined + ["gateway.smtp_listen=127.0.0.1:0",
                                                f"gateway.next_hop=maildir:{gateway.mail}/{{recipient}}"])
        self.assertEqual([m["id"] for m in self.queue(gateway)], [message_id])
        self.back(bob)
        gateway.must("queue", "--retry", message_id)
        self.until(lambda: not self.queue(gateway), "the receipt", 60)
        self.get(bob, self.reference(gateway))

    def test_get_fetches_what_the_gateway_keeps(self):
        bob, gateway = self.away_user(), self.gateway()
        self.send_to_bob(gateway)
        # Bob's node serves no offers here: `get` runs one of its own, for this one question.
        self.client_settings = self.joined + [f"node.incoming_gateway={gateway.ready['control']}",
                                              f"node.incoming_gateway_key={gateway.ready['node_key']}"]
        got = self.get(bob, self.reference(gateway))
        self.assertEqual(got["source"], "incoming gateway")
        # A stranger with the same reference gets nothing.
        eve = self.party("eve")
        eve.must("init", "--address", "eve@e.test")
        refused = eve.run("get", self.reference(gateway), "-o", os.path.join(self.folder, "eve.bin"),
                          settings=self.client_settings)
        self.assertEqual(refused.code, 66, (refused.out, refused.err))
        self.assertFalse(os.path.exists(os.path.join(self.folder, "eve.bin")))

    def test_a_gateway_outlives_the_node_that_it_joined(self):
        bob = self.away_user()
        node = self.party("gw")
        node.must("init")
        node.serve("node", self.joined)
        gateway = self.party("gw")
        gateway.mail = os.path.join(self.folder, "gw-mail")
        gateway.serve("gateway", self.joined + ["gateway.smtp_listen=127.0.0.1:0",
                                                f"gateway.next_hop=maildir:{gateway.mail}/{{recipient}}"])
        self.assertEqual(gateway.ready["node_key"], node.ready["node_key"])
        self.assertEqual((gateway.ready["control"], gateway.ready["dht"]), (node.ready["control"], node.ready["dht"]))
        self.send_to_bob(gateway)
        self.assertEqual(node.stop(), 0)
        # The gateway runs one of its own now, which has the escrow and brings it.
        self.back(bob)
        self.until(lambda: not self.queue(gateway), "the receipt", 60)
        self.get(bob, self.reference(gateway))

    def test_by_hand_and_after_patience_it_goes_in_full(self):
        self.away_user()
        gateway = self.gateway()
        message_id = self.send_to_bob(gateway)
        gateway.must("queue", "--repair", message_id)
        mails = self.await_mails(gateway, "bob@b.test", 2)
        self.until(lambda: not self.queue(gateway), "an empty queue")
        self.until(lambda: self.escrow_status(gateway)["tickets"] == 0, "a released escrow")
        repair = next(email.message_from_bytes(m) for m in mails if b"message/rfc822" in m)
        original = repair.get_payload()[1].get_payload()[0]
        content = [part for part in original.walk() if part.get_filename() == "film.bin"][0]
        self.assertEqual(sha256(content.get_payload(decode=True)), sha256(self.film))

    def test_patience_ends(self):
        self.away_user()
        gateway = self.gateway(settings=["gateway.give_up_after=3s"])
        self.send(gateway, self.raw, "alice@a.test", ["bob@b.test"])
        mails = self.await_mails(gateway, "bob@b.test", 2)
        self.assertEqual(sum(b"message/rfc822" in m for m in mails), 1)
        self.until(lambda: not self.queue(gateway), "an empty queue")

    def test_no_room_and_no_wish_to_keep_it(self):
        self.away_user()
        for name, settings in {"small": ["gateway.escrow_quota=1 MB"], "plain": ["gateway.unavailable=full"],
                               "desktop": ["gateway.always_on=false"]}.items():
            with self.subTest(name):
                gateway = self.gateway(name, settings)
                self.send(gateway, self.raw, "alice@a.test", ["bob@b.test"])
                mail = self.await_mails(gateway, "bob@b.test")[0]
                self.assertTrue(mail.endswith(self.raw), name)
                self.until(lambda: not self.queue(gateway), "an empty queue")
                gateway.stop()


if __name__ == "__main__":
    unittest.main()
