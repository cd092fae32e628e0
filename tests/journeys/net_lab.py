"""Parties with a network of their own: namespaces, a public net (TEST-NET-2), homes behind routers that translate addresses.
Nothing of it touches the machine's own network. Needs root and a kernel that can do it; skipped, and said, elsewhere."""
import json
import os
import shutil
import subprocess
import sys
import unittest

from lab import Lab

PUBLIC = "198.51.100"
counter = iter(range(1, 1 << 30))


def call(*words):
    return subprocess.run(words, capture_output=True, text=True, timeout=20)


def why_not():
    """What this machine lacks for it; "" if nothing."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    for tool in ("ip", "iptables"):
        if shutil.which(tool) is None:
            return f"no `{tool}` here"
    name = f"satchel-try-{os.getpid()}"
    try:
        steps = [("ip", "netns", "add", name),
                 ("ip", "-n", name, "link", "add", "one", "type", "veth", "peer", "name", "two"),
                 ("ip", "netns", "exec", name, "iptables", "-w", "-t", "nat", "-A", "POSTROUTING", "-j", "MASQUERADE"),
                 ("ip", "netns", "exec", name, "iptables", "-w", "-A", "FORWARD", "-m", "conntrack", "--ctstate",
                  "ESTABLISHED", "-j", "ACCEPT")]
        for step in steps:
            done = call(*step)
            if done.returncode != 0:
                return f"`{' '.join(step)}`: {done.stderr.strip()}"
        return ""
    finally:
        call("ip", "netns", "del", name)


class Place:
    """A namespace with one way out. It can be cut off."""

    def __init__(self, net, name, address):
        self.net, self.name, self.address = net, net.namespace(name), address

    def inside(self, *words):
        self.net.must("ip", "netns", "exec", self.name, *words)

    def cut(self):
        self.net.must("ip", "-n", self.name, "link", "set", "out", "down")

    def mend(self):
        self.net.must("ip", "-n", self.name, "link", "set", "out", "up")
        if self.router:
            self.net.must("ip", "-n", self.name, "route", "replace", "default", "via", self.router)

    def bytes(self):
        """What has gone over its way out, both ways."""
        link = json.loads(call("ip", "-n", self.name, "-j", "-s", "link", "show", "out").stdout)[0]["stats64"]
        return link["rx"]["bytes"] + link["tx"]["bytes"]

    def rule(self, *words):
        """An iptables rule here."""
        self.inside("iptables", "-w", *words)


class Net:
    def __init__(self):
        self.prefix, self.names = f"sat{os.getpid()}n{next(counter)}", []
        self.bridge = self.namespace("net")
        self.must("ip", "-n", self.bridge, "link", "add", "bridge", "type", "bridge")
        self.must("ip", "-n", self.bridge, "link", "set", "bridge", "up")
        self.hosts, self.homes = iter(range(10, 250)), iter(range(1, 250))

    def must(self, *words):
        done = call(*words)
        assert done.returncode == 0, (words, done.stderr)

    def namespace(self, name):
        full = f"{self.prefix}-{name}"
        self.must("ip", "netns", "add", full)
        self.names.append(full)
        self.must("ip", "-n", full, "link", "set", "lo", "up")
        return full

    def wire(self, place, port, upstream, upstream_port):
        self.must("ip", "-n", place, "link", "add", port, "type", "veth", "peer", "name", upstream_port, "netns", upstream)
        self.must("ip", "-n", place, "link", "set", port, "up")
        self.must("ip", "-n", upstream, "link", "set", upstream_port, "up")

    def public(self, name):
        """A host that everybody reaches."""
        number = next(self.hosts)
        place = Place(self, name, f"{PUBLIC}.{number}")
        place.router = None
        self.wire(place.name, "out", self.bridge, f"port{number}")
        self.must("ip", "-n", self.bridge, "link", "set", f"port{number}", "master", "bridge")
        self.must("ip", "-n", place.name, "address", "add", f"{place.address}/24", "dev", "out")
        return place

    def behind_nat(self, name):
        """A host at home. Its router lets nothing in that was not asked for, and does not say so."""
        home = next(self.homes)
        router = self.public(name + "-nat")
        router.inside("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
        place = Place(self, name, f"10.77.{home}.2")
        place.router = f"10.77.{home}.1"
        self.wire(place.name, "out", router.name, "home")
        self.must("ip", "-n", router.name, "address", "add", f"{place.router}/24", "dev", "home")
        self.must("ip", "-n", place.name, "address", "add", f"{place.address}/24", "dev", "out")
        self.must("ip", "-n", place.name, "route", "add", "default", "via", place.router)
        router.rule("-t", "nat", "-A", "POSTROUTING", "-o", "out", "-j", "MASQUERADE")
        for chain in ("FORWARD", "INPUT"):
            router.rule("-A", chain, "-i", "out", "-m", "conntrack", "--ctstate", "ESTABLISHED,RELATED", "-j", "ACCEPT")
            router.rule("-A", chain, "-i", "out", "-j", "DROP")
        place.nat = router
        return place

    def close(self):
        for name in reversed(self.names):
            call("ip", "netns", "del", name)


HIDDEN = "node.expose=pull-only"
LISTEN = ["node.control_listen=0.0.0.0:7473", "node.dht_listen=0.0.0.0:7475", "trust.resolver=none"]


class NetLab(Lab):
    """A Lab whose parties live in places of `self.net`: public ones, unless `self.at_home` names them."""
    at_home = ()
    listening = LISTEN

    @classmethod
    def setUpClass(cls):
        reason = why_not()
        if reason:
            raise unittest.SkipTest(reason)

    def setUp(self):
        self.net = Net()
        self.addCleanup(self.net.close)
        super().setUp()

    def party(self, name):
        party = super().party(name)
        party.place = self.net.behind_nat(name) if name in self.at_home else self.net.public(name)
        party.inside = ["ip", "netns", "exec", party.place.name]
        return party

    def reached_at(self, party, kind):
        """The endpoint of a kind of the ready line, as others see it."""
        return f"{party.place.address}:{party.ready[kind].rsplit(':', 1)[1]}"


class NatLab(NetLab):
    """A public gateway of b.test, and two homes behind routers that translate addresses."""
    at_home = ("homer", "marge")

    def setUp(self):
        super().setUp()
        self.admin.serve("gateway", self.joined + ["gateway.smtp_listen=127.0.0.1:0",
                                                   f"gateway.next_hop=maildir:{self.folder}/mail/{{recipient}}"])
        self.trusting = [f'domain."b.test".keys=["{self.domain_key}"]']
        self.gateway = [f"node.incoming_gateway={self.reached_at(self.admin, 'control')}",
                        f"node.incoming_gateway_key={self.admin.ready['node_key']}", "node.accept_from=anyone"]

    def await_available(self, asked_by, name):
        def look():
            found = asked_by.run("lookup", f"{name}@b.test")
            return found.one() if found.code == 0 else None
        return self.until(look, name, 60)


def main():
    """The tests of this file; to Meson it is one skipped test where the machine can't do it."""
    reason = why_not()
    if reason:
        print("skipped:", reason, file=sys.stderr)
        sys.exit(77)
    unittest.main()
