"""A node whose machine gets another address says so at once. Runs in a network namespace of its own, where the system
lets us have one."""
import os
import shutil
import subprocess
import sys
import unittest

INSIDE = "SATCHEL_ROAMING_INSIDE"
UNSHARE = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--net"]


def ip(*words):
    subprocess.run(["ip", *words], check=True)


def inside():
    from lab import Lab

    class Roaming(Lab):
        def test_an_address_that_changes(self):
            bob = self.storage_user("bob", ["node.accept_from=anyone", "node.control_listen=0.0.0.0:0",
                                            "node.allow_private_endpoints=true"])
            port = bob.ready["control"].rsplit(":", 1)[1]

            def endpoints():
                found = self.boot.run("lookup", "bob@b.test", settings=[f'domain."b.test".keys=["{self.domain_key}"]'])
                # The one who looks has moved, too: what it may dial in its own networks changes with them.
                nodes = found.one()["nodes"]
                return nodes[0]["endpoints"] if nodes and nodes[0]["available"] else None

            self.assertEqual(endpoints(), [f"198.51.100.7:{port}"])
            ip("address", "add", "203.0.113.9/24", "dev", "lo")
            ip("address", "del", "198.51.100.7/24", "dev", "lo")
            # Known to anybody who looks within seconds, long before the presence would be put again.
            self.until(lambda: endpoints() == [f"203.0.113.9:{port}"], "the new address", seconds=20)

    ip("link", "set", "lo", "up")
    ip("address", "add", "198.51.100.7/24", "dev", "lo")
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(Roaming)
    sys.exit(not unittest.TextTestRunner().run(suite).wasSuccessful())


if __name__ == "__main__":
    if INSIDE in os.environ:
        inside()
    if not shutil.which("unshare") or subprocess.run([*UNSHARE, "ip", "link", "set", "lo", "up"],
                                                     stderr=subprocess.DEVNULL).returncode != 0:
        print("skipped: no network namespaces here")
        sys.exit(77)
    os.environ[INSIDE] = "1"
    os.execvp(UNSHARE[0], [*UNSHARE, sys.executable, *sys.argv])
