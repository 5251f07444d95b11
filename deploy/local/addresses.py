"""Where a process of an instance listens, in Gunicorn's words: `127.0.0.1:8080`, or `unix:/path`."""

import socket
from pathlib import Path

_UNIX = "unix:"


def on_loopback(port: int) -> str:
    """The public door."""
    return f"127.0.0.1:{port}"


def behind(path: Path) -> str:
    """A door for those alone who may open the file."""
    return f"{_UNIX}{path}"


def upstream(address: str) -> str:
    """The same for GATEWAY_UPSTREAMS."""
    return address if address.startswith(_UNIX) else f"http://{address}"


def connect(address: str, seconds: float) -> socket.socket:
    """Raises OSError."""
    if not address.startswith(_UNIX):
        host, _, port = address.rpartition(":")
        return socket.create_connection((host, int(port)), timeout=seconds)
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(seconds)
        connection.connect(address.removeprefix(_UNIX))
    except BaseException:
        connection.close()
        raise
    return connection
