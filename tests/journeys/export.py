"""Export: everything that is stored, decrypted, as a plain folder tree; again and again."""
import os
import random
import signal
import subprocess
import time
import unittest

from lab import PROGRAM, Lab, sha256
from whole_way import message, references


class Export(Lab):
    def setUp(self):
        super().setUp()
        self.bob = self.storage_user("bob")
        self.alice = self.party("alice")
        self.alice.must("init", "--address", "alice@a.test")
        self.out = os.path.join(self.folder, "out")

    def push(self, name, content, folder="files"):
        path = os.path.join(self.folder, folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        open(path, "wb").write(content)
        return self.alice.must("push", path, "bob@b.test", settings=self.joined).one()["content_id"]

    def export(self, code=0):
        answer = self.bob.run("export", self.out)
        self.assertEqual(answer.code, code, (answer.out, answer.err))
        *files, summary = [o for o in answer.objects() if "error" not in o]
        return files, summary

    def tree(self):
        return {os.path.relpath(os.path.join(folder, name), self.out): os.path.join(folder, name)
                for folder, _, names in os.walk(self.out) for name in names}

    def test_by_sender_and_day_without_doubles(self):
        film, other = random.randbytes(1_500_000), random.randbytes(70_000)
        self.push("film.mov", film)
        self.push("film.mov", other)
        self.push("copy of film.mov", film)
        self.push("\x1b[2J..\nevil\u202efdp.exe", b"x" * 1000)
        files, summary = self.export()
        self.assertEqual(summary, {"written": 3, "linked": 1, "kept": 0, "failed": 0, "sealed": 0})
        self.assertEqual(set(files[0]), {"content_id", "file", "bytes", "sha256", "state"})
        day = time.strftime("%Y-%m-%d", time.gmtime(self.bob.must("ls").one()["blobs"][0]["stored"]))
        tree = self.tree()
        folder = f"alice@a.test (unverified)/{day}/"
        self.assertEqual(set(tree), {folder + name for name in ("film.mov", "film (2).mov", "copy of film.mov",
                                                                "[2J..evilfdp.exe")})
        self.assertEqual(open(tree[folder + "film.mov"], "rb").read(), film)
        self.assertEqual(open(tree[folder + "film (2).mov"], "rb").read(), other)
        self.assertTrue(os.path.samefile(tree[folder + "film.mov"], tree[folder + "copy of film.mov"]))
        self.assertEqual({entry["name"] for entry in self.bob.must("ls").one()["blobs"]},
                         {"film.mov", "copy of film.mov", "[2J..evilfdp.exe"})
        # Once more: nothing is touched.
        before = {path: os.stat(path).st_mtime_ns for path in tree.values()}
        _, summary = self.export()
        self.assertEqual((summary["kept"], summary["written"], summary["linked"]), (4, 0, 0))
        self.assertEqual({path: os.stat(path).st_mtime_ns for path in self.tree().values()}, before)
        # What the user took away comes back, what the user changed stays.
        os.unlink(tree[folder + "copy of film.mov"])
        open(tree[folder + "film (2).mov"], "ab").write(b"notes")
        _, summary = self.export()
        self.assertEqual((summary["kept"], summary["written"], summary["linked"]), (2, 1, 1))
        self.assertEqual(open(tree[folder + "film (2).mov"], "rb").read(), other + b"notes")
        self.assertEqual(open(self.tree()[folder + "film (3).mov"], "rb").read(), other)

    def test_what_a_mail_carried_encoded_comes_out_as_the_file(self):
        gateway = self.gateway()
        text = ("Zeile mit Umlauten: äöü = gleich, und Leerzeichen am Ende \n" * 3000).encode()
        raw = message(["bob@b.test"], {})
        boundary = "b0undary"
        import quopri
        part = quopri.encodestring(text).replace(b"\n", b"\r\n")
        head, body = raw.split(b"\r\n\r\n", 1)
        fields = b"\r\n".join(line for line in head.split(b"\r\n")
                              if line.lower().split(b":")[0] in (b"from", b"to", b"subject", b"message-id", b"mime-version"))
        raw = (fields + f'\r\nContent-Type: multipart/mixed; boundary="{boundary}"\r\n\r\n'.encode() +
               f"--{boundary}\r\nContent-Type: text/plain\r\n\r\nHello.\r\n--{boundary}\r\n".encode() +
               b'Content-Type: text/csv; charset=utf-8; name="list.csv"\r\nContent-Transfer-Encoding: quoted-printable\r\n'
               b'Content-Disposition: attachment; filename="list.csv"\r\n\r\n' + part +
               f"\r\n--{boundary}--\r\n".encode())
        self.send(gateway, raw, "alice@a.test", ["bob@b.test"])
        (mail,) = self.await_mails(gateway, "bob@b.test")
        (reference,) = references(mail)
        got = self.bob.must("get", reference, "-o", os.path.join(self.folder, "list.csv")).one()
        (file,), summary = self.export()
        self.assertEqual((summary["written"], file["sha256"], file["bytes"]), (1, got["sha256"], got["bytes"]))
        self.assertEqual(sha256(open(file["file"], "rb").read()), got["sha256"])
        self.assertEqual(self.export()[1]["kept"], 1)
        self.assertEqual(len(self.tree()), 1)

    def test_killed_and_run_again(self):
        contents = {f"{n}.bin": random.randbytes(30_000_000) for n in range(3)}
        for name, content in contents.items():
            self.push(name, content)
        running = subprocess.Popen([PROGRAM, "--home", self.bob.home, "export", self.out], stdout=subprocess.DEVNULL)
        self.until(self.tree, "the first bytes")
        running.send_signal(signal.SIGKILL)
        running.wait()
        whole = {sha256(content) for content in contents.values()}
        for path in (p for p in self.tree().values() if not os.path.basename(p).startswith(".new-")):
            self.assertIn(sha256(open(path, "rb").read()), whole)  # never a part under its name
        _, summary = self.export()
        self.assertEqual(summary["written"] + summary["kept"], 3)
        self.assertEqual({os.path.basename(p) for p in self.tree()}, set(contents))
        self.assertEqual({sha256(open(p, "rb").read()) for p in self.tree().values()}, whole)

    def test_one_that_fails_is_told_and_keeps_no_other_back(self):
        self.push("good.bin", b"g" * 100_000)
        bad = self.push("bad.bin", b"b" * 100_000)
        self.assertEqual(self.bob.stop(), 0)
        for folder, _, names in os.walk(self.bob.home):
            for name in (n for n in names if n.startswith(bad)):
                with open(os.path.join(folder, name), "r+b") as blob:
                    blob.seek(50_000)
                    blob.write(b"\0" * 100)
        self.bob.serve("node", self.joined + ["node.accept_from=anyone"])
        _, summary = self.export(65)
        self.assertEqual((summary["written"], summary["failed"]), (1, 1))
        self.assertEqual([os.path.basename(p) for p in self.tree()], ["good.bin"])
        self.assertEqual(self.bob.run("export", os.path.join(self.folder, "files", "good.bin")).code, 73)

    def test_a_node_that_can_open_nothing(self):
        nas = self.party("nas")
        keys = nas.must("init").one()
        self.bob.must("publish", "--node", keys["node_key"] + ":1")
        nas.serve("node", self.joined + ["node.accept_from=anyone", 'node.serves=["bob@b.test"]'])
        self.until(lambda: self.alice.run("lookup", "bob@b.test", settings=self.joined).code == 0, "the nas")
        self.push("film.mov", b"f" * 100_000)
        self.assertEqual(nas.must("export", self.out).one(),
                         {"written": 0, "linked": 0, "kept": 0, "failed": 0, "sealed": 1})


if __name__ == "__main__":
    unittest.main()
