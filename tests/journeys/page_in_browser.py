"""The page of a node in Chromium: mail arrives through the gateway, appears without reload, is looked at, and saved."""
import json
import os
import select
import shutil
import struct
import subprocess
import sys
import unittest
import zlib

from lab import Lab
from whole_way import message

HERE = os.path.dirname(os.path.abspath(__file__))
CHROMIUM = shutil.which("chromium") or ""


def picture(width=960, height=600):
    """A sunset, as a PNG: sky, sun, lake."""
    rows = bytearray()
    for y in range(height):
        rows.append(0)
        for x in range(width):
            far = ((x - 640) ** 2 + (y - 330) ** 2) ** 0.5
            lake = y > 380
            depth = (760 - y if lake else y) / 380
            red, green, blue = 60 + 190 * depth, 70 + 90 * depth, 130 - 20 * depth
            if far < 70 and not lake:
                red, green, blue = 255, 225, 150
            if lake:
                glint = abs(x - 640) < 20 + (y - 380) // 3 and (y // 6) % 2
                red, green, blue = (250, 200, 140) if glint else (red * 0.55, green * 0.6, blue * 0.75)
            rows += bytes((min(255, int(red)), min(255, int(green)), min(255, int(blue))))
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    # Stored, so that it is big enough to be detached.
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(bytes(rows), 0)) + chunk(b"IEND", b"")


def document():
    """A small PDF, with ballast."""
    parts = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
             b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F 4 0 R >> >> /Contents 5 0 R >>",
             b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    text = b"BT /F 26 Tf 70 740 Td (Minutes of the meeting) Tj ET"
    parts.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text))
    out, places = b"%PDF-1.4\n%" + b"x" * 70_000 + b"\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(parts) + 1) + b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(parts) + 1, table)


class PageInABrowser(Lab):
    def say(self, expected):
        """Waits until the browser is at a step; gives what it saw there."""
        readable, _, _ = select.select([self.browser.stdout], [], [], 120)
        line = self.browser.stdout.readline() if readable else b""
        self.assertTrue(line, f"the browser did not come to: {expected}")
        facts = json.loads(line)
        self.assertEqual(facts["step"], expected)
        return facts

    def go_on(self):
        self.browser.stdin.write(b"\n")
        self.browser.stdin.flush()

    def test_from_mail_to_a_saved_file(self):
        bob = self.storage_user("bob", ["node.accept_from=anyone", "web.listen=127.0.0.1:0"])
        gateway = self.gateway()
        shots = os.environ.get("SHOTS") or self.folder
        url = bob.must("open").one()["url"]
        environment = {**os.environ, "CHROMIUM": CHROMIUM}
        self.browser = subprocess.Popen(["node", os.path.join(HERE, "page_in_browser.mjs"), os.path.join(sys.argv[-1], "playwright-core"), url, shots],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
        self.addCleanup(self.browser.communicate)
        self.addCleanup(self.browser.kill)
        self.say("empty")
        sunset, html = picture(), b"<script>window.marked = 1</script><b>bold</b>\n" * 2_000
        self.send(gateway, message(["bob@b.test"], {"sunset at the lake.png": sunset, "notes.html": html, "minutes.pdf": document()},
                                   "Pictures of our walk"), "alice@a.test", ["bob@b.test"])
        self.go_on()
        arrived = self.say("arrived")
        self.assertEqual(arrived["loads"], 1, "without reload")
        self.go_on()
        saved = self.say("downloaded")
        self.assertEqual(saved["name"], "sunset at the lake.png")
        self.assertEqual(open(saved["file"], "rb").read(), sunset)
        self.go_on()
        text = self.say("text")
        self.assertTrue(html.decode().startswith(text["text"][:200]))
        self.assertIsNone(text["marked"], "nothing of an attachment runs")
        self.go_on()
        self.say("pdf")
        self.go_on()
        end = self.say("deleted")
        self.assertEqual((end["wide"], end["troubles"]), (False, []))
        self.go_on()
        self.assertEqual(self.browser.wait(30), 0)
        self.assertEqual(len(bob.must("ls").one()["blobs"]), 2)


if __name__ == "__main__":
    if not CHROMIUM or not shutil.which("node"):
        print("no chromium, or no node")
        sys.exit(77)
    subprocess.run([os.path.join(HERE, "..", "fetch_playwright.sh"), sys.argv[-1]], check=True)
    unittest.main(argv=sys.argv[:1])
