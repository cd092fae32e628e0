"""Attacks on the page of a node: other sites in the owner's browser, other users of the machine, hostile attachments."""
import json
import os
import random
import re
import select
import socket
import unittest
from urllib.parse import quote

from lab import Lab
from page_client import Page, split
from whole_way import message

HOSTILE = "<img src=x onerror=alert(1)>\"; filename=x.html\r\nSet-Cookie: a=b.html"


class Attacks(Lab):
    def setUp(self):
        super().setUp()
        self.bob = self.storage_user("bob", ["node.accept_from=anyone", "web.listen=127.0.0.1:0", "node.page=https://mail.b.test/satchel"])
        self.page = Page(self.bob.ready["web"])

    def attachment(self, name, content):
        gateway = self.gateway()
        self.send(gateway, message(["bob@b.test"], {"x.bin": content}).replace(b'filename="x.bin"', f"filename*=utf-8''{quote(name, safe='')}".encode()), "alice@a.test", ["bob@b.test"])
        self.await_mails(gateway, "bob@b.test")
        page = self.until(lambda: (lambda page: page if page["found"] else None)(self.page.get("/api/attachments")), "it")
        return page["attachments"][0]

    def status_of(self, said):
        found = re.match(rb"HTTP/1\.1 (\d+)", said)
        return int(found[1]) if found else None

    def test_nobody_gets_in_without_both_halves(self):
        cookie = self.page.log_in(self.bob)
        for word in ("HttpOnly", "SameSite=Strict", "Path=/"):
            self.assertIn(word, cookie)
        self.assertNotIn(self.page.key, cookie)
        for row in ({"Cookie": None}, {"X_Satchel_Key": None}, {"Cookie": self.page.cookie[:-1] + "x"},
                    {"X_Satchel_Key": self.page.key[::-1]}, {"Cookie": "satchel-1=" + self.page.cookie.split("=")[1]},
                    {"Cookie": None, "X_Satchel_Key": None}):
            for method, path in (("GET", "/api/attachments"), ("GET", "/api/status"), ("GET", "/api/events"),
                                 ("POST", "/api/attachments/" + "0" * 64 + "/delete"), ("POST", "/api/doctor"), ("POST", "/api/logout")):
                status, _, body = self.page.ask(method, path, **row)
                self.assertEqual((status, "satchel open" in json.loads(body)["error"]["message"]), (401, True), (row, path))
        self.assertEqual(self.page.ask("GET", "/api/attachments")[0], 200)

    def test_a_token_works_once_and_is_not_guessed(self):
        url = self.bob.must("open").one()["url"]
        token = url.split("token=")[1]
        for wrong in ("", "0" * 64, token[:-1], None, 7, [token], {"$ne": 1}):
            self.assertEqual(self.page.ask("POST", "/api/session", {"token": wrong})[0], 401, wrong)
        self.assertEqual(self.page.ask("POST", "/api/session", {"token": token})[0], 200)
        self.assertEqual(self.page.ask("POST", "/api/session", {"token": token})[0], 401)
        self.assertNotIn(token, self.bob.log_text())
        self.page.log_in(self.bob)
        before = self.page.ask("GET", "/api/attachments")[0]
        self.page.post("/api/logout")
        self.assertEqual((before, self.page.ask("GET", "/api/attachments")[0]), (200, 401))

    def test_dns_rebinding_and_other_sites(self):
        self.page.log_in(self.bob)
        port = split(self.page.endpoint)[1]
        own, public = f"127.0.0.1:{port}", "mail.b.test"
        for host, origin, site, expected in (
                (own, None, None, 200), (own, f"http://{own}", "same-origin", 200), (f"localhost:{port}", f"http://localhost:{port}", None, 200),
                (f"LOCALHOST:{port}", None, None, 200), (public, "https://" + public, "same-origin", 200),
                ("evil.test", None, None, 403), (f"evil.test:{port}", f"http://evil.test:{port}", "same-origin", 403),
                (f"127.0.0.1.evil.test:{port}", None, None, 403), ("127.0.0.1", None, None, 403), (f"127.0.0.2:{port}", None, None, 403),
                (f"[::1]:{port}", None, None, 403), (f"127.0.0.1:{port}@evil.test", None, None, 403), ("", None, None, 403),
                (f"{public}:{port}", None, None, 403), (f"{public}.evil.test", None, None, 403),
                (own, "http://evil.test", "cross-site", 403), (own, "null", None, 403), (own, f"http://127.0.0.1:{port + 1}", "same-site", 403),
                (own, f"https://{own}", None, 403), (own, None, "cross-site", 403), (own, None, "same-site", 403), (own, None, "none", 403),
                (public, f"http://{own}", None, 403), (own, "https://" + public, None, 403)):
            status, _, body = self.page.ask("GET", "/api/attachments", Host=host, Origin=origin, Sec_Fetch_Site=site)
            self.assertEqual(status, expected, (host, origin, site, body))
        # The shell holds nothing secret, and links lead to it from mail programs; but not under another's name.
        self.assertEqual(self.page.ask("GET", "/", Origin=None, Sec_Fetch_Site="cross-site")[0], 200)
        self.assertEqual(self.page.ask("GET", "/", Host="evil.test", Origin=None)[0], 403)

    def test_nothing_changes_by_get_or_by_a_form(self):
        self.page.log_in(self.bob)
        one = self.attachment("keep.bin", random.randbytes(80_000))
        path = f"/api/attachments/{one['content_id']}/delete"
        for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"):
            self.assertIn(self.page.ask(method, path)[0], (404, 405), method)
        for row, expected in (({"Origin": None}, 403), ({"Origin": "http://evil.test"}, 403), ({"X_Satchel_Key": None}, 401),
                              ({"Content_Type": "text/plain"}, 400), ({"Content_Type": "application/x-www-form-urlencoded"}, 400),
                              ({"Sec_Fetch_Site": "cross-site"}, 403)):
            self.assertEqual(self.page.ask("POST", path, **row)[0], expected, row)
        for body in (b"[]", b"{", b"null", b"\xff", b"{\"a\":" * 9000):
            self.assertEqual(self.page.ask("POST", path, body)[0], 400, body[:10])
        self.assertEqual(self.page.get("/api/attachments")["found"], 1)

    def test_a_hostile_attachment_stays_a_file(self):
        self.page.log_in(self.bob)
        html = b"<!doctype html><script>fetch('/api/attachments')</script>" + b"<p>x</p>" * 12_000
        one = self.attachment(HOSTILE, html)
        self.assertNotRegex(one["name"], r"[\r\n/]")
        opened = self.page.post(f"/api/attachments/{one['content_id']}/open")
        self.assertEqual(opened["format"], "text/plain")
        for path in (opened["save"], opened["show"]):
            status, headers, body = self.page.ask("GET", "/" + path)
            self.assertEqual((status, body), (200, html))
            self.assertEqual(headers["Content-Type"], "application/octet-stream")
            self.assertRegex(headers["Content-Disposition"], r"^attachment; filename\*=UTF-8''[A-Za-z0-9._~%-]+$")
            self.assertIsNone(headers["Set-Cookie"])
            self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
            self.assertTrue(headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'"))
            self.assertEqual(headers["Cross-Origin-Resource-Policy"], "same-origin")
        # A ticket is worth nothing without its session, nor to another site.
        self.assertEqual(self.page.ask("GET", "/" + opened["save"], Cookie=None)[0], 401)
        self.assertEqual(self.page.ask("GET", "/" + opened["save"], Sec_Fetch_Site="cross-site", Origin=None)[0], 403)
        other = Page(self.bob.ready["web"])
        other.log_in(self.bob)
        self.assertEqual(other.ask("GET", "/" + opened["save"])[0], 401)
        self.assertEqual(self.page.ask("GET", "/c/" + "0" * 64 + "/x")[0], 401)

    def test_every_answer_is_armoured(self):
        for path in ("/", "/app.js", "/style.css", "/nothing", "/api/attachments", "/c/x"):
            _, headers, _ = self.page.ask("GET", path)
            self.assertEqual((headers["X-Content-Type-Options"], headers["Referrer-Policy"], headers["Cache-Control"]),
                             ("nosniff", "no-referrer", "no-store"), path)
            policy = headers["Content-Security-Policy"]
            for word in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"):
                self.assertIn(word, policy, path)
            self.assertNotIn("unsafe", policy)
            self.assertEqual(headers["X-Frame-Options"], "DENY")
            self.assertIsNone(headers["Access-Control-Allow-Origin"])
        for path in ("/../satchel.toml", "/%2e%2e/satchel.toml", "/..%2fkeys%2fuser.key", "//etc/passwd", "/a/../app.js", "/app.js%00.html"):
            self.assertIn(self.page.ask("GET", path)[0], (400, 404), path)

    def test_broken_and_smuggled_requests(self):
        good = f"GET / HTTP/1.1\r\nHost: {self.page.endpoint}\r\n".encode()
        for request, expected in (
                (b"GET / HTTP/1.1\r\n\r\n", 400), (good + f"Host: {self.page.endpoint}\r\n\r\n".encode(), 400),
                (good.replace(b"1.1", b"1.0", 1) + b"\r\n", 400), (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n", 400),
                (good + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400), (good + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
                (good + b"Content-Length: -1\r\n\r\n", 400), (good + b"Content-Length: 99999999999999999999\r\n\r\n", 400),
                (good + b"Content-Length: 70000\r\n\r\n", 413), (good + b"X: " + b"a" * 20_000 + b"\r\n\r\n", 431),
                (good + b"X: a\r\n" * 4_000, 431), (b"GET /" + b"a" * 20_000, 431), (good + b"A b: c\r\n\r\n", 400),
                (good + b"Cookie: a=b\r\nCookie: c=d\r\n\r\n", 400), (b"GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n", 400),
                (b"GET /?q=%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400)):
            self.assertEqual(self.status_of(self.page.raw(request)), expected, request[:80])
        self.assertEqual(self.status_of(self.page.raw(good + b"Connection: close\r\n\r\n")), 200)

    def test_a_slow_crowd_does_not_keep_the_owner_out(self):
        self.page.log_in(self.bob)
        crowd = [socket.create_connection(split(self.page.endpoint)) for _ in range(300)]
        for line in crowd:
            line.sendall(b"GET / HTTP/1.1\r\nHost: ")
        for _ in range(3):
            self.assertEqual(self.page.ask("GET", "/api/attachments")[0], 200)
        # A head that never ends is given up after ten seconds.
        waiting = set(crowd)
        def all_closed():
            for line in select.select(list(waiting), [], [], 0)[0]:
                try:
                    ended = line.recv(100) == b""
                except OSError:
                    ended = True
                if ended:
                    waiting.discard(line)
            return not waiting
        self.until(all_closed, "the crowd to be sent home", 40)
        for line in crowd:
            line.close()
        self.assertEqual(self.page.ask("GET", "/api/attachments")[0], 200)

    def test_a_reader_that_goes_away_holds_nothing(self):
        self.page.log_in(self.bob)
        one = self.attachment("film.bin", random.randbytes(30_000_000))
        opened = self.page.post(f"/api/attachments/{one['content_id']}/open")
        for _ in range(8):
            with socket.create_connection(split(self.page.endpoint)) as line:
                line.sendall(f"GET /{opened['save']} HTTP/1.1\r\nHost: {self.page.endpoint}\r\nCookie: {self.page.cookie}\r\n\r\n".encode())
                self.assertTrue(line.recv(1000).startswith(b"HTTP/1.1 200"))
        self.assertEqual(self.page.ask("GET", "/api/attachments")[0], 200)
        status = open(f"/proc/{self.bob.process.pid}/status").read()
        self.assertLess(int(re.search(r"VmRSS:\s+(\d+)", status)[1]), 200_000, "kB")
        self.assertEqual(self.bob.stop(within=5.0), 0)


if __name__ == "__main__":
    unittest.main()
