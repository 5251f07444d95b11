"""Where a service listens, and how a connection to it is opened: over TCP, or through a unix socket of this machine."""

import socket
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import gevent
import gevent.socket

_UNIX = "unix:"
_DEFAULT_PORT = 80
_LOOK_AGAIN_AFTER = 0.01
_SEND_BUFFER_BYTES = 524_288
"""What the kernel holds of an upload on its way to a service. By default a piece does not fit, and takes two turns."""


@dataclass(frozen=True, slots=True)
class ServiceAddress:
    """`host:port` or `unix:/path`, as the settings have checked it."""

    authority: str

    def __str__(self) -> str:
        return self.authority

    @property
    def host(self) -> str:
        """What the Host header says; a path is none (RFC 9110, 7.2)."""
        return "localhost" if self._path else self.authority

    def connect(self, seconds: float) -> gevent.socket.socket:
        """Return a connection, made within so many seconds.

        Raises ConnectionRefusedError or FileNotFoundError while nobody listens (a service takes its unix socket away
        when it stops), BlockingIOError if the queue of a unix socket stays full, and other OSErrors.
        """
        if self._path:
            return _through(self._path, seconds)
        parts = urlsplit(f"//{self.authority}")
        address = (parts.hostname or "", parts.port or _DEFAULT_PORT)
        connection = gevent.socket.create_connection(address, timeout=seconds)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    @property
    def _path(self) -> str:
        return self.authority.removeprefix(_UNIX) if self.authority.startswith(_UNIX) else ""


def _through(path: str, seconds: float) -> gevent.socket.socket:
    """Connect to a unix socket, which Linux does at once or not at all.

    A full queue is said to block, yet the socket counts as writable: to wait for that, as gevent would, is to spin.
    """
    connection = gevent.socket.socket(socket.AF_UNIX)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
    deadline = time.monotonic() + seconds
    try:
        connection.settimeout(0.0)
        while True:
            try:
                connection.connect(path)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise
                gevent.sleep(_LOOK_AGAIN_AFTER)
            else:
                return connection
    except BaseException:
        connection.close()
        raise
