"""The page of a node, as its owner uses it: let in by `satchel open`, a list, contents with ranges, deletion."""
import email
import json
import os
import random
import quopri
import subprocess
import unittest
from urllib.parse import quote

from lab import PROGRAM, Lab, LOOPBACK, sha256
from page_client import Page
from whole_way import message, references

PNG = bytes.fromhex("89504e470d0a1a0a") + random.randbytes(90_000)


class PageOfANode(Lab):
    def setUp(self):
        super().setUp()
        self.bob = self.storage_user("bob", ["node.accept_from=anyone", "web.listen=127.0.0.1:0"])
        self.page = Page(self.bob.ready["web"])

    def receive(self, files, subject="files"):
        gateway = self.gateway() if not hasattr(self, "gw") else self.gw
        self.gw = gateway
        before = len(self.mails(gateway, "bob@b.test"))
        self.send(gateway, message(["bob@b.test"], files, subject), "alice@a.test", ["bob@b.test"])
        return self.await_mails(gateway, "bob@b.test", before + 1)[-1]

    def listed(self, query="", count=1):
        """The list, once it has so many."""
        return self.until(lambda: (lambda page: page if page["found"] == count else None)(
            self.page.get("/api/attachments" + query)), f"{count} attachments")

    def test_from_mail_to_file(self):
        self.page.log_in(self.bob)
        self.assertEqual(self.listed(count=0)["all"], 0)
        big = random.randbytes(3_000_000)
        self.receive({"film.bin": big, "sun.png": PNG}, "Holiday in Łódź")
        page = self.listed("?order=name&way=up", 2)
        film, sun = page["attachments"]
        self.assertEqual([film["name"], sun["name"]], ["film.bin", "sun.png"])
        self.assertEqual((film["bytes"], film["from"], film["subject"], film["own"], film["readable"], film["recipient"]),
                         (len(big), "alice@a.test", "Holiday in Łódź", True, True, "bob@b.test"))
        for words, count in (("FILM", 1), ("łódź alice", 2), ("sun holiday", 1), ("moon", 0), ("'; DROP TABLE entry; --", 0)):
            self.assertEqual(self.page.get("/api/attachments?words=" + quote(words))["found"], count, words)
        opened = self.page.post(f"/api/attachments/{film['content_id']}/open")
        self.assertEqual((opened["name"], opened["bytes"], opened["sha256"], opened["format"]),
                         ("film.bin", len(big), sha256(big), ""))
        status, headers, body = self.page.ask("GET", "/" + opened["save"])
        self.assertEqual((status, body == big), (200, True))
        self.assertEqual(headers["Content-Disposition"], "attachment; filename*=UTF-8''film.bin")
        for first, last in ((0, 0), (65535, 65537), (1_000_000, 2_500_000), (len(big) - 1, len(big) - 1), (0, len(big) - 1)):
            status, headers, body = self.page.ask("GET", "/" + opened["save"], Range=f"bytes={first}-{last}")
            self.assertEqual((status, headers["Content-Range"]), (206, f"bytes {first}-{last}/{len(big)}"))
            self.assertEqual(body, big[first:last + 1])
        self.assertEqual(self.page.ask("GET", "/" + opened["save"], Range="bytes=-10")[2], big[-10:])
        self.assertEqual(self.page.ask("GET", "/" + opened["save"], Range=f"bytes={len(big)}-")[0], 416)
        self.assertEqual(self.page.ask("HEAD", "/" + opened["save"])[1]["Content-Length"], str(len(big)))
        shown = self.page.post(f"/api/attachments/{sun['content_id']}/open")
        self.assertEqual(shown["format"], "image/png")
        self.assertEqual(self.page.ask("GET", "/" + shown["show"])[1]["Content-Type"], "image/png")
        self.page.post(f"/api/attachments/{film['content_id']}/delete")
        self.assertEqual([one["name"] for one in self.listed(count=1)["attachments"]], ["sun.png"])
        self.assertEqual(self.page.ask("GET", "/" + opened["save"])[0], 404)
        self.assertEqual(self.page.ask("GET", f"/api/attachments/{film['content_id']}")[0], 404)

    def test_what_was_encoded_oddly_is_decoded(self):
        self.page.log_in(self.bob)
        lines = "".join(f"Zeile {n}: schöne Grüße = \t \r\n" for n in range(9_000)).encode()
        text = quopri.encodestring(lines, quotetabs=True)
        mail = message(["bob@b.test"], {"x.bin": b"y" * 10}).replace(b"x.bin", b"notes.txt")
        head, _, rest = mail.rpartition(b"Content-Transfer-Encoding: base64")
        blank = rest.index(b"\r\n\r\n") + 4
        end = rest.index(b"\r\n--", blank)
        mail = head + b"Content-Transfer-Encoding: quoted-printable" + rest[:blank] + text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") + rest[end:]
        self.gw = self.gateway()
        self.send(self.gw, mail, "alice@a.test", ["bob@b.test"])
        (one,) = self.listed(count=1)["attachments"]
        opened = self.page.post(f"/api/attachments/{one['content_id']}/open")
        got = os.path.join(self.folder, "notes")
        self.bob.must("get", one["content_id"], "-o", got)
        content = open(got, "rb").read()
        self.assertEqual((opened["bytes"], opened["sha256"], opened["format"]), (len(content), sha256(content), "text/plain"))
        self.assertEqual(self.page.ask("GET", "/" + opened["save"])[2], content)
        status, _, part = self.page.ask("GET", "/" + opened["save"], Range="bytes=70000-70100")
        self.assertEqual((status, part), (206, content[70000:70101]))

    def test_names_survive_a_restart_and_what_went_meanwhile_is_gone(self):
        self.receive({"one.bin": random.randbytes(80_000), "two.bin": random.randbytes(80_000)})
        self.page.log_in(self.bob)
        one = self.listed("?order=name&way=up", 2)["attachments"][0]
        self.assertEqual(self.bob.stop(), 0)
        self.bob.must("rm", one["content_id"], settings=self.joined)  # a node of its own, without a page
        self.bob.serve("node", self.joined + ["web.listen=127.0.0.1:0", "node.accept_from=anyone"])
        fresh = Page(self.bob.ready["web"])
        fresh.cookie, fresh.key = self.page.cookie, self.page.key
        self.assertEqual(fresh.ask("GET", "/api/attachments")[0], 401, "a session ends with its process")
        self.page = fresh
        self.page.log_in(self.bob)
        self.assertEqual([entry["name"] for entry in self.listed(count=1)["attachments"]], ["two.bin"])

    def test_a_link_of_a_placeholder_and_open_with_a_reference(self):
        mail = self.receive({"film.bin": random.randbytes(100_000)})
        (reference,) = references(mail)
        content_id = reference.split(":")[2]
        status, headers, _ = self.page.ask("GET", "/a/" + content_id, Sec_Fetch_Site="cross-site", Origin=None)
        self.assertEqual((status, headers["Location"]), (303, "../#/a/" + content_id))
        self.assertEqual(self.page.ask("GET", "/a/" + content_id[1:])[0], 404)
        self.assertTrue(self.bob.must("open", reference).one()["url"].endswith("&a=" + content_id))
        self.assertEqual(self.bob.run("open", "x").code, 64)

    def test_a_blind_node_shows_sizes_and_dates(self):
        nas = self.party("nas")
        nas.must("init")
        key = nas.must("id").one()["node_key"]
        self.bob.must("publish", "--node", key)
        nas.serve("node", self.joined + ["web.listen=127.0.0.1:0", 'node.serves=["bob@b.test"]', "node.accept_from=anyone"])
        self.until(lambda: any(node["node_key"] == key and node["available"] for node in nas.run("lookup", "bob@b.test").one()["nodes"]),
                   "a record that names it")
        self.receive({"secret plan.bin": random.randbytes(100_000)})
        self.page = Page(nas.ready["web"])
        self.page.log_in(nas)
        (one,) = self.listed(count=1)["attachments"]
        self.assertEqual((one["readable"], one["own"], one["name"], one["subject"], one["recipient"]),
                         (False, False, "", "", "bob@b.test"))
        self.assertGreater(one["bytes"], 100_000)
        status, _, body = self.page.ask("POST", f"/api/attachments/{one['content_id']}/open", {})
        self.assertEqual((status, json.loads(body)["error"]["fault"]), (403, "refused"))

    def test_storage_health_and_mail_to_me(self):
        self.page.log_in(self.bob)
        content = random.randbytes(200_000)
        self.receive({"film.bin": content})
        (one,) = self.listed(count=1)["attachments"]
        use = self.page.get("/api/storage")
        self.assertEqual([(by["from"], by["bytes"], by["blobs"]) for by in use["by_sender"]], [("alice@a.test", one["blob_bytes"], 1)])
        self.assertEqual((use["used"], use["blobs"], sum(day["bytes"] for day in use["by_day"])), (one["blob_bytes"], 1, one["blob_bytes"]))
        findings = self.page.post("/api/doctor", {"settled": True})["findings"]
        self.assertIn("disk", [finding["check"] for finding in findings])
        self.assertEqual(self.page.post(f"/api/attachments/{one['content_id']}/mail")["address"], "bob@b.test")
        folder = os.path.join(self.bob.home, "mail", "bob@b.test", "new")
        (name,) = self.until(lambda: os.path.isdir(folder) and os.listdir(folder), "the mail")
        mail = email.message_from_bytes(open(os.path.join(folder, name), "rb").read())
        self.assertEqual([part.get_payload(decode=True) for part in mail.walk() if part.get_filename() == "film.bin"], [content])
        self.assertEqual(self.page.ask("POST", "/api/attachments/" + "0" * 64 + "/fetch", {})[0], 404)

    def test_a_gateway_shows_its_queue_and_what_it_sent(self):
        self.gw = self.gateway(settings=["web.listen=127.0.0.1:0", "gateway.retry_first=1h"])
        page = Page(self.gw.ready["web"])
        page.log_in(self.gw)
        self.receive({"film.bin": random.randbytes(200_000)})
        receipts = self.until(lambda: (lambda answer: answer if answer["found"] else None)(page.get("/api/receipts")), "a receipt")["receipts"]
        self.assertEqual((receipts[0]["address"], receipts[0]["name"]), ("bob@b.test", "film.bin"))
        with page.events() as events:
            pulse = next(events)
            self.assertEqual((pulse["gateway"], [(one["direction"], one["state"], one["peer"], one["name"]) for one in pulse["transfers"]]),
                             (True, [("out", "done", "bob@b.test", "film.bin")]))
            self.assertEqual(self.bob.stop(), 0)
            self.send(self.gw, message(["bob@b.test"], {"late.bin": random.randbytes(100_000)}), "alice@a.test", ["bob@b.test"])
            waiting = next(one for pulse in events for one in pulse["transfers"] if one["state"] == "waiting")
            self.assertEqual((waiting["peer"], waiting["blobs"]), ("bob@b.test", 1))
        (held,) = self.until(lambda: page.get("/api/gateway")["messages"], "the queue")
        (recipient,) = held["recipients"]
        self.assertEqual((recipient["address"], recipient["plan"], recipient["escrow_bytes"] > 100_000), ("bob@b.test", "escrow", True))
        self.assertEqual(page.post("/api/gateway/retry", {"id": held["id"]})["id"], held["id"])
        self.assertEqual(page.ask("POST", "/api/gateway/repair", {"id": "nothing"})[0], 404)
        page.post("/api/gateway/repair", {"id": held["id"]})
        self.until(lambda: any(b"late.bin" in mail for mail in self.mails(self.gw, "bob@b.test")[2:]), "the message in full", 60)

    def transfers(self, page):
        with page.events() as events:
            return next(events)["transfers"]

    def test_what_leaves_is_seen_while_it_moves(self):
        """Also before it has its name: its bytes go while it is still being encrypted."""
        alice = self.party("alice")
        alice.must("init", "--address", "alice@a.test")
        alice.serve("node", self.joined + ["web.listen=127.0.0.1:0", "node.upload_limit=1 MB"])
        path = os.path.join(self.folder, "film.bin")
        with open(path, "wb") as file:
            file.write(random.randbytes(4_000_000))
        theirs = Page(alice.ready["web"])
        theirs.log_in(alice)
        with subprocess.Popen([PROGRAM, "--home", alice.home, "push", path, "bob@b.test"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as push:
            with theirs.events() as events:
                moving = next(one for pulse in events for one in pulse["transfers"] if one["state"] == "done" or 0 < one["done"] < one["bytes"])
            self.assertEqual((moving["direction"], moving["state"], moving["peer"], moving["bytes"] > 4_000_000),
                             ("out", "moving", "bob@b.test", True))
            self.assertEqual(push.wait(60), 0)
        self.assertEqual([(one["state"], one["name"]) for one in self.transfers(theirs)], [("done", "film.bin")])

    def test_how_the_latest_transfers_went_stays_visible(self):
        self.page.log_in(self.bob)
        content = random.randbytes(300_000)
        self.receive({"film.bin": content})
        self.assertEqual(self.bob.stop(), 0)
        settings = self.joined + ["web.listen=127.0.0.1:0", "node.accept_from=anyone", "node.quota=500 KB"]
        self.bob.serve("node", settings)
        self.page = Page(self.bob.ready["web"])
        self.page.log_in(self.bob)
        path = os.path.join(self.folder, "too big.bin")
        with open(path, "wb") as file:
            file.write(random.randbytes(400_000))
        alice = self.party("alice")
        alice.must("init", "--address", "alice@a.test")
        alice.serve("node", self.joined + ["web.listen=127.0.0.1:0"])
        said = alice.run("push", path, "bob@b.test")
        self.assertNotEqual(said.code, 0)
        theirs = Page(alice.ready["web"])
        theirs.log_in(alice)
        def seen(page):
            return [(one["direction"], one["state"], one["name"], one["peer"], one["route"], one["reason"]) for one in self.transfers(page)]
        came, refused = seen(self.page)
        self.assertEqual(came, ("in", "done", "film.bin", "alice@a.test", "direct", ""))
        self.assertEqual(refused[:3], ("in", "refused", "too big.bin"))
        self.assertIn("quota", refused[5])
        (failed,) = seen(theirs)
        self.assertEqual(failed[:4], ("out", "failed", "too big.bin", "bob@b.test"))
        self.assertIn("quota", failed[5])
        # Also after both were started anew.
        for party in (self.bob, alice):
            self.assertEqual(party.stop(), 0)
        self.bob.serve("node", settings)
        alice.serve("node", self.joined + ["web.listen=127.0.0.1:0"])
        for party, expected in ((self.bob, [came, refused]), (alice, [failed])):
            page = Page(party.ready["web"])
            page.log_in(party)
            self.assertEqual(seen(page), expected)

    def test_a_page_never_keeps_a_node_from_running(self):
        taken = self.party("taken")
        taken.must("init")
        ready = taken.serve("node", LOOPBACK + ["web.listen=" + self.bob.ready["web"]])
        self.assertIsNone(ready["web"])
        self.assertIn("no_page", taken.log_text())
        said = taken.run("open")
        self.assertEqual((said.code, "web.listen" in said.error()["message"]), (69, True))
        silent = self.party("silent")
        silent.must("init")
        self.assertIsNone(silent.serve("node", LOOPBACK + ["web.listen="])["web"])
        # The usual port may be another home's: then any will do.
        for name in ("first", "second"):
            usual = self.party(name)
            usual.must("init")
            self.assertTrue(usual.serve("node", LOOPBACK)["web"].startswith("127.0.0.1:"))
        stopped = self.party("stopped")
        stopped.must("init")
        self.assertEqual(stopped.run("open").code, 69)


if __name__ == "__main__":
    unittest.main()
