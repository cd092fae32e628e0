"""Opens what a Satchel home stores without Satchel: with `age` and Python alone.

    python3 open_with_age.py HOME FOLDER

HOME/storage/blobs has the ciphertexts, HOME/storage/index.db beside each the age header for its owner (the grant) and a label,
HOME/keys/age.key the identity that opens both. src/core/FORMATS.md tells the bytes. The home is not written to; end its node first."""
import hashlib
import os
import sqlite3
import subprocess
import sys
import tempfile
import zlib


def value(data, at=0):
    """A msgpack value of the kinds that a label has, and where it ends."""
    head, at = data[at], at + 1

    def sized(width):
        return int.from_bytes(data[at:at + width], "big"), at + width
    if head < 0x80:
        return head, at
    if head in (0xcc, 0xcd, 0xce, 0xcf):
        return sized(1 << (head - 0xcc))
    if head & 0xf0 == 0x80:
        found = {}
        for _ in range(head & 0x0f):
            key, at = value(data, at)
            found[key], at = value(data, at)
        return found, at
    if head & 0xe0 == 0xa0:
        size = head & 0x1f
    elif head in (0xd9, 0xda):
        size, at = sized(1 << (head - 0xd9))
    elif head in (0xc4, 0xc5):
        size, at = sized(1 << (head - 0xc4))
    else:
        raise ValueError(f"a label has no values of kind {head:#x}")
    bytes_ = data[at:at + size]
    return (bytes_ if head in (0xc4, 0xc5) else bytes_.decode()), at + size


class Age:
    def __init__(self, identity):
        self.identity = identity

    def opened(self, header, body_path=None):
        """The content of an age file whose header and body may stand apart."""
        with tempfile.TemporaryFile() as whole:
            whole.write(header)
            if body_path:
                with open(body_path, "rb") as body:
                    while piece := body.read(1 << 20):
                        whole.write(piece)
            whole.seek(0)
            return subprocess.run(["age", "--decrypt", "-i", self.identity], stdin=whole, stdout=subprocess.PIPE,
                                  check=True).stdout


def free_name(folder, name):
    name = os.path.basename(name.replace("\0", "")) or "attachment"
    stem, ending = os.path.splitext(name)
    number = 1
    while os.path.exists(path := os.path.join(folder, name)):
        number += 1
        name = f"{stem} ({number}){ending}"
    return path


def main():
    if len(sys.argv) != 3:
        raise SystemExit("usage: python3 open_with_age.py HOME FOLDER")
    home, folder = sys.argv[1:]
    age = Age(os.path.join(home, "keys", "age.key"))
    os.makedirs(folder, exist_ok=True)
    index = sqlite3.connect(f"file:{home}/storage/index.db?mode=ro", uri=True)
    for blob, grant, sealed_label in index.execute("SELECT blob, grant_bytes, label FROM holding ORDER BY stored"):
        name = blob.hex()
        try:
            label, _ = value(age.opened(sealed_label))
            content = age.opened(grant, os.path.join(home, "storage", "blobs", name[:2], name))
        except (subprocess.CalledProcessError, OSError):
            print(f"{name}: not for this key, or not here")
            continue
        if 8 in label:  # kept as the text that stood in the mail
            content = zlib.decompress(content)
        path = free_name(folder, label[1])
        with open(path, "xb") as file:
            file.write(content)
        same = hashlib.sha256(content).digest() == label[4]
        print(f"{os.path.basename(path)}: {len(content)} bytes, SHA-256 {'as sent' if same else 'NOT as sent'}")


if __name__ == "__main__":
    main()
