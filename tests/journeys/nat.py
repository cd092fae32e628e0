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

    def check_swarm(self, sender, receivers, routes):
        for receiver in receivers:
            self.await_available(sender, receiver.name)
        content = random.randbytes(6_000_000)
        path = os.path.join(self.folder, "film.bin")
        open(path, "wb").write(content)
        sent = sender.must("push", path, *[f"{receiver.name}@b.test" for receiver in receivers], timeout=120).one()
        self.assertEqual([entry["route"] for entry in sent["recipients"]], routes)
        for receiver in receivers:
            out = os.path.join(self.folder, receiver.name + ".bin")
            self.assertEqual(receiver.must("get", sent["content_id"], "-o", out).one()["sha256"], sha256(content))

    def test_a_swarm_around_one_behind_a_router(self):
        alice = self.storage_user("alice", [*self.gateway, "node.upload_limit=2000000"])
        others = [self.storage_user("homer", [HIDDEN, *self.gateway]), self.storage_user("bob", self.gateway),
                  self.storage_user("carol", self.gateway)]
        self.check_swarm(alice, others, ["pull", "swarm", "swarm"])

    def test_a_swarm_from_behind_a_router(self):
        homer = self.storage_user("homer", [*self.gateway, "node.upload_limit=2000000"])
        others = [self.storage_user(name, self.gateway) for name in ("alice", "bob", "carol")]
        self.check_swarm(homer, others, ["swarm"] * 3)


if __name__ == "__main__":
    main()
