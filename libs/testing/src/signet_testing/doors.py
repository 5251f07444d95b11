"""Where a test knocks: a TCP port on loopback, or the unix socket of a process inside the wall."""

import socket
from pathlib import Path

from signet_testing.free_ports import LOOPBACK

Door = int | Path
"""A port, or the path of a unix socket."""


def door_of(address: str) -> Door:
    """What Gunicorn binds, `127.0.0.1:8080` or `unix:/path`, as a door."""
    if address.startswith("unix:"):
        return Path(address.removeprefix("unix:"))
    return int(address.rpartition(":")[2])


def address_of(door: Door) -> str:
    """The same the other way round; nginx understands it too."""
    return f"unix:{door}" if isinstance(door, Path) else f"{LOOPBACK}:{door}"


def connect(door: Door, seconds: float, *, source: str = LOOPBACK) -> socket.socket:
    """A connection, over TCP from any address of 127.0.0.0/8. Raises OSError."""
    if not isinstance(door, Path):
        return socket.create_connection((LOOPBACK, door), seconds, (source, 0))
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(seconds)
        connection.connect(str(door))
    except BaseException:
        connection.close()
        raise
    return connection
