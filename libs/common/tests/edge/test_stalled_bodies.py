"""How long a body may stall, on a pair of sockets."""

import time

import gevent.socket
import pytest

from signet_common.web.http_connection import ClientConnection, TimeLimits
from signet_common.web.http_fields import RequestRefused


def test_what_arrived_before_buys_no_silence_later() -> None:
    """A gigabyte sent quickly must not hold a connection, and what is behind it, for days."""
    client, server = gevent.socket.socketpair()
    with client, server:
        connection = ClientConnection(server, TimeLimits(body=0.2))
        client.sendall(bytes(64 * 1024))
        left = 64 * 1024
        while left:
            left -= len(connection.read(left))
        started = time.monotonic()
        with pytest.raises(RequestRefused, match="too slowly"):
            connection.read(1)
        assert time.monotonic() - started < 5
