"""A node under the system call filter of its systemd unit, its swarm process included. systemd itself is not needed: the filter is made
here of the same lines, as systemd makes it.

usage: under_unit.py UNIT -- COMMAND…     runs a command so
       under_unit.py                      the test"""
import ctypes
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import unittest

DEBIAN = pathlib.Path(__file__).resolve().parents[2] / "debian"
NUMBERS = pathlib.Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")
LOAD, EQUAL, AT_LEAST, ANY_OF, MASK, RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
ALLOW, KILL, ERRNO = 0x7fff0000, 0x80000000, 0x00050000
EPERM, ENOSYS, EAFNOSUPPORT = 1, 38, 97
X86_64 = 0xc000003e
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10, "AF_NETLINK": 16}
NEW_NAMESPACES = 0x7e020080
WRITE, EXEC = 2, 4


def numbers():
    return {name: int(number) for name, number in re.findall(r"#define __NR_(\w+)\s+(\d+)", NUMBERS.read_text())}


def settings(unit):
    """All values of each setting, in order."""
    found = {}
    for name, value in re.findall(r"^(\w+)=(.*)$", (DEBIAN / unit).read_text(), re.M):
        found.setdefault(name, []).append(value)
    return found


def members(word):
    """Names of the system calls in a set of systemd's."""
    if not word.startswith("@"):
        return {word}
    said = subprocess.run(["systemd-analyze", "--no-pager", "syscall-filter", word], check=True, capture_output=True, text=True).stdout
    names = [line.strip() for line in said.splitlines()[1:] if line.strip() and not line.strip().startswith("#")]
    return set().union(*(members(name) for name in names))


def allowed(lines):
    """The first line says whether it is a list of what may be, or of what may not; later ones add and take away."""
    assert not lines[0].startswith("~"), "a list of what may be"
    names = members("@default")
    for line in lines:
        listed = set().union(*(members(word) for word in line.removeprefix("~").split()))
        names = names - listed if line.startswith("~") else names | listed
    return names


class Program:
    def __init__(self):
        self.code = b""

    def add(self, operation, value, yes=0, no=0):
        self.code += struct.pack("HBBI", operation, yes, no, value)

    def answer(self, number, errno):
        """For this call, whose number is loaded."""
        self.add(EQUAL, number, 0, 1)
        self.add(RETURN, ERRNO | errno)

    def argument(self, number, index, rules):
        """Rules on an argument of this call: (operation, value, errno where it holds)."""
        body = Program()
        body.add(LOAD, 16 + 8 * index)
        rules(body)
        body.add(LOAD, 0)
        self.add(EQUAL, number, 0, len(body.code) // 8)
        self.code += body.code


def program(unit):
    lines, number = settings(unit), numbers()
    out = Program()
    out.add(LOAD, 4)
    out.add(EQUAL, X86_64, 1, 0)
    out.add(RETURN, KILL)
    out.add(LOAD, 0)
    families = [FAMILIES[name] for name in lines["RestrictAddressFamilies"][0].split()]
    def family(body):
        for index, one in enumerate(families):
            body.add(EQUAL, one, len(families) - index, 0)
        body.add(RETURN, ERRNO | EAFNOSUPPORT)
    out.argument(number["socket"], 0, family)
    if lines["MemoryDenyWriteExecute"] == ["yes"]:
        def both(body):
            body.add(MASK, WRITE | EXEC)
            body.add(EQUAL, WRITE | EXEC, 0, 1)
            body.add(RETURN, ERRNO | EPERM)
        def executable(body):
            body.add(ANY_OF, EXEC, 0, 1)
            body.add(RETURN, ERRNO | EPERM)
        out.argument(number["mmap"], 2, both)
        out.argument(number["mprotect"], 2, executable)
        out.argument(number["pkey_mprotect"], 2, executable)
    if lines["RestrictNamespaces"] == ["yes"]:
        def namespaces(body):
            body.add(ANY_OF, NEW_NAMESPACES, 0, 1)
            body.add(RETURN, ERRNO | EPERM)
        out.argument(number["clone"], 0, namespaces)
        out.argument(number["unshare"], 0, namespaces)
        out.answer(number["clone3"], ENOSYS)
        out.answer(number["setns"], EPERM)
    for name in sorted(allowed(lines["SystemCallFilter"]) & number.keys()):
        out.add(EQUAL, number[name], 0, 1)
        out.add(RETURN, ALLOW)
    out.add(RETURN, ERRNO | EPERM)
    return out.code


def run(unit, command):
    code = program(unit)
    buffer = ctypes.create_string_buffer(code, len(code))

    class Filter(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_void_p)]

    filter_ = Filter(len(code) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.byref(filter_), 0, 0):
        raise OSError(ctypes.get_errno(), "the filter")
    os.execvp(command[0], command)


if len(sys.argv) > 2:
    run(sys.argv[1], sys.argv[3:])

from lab import Lab  # noqa: E402


class UnderUnit(Lab):
    def under(self, name, unit):
        party = self.party(name)
        party.inside = [sys.executable, os.path.abspath(__file__), unit, "--"]
        return party

    def test_the_filter_bites(self):
        for command, good in ((["true"], True), (["unshare", "--user", "true"], False), (["chroot", "/", "true"], False),
                              (["python3", "-c", "import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)"], False),
                              (["python3", "-c", "import mmap; mmap.mmap(-1, 4096, prot=7)"], False)):
            done = subprocess.run([sys.executable, __file__, "satchel.satchel-node.service", "--", *command], capture_output=True)
            self.assertEqual(done.returncode == 0, good, (command, done.stderr))

    def test_a_node_and_its_swarm_process(self):
        node = self.under("node", "satchel.satchel-node.service")
        node.must("init", "--address", "n@b.test")
        node.serve("node", self.joined)
        swarm = node.must("status").one()["swarm"]
        self.assertTrue(os.path.exists(f"/proc/{swarm['process']}"), swarm)
        self.assertIn("Seccomp:\t2", open(f"/proc/{swarm['process']}/status").read())
        self.assertTrue(node.ready["swarm"])
        self.assertEqual(node.stop(), 0)
        self.assertNotIn("not permitted", node.log_text())

    def test_mail_through_a_gateway(self):
        bob = self.storage_user("bob")
        gateway = self.under("gw", "satchel.satchel-gateway.service")
        gateway.must("init")
        gateway.mail = os.path.join(self.folder, "mail")
        gateway.serve("gateway", self.joined + ["gateway.smtp_listen=127.0.0.1:0", f"gateway.next_hop=maildir:{gateway.mail}/{{recipient}}"])
        from whole_way import message
        self.send(gateway, message(["bob@b.test"], {"film.bin": os.urandom(300_000)}), "alice@a.test", ["bob@b.test"])
        self.assertIn(b"X-Satchel-Part: ", self.await_mails(gateway, "bob@b.test")[0])
        self.assertEqual(len(bob.must("ls").one()["blobs"]), 1)
        self.assertEqual(gateway.stop(), 0)
        self.assertNotIn("not permitted", gateway.log_text())


if __name__ == "__main__":
    if os.uname().machine != "x86_64" or not NUMBERS.exists() or not shutil.which("systemd-analyze"):
        print("no systemd, or another kind of machine")
        sys.exit(77)
    unittest.main()
