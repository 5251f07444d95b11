"""Loopback ports for private servers.

Ports come from below the range in which Linux picks the source ports of outgoing connections (32768 and up), so that
a server that is killed finds its port still free when it comes back.
"""

import random
import socket

LOWEST = 20000
HIGHEST = 32000
ATTEMPTS = 200

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody listens on at this moment; raises OSError if none is found."""
    for _ in range(ATTEMPTS):
        port = random.randint(LOWEST, HIGHEST)
        if _is_free(port):
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
