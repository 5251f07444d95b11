"""Loopback ports for private servers.

Ports come from below the range in which Linux picks the source ports of outgoing connections (32768 and up), so that
a server that is killed finds its port still free when it comes back. A port stays with the process that was given it
until that ends, so that no other test takes it between being chosen and being listened on.
"""

import random
import socket
import sys

LOWEST = 20000
HIGHEST = 32000
ATTEMPTS = 200

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody listens on and nobody else was given; raises OSError if none is found."""
    for _ in range(ATTEMPTS):
        port = random.randint(LOWEST, HIGHEST)
        if _is_free(port) and _reserved(port):
            return port
    raise OSError(f"no free loopback port found between {LOWEST} and {HIGHEST}")


def free_ports(count: int) -> tuple[int, ...]:
    """`count` different free ports."""
    ports: set[int] = set()
    while len(ports) < count:
        ports.add(free_port())
    return tuple(ports)


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def _reserved(port: int) -> bool:
    """Take the port among all processes of this machine that ask here.

    An abstract socket carries its number (unix(7)): the kernel gives each name to one process and takes it back from a
    dead one, and no file is left behind. It stays open for as long as this process lives. Only Linux has them.
    """
    if sys.platform != "linux":
        return True
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        claim.bind(f"\0signet-testing-port-{port}")
    except OSError:
        claim.close()
        return False
    claim.detach()
    return True
