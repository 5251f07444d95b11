"""Ports on the loopback interface."""

import random
import socket

# Below the range that Linux hands to outgoing connections, so that none of them can sit on the port of a process
# that is being restarted.
INTERNAL_PORTS = range(20000, 32000)


def is_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1:`port` now. Raises PermissionError for a privileged port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
        except PermissionError:
            raise
        except OSError:
            return False
        return True


def choose(count: int, avoid: int) -> list[int]:
    """`count` free ports for processes inside the wall, drawn by chance so that instances live side by side."""
    chosen: list[int] = []
    for port in random.sample(INTERNAL_PORTS, len(INTERNAL_PORTS)):
        if len(chosen) == count:
            break
        if port != avoid and is_free(port):
            chosen.append(port)
    return chosen
