"""Ports for servers that are started later, or again: nobody else takes them meanwhile.

A port that the kernel chose and that was let go is soon somebody's again: the next connection's, a DHT node's. So these lie
outside the range it chooses from, and a name in the kernel's abstract namespace, held until this process ends, keeps the
tests that run at the same time from choosing the same."""
import contextlib
import random
import socket

held = []


def candidates():
    with open("/proc/sys/net/ipv4/ip_local_port_range") as file:
        first, last = map(int, file.read().split())
    usable = range(10_000, 65_000)
    return [port for port in usable if not first <= port <= last] or list(usable)


def reserve(port):
    with contextlib.ExitStack() as closing:
        name = closing.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        try:
            name.bind(f"\0satchel-test-port-{port}")
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                closing.enter_context(socket.socket(socket.AF_INET, kind)).bind(("127.0.0.1", port))
        except OSError:
            return False
        held.append(name.dup())  # two descriptors of one socket: closing the first leaves it bound
        return True


def free_ports(count):
    found = []
    for port in random.sample(pool := candidates(), len(pool)):
        if reserve(port):
            found.append(port)
            if len(found) == count:
                return found
    raise AssertionError(f"no {count} free ports")


def free_port():
    return free_ports(1)[0]
