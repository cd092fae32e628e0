"""What is not on the node whose page is looked at: listed with its name all the same, with where it is, and fetched from there."""
import json
import os
import random
import socket
import ssl
import subprocess
import unittest

from lab import Lab
from page_client import Page
from whole_way import message


class Elsewhere(Lab):
    def listed(self, page, place):
        """The one attachment, once it is at that place."""
        def look():
            with page.events() as events:  # as an open page does, which makes the node ask the others
                next(events)
            found = page.get("/api/attachments")["attachments"]
            return found[0] if len(found) == 1 and found[0]["place"] == place else None
        return self.until(look, "it " + place, 90)

    def test_on_another_node_of_ones_own(self):
        bob = self.storage_user("bob", ["node.accept_from=anyone", "web.listen=127.0.0.1:0"])
        nas = self.party("nas")
        nas.must("init")
        key = nas.must("id").one()["node_key"]
        bob.must("publish", "--node", key)
        nas.serve("node", self.joined + ['node.serves=["bob@b.test"]', "node.accept_from=anyone"])
        self.until(lambda: any(node["node_key"] == key and node["available"] for node in nas.run("lookup", "bob@b.test").one()["nodes"]),
                   "a record that names it")
        content = random.randbytes(100_000)
        self.send(self.gateway(), message(["bob@b.test"], {"secret plan.bin": content}, "Plans"), "alice@a.test", ["bob@b.test"])
        self.until(lambda: nas.must("ls").one()["blobs"], "it at the other node")
        page = Page(bob.ready["web"])
        page.log_in(bob)
        there = self.listed(page, "own node")
        self.assertEqual((there["name"], there["subject"], there["bytes"], there["readable"], there["place_name"]),
                         ("secret plan.bin", "Plans", len(content), True, key))
        path = "/api/attachments/" + there["content_id"]
        self.assertEqual(page.get("/api/attachments?words=secret")["found"], 1)
        self.assertEqual(page.get("/api/storage")["by_sender"], [], "what is elsewhere takes no room here")
        status, _, body = page.ask("POST", path + "/open", {})
        self.assertEqual((status, json.loads(body)["error"]["fault"]), (404, "not_found"))
        self.assertEqual(page.post(path + "/fetch")["source"], "own other node")
        here = self.listed(page, "here")
        self.assertEqual((here["name"], here["place_name"]), ("secret plan.bin", ""))
        self.assertEqual(page.ask("GET", "/" + page.post(path + "/open")["save"])[2], content)
        self.assertEqual(self.asked_by_a_stranger(nas, "/v1/holdings"), b"HTTP/1.1 404 Not Found")

    def asked_by_a_stranger(self, party, path):
        """First line of the answer to somebody with a key of their own, who is nobody's node."""
        key, certificate = os.path.join(self.folder, "key"), os.path.join(self.folder, "certificate")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-keyout", key, "-out", certificate, "-subj", "/CN=x"],
                       check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.load_cert_chain(certificate, key)
        host, port = party.ready["control"].rsplit(":", 1)
        with context.wrap_socket(socket.create_connection((host, int(port)), timeout=30)) as line:
            line.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            return line.recv(65536).split(b"\r\n")[0]

    def test_in_escrow_at_the_gateway(self):
        bob = self.storage_user("bob")
        self.assertEqual(bob.stop(), 0)
        gateway = self.gateway()
        content = random.randbytes(900_000)
        self.send(gateway, message(["bob@b.test"], {"film.bin": content}), "alice@a.test", ["bob@b.test"])
        self.until(lambda: gateway.must("status").one()["escrow"]["tickets"], "escrow")
        own = self.joined + ["node.accept_from=anyone", "web.listen=127.0.0.1:0", f"node.incoming_gateway={gateway.ready['control']}",
                             f"node.incoming_gateway_key={gateway.ready['node_key']}"]
        # No room: so it stays where it is.
        bob.serve("node", own + ["node.quota=500 KB"])
        page = Page(bob.ready["web"])
        page.log_in(bob)
        there = self.listed(page, "gateway")
        self.assertEqual((there["name"], there["bytes"], there["verified"]), ("film.bin", len(content), False))
        self.assertEqual(there["place_name"], gateway.ready["control"])
        self.assertEqual(page.ask("POST", f"/api/attachments/{there['content_id']}/fetch", {})[0], 507)
        self.assertEqual(bob.stop(), 0)
        bob.serve("node", own)
        page = Page(bob.ready["web"])
        page.log_in(bob)
        self.assertEqual(self.listed(page, "here")["name"], "film.bin")


if __name__ == "__main__":
    unittest.main()
