"""Homes behind routers that translate addresses: whichever end can be reached is dialled, and where none can, both meet at
the receiver's gateway. Real routers, in namespaces."""
import os
import random

from lab import sha256
from net_lab import HIDDEN, NatLab, main


class Nat(NatLab):
    def check_push(self, sender, receiver, route):
        """A large blob and one that fits into its offer."""
        self.await_available(sender, receiver.name)
        for size in (3_000_000, 1_000):
            content = random.randbytes(size)
            path = os.path.join(self.folder, "file.bin")
            open(path, "wb").write(content)
            sent = sender.must("push", path, f"{receiver.name}@b.test").one()
            self.assertEqual([entry["route"] for entry in sent["recipients"]], [route[size > 256 * 1024]])
            out = os.path.join(self.folder, "got.bin")
            self.assertEqual(receiver.must("get", sent["content_id"], "-o", out).one()["sha256"], sha256(content))
            os.remove(out)

    def test_either_side_behind_a_router(self):
        alice = self.storage_user("alice", self.gateway)
        homer = self.storage_user("homer", [HIDDEN, *self.gateway])
        self.check_push(homer, alice, ("inline", "direct"))
        self.check_push(alice, homer, ("pull", "pull"))

    def test_both_behind_routers(self):
        homer = self.storage_user("homer", [HIDDEN, *self.gateway])
        marge = self.storage_user("marge", [HIDDEN, *self.gateway])
        self.check_push(homer, marge, ("relay", "relay"))
        self.check_push(marge, homer, ("relay", "relay"))

    def test_a_sender_that_does_not_know_of_its_router(self):
        marge = self.storage_user("marge", [HIDDEN, *self.gateway])
        homer = self.storage_user("homer", self.gateway)
        self.check_push(homer, marge, ("relay", "relay"))


if __name__ == "__main__":
    main()
