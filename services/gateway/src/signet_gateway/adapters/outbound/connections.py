"""Kept-alive connections to one service: bounded, the most recently used one first."""

import select

import gevent.monkey
import gevent.socket
from gevent.lock import BoundedSemaphore

from signet_gateway.adapters.outbound.service_address import ServiceAddress
from signet_gateway.application.errors import UpstreamBusy, UpstreamUnavailable

_WAITING_PER_PLACE = 8
_Poll = gevent.monkey.get_original("select", "poll")
"""gevent's own would start a watcher; a look that waits for nothing is one call."""


class Connections:
    """A pool of connections to one address, at most `size` of them in use: the service's concurrency limit.

    Who finds no place waits for one, at most `connect_timeout` seconds, and only while few enough others do: a queue
    that cannot be served in time is better told so at once. All times are in seconds.
    """

    def __init__(self, address: ServiceAddress, *, size: int, connect_timeout: float, read_timeout: float) -> None:
        self._address = address
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._places = BoundedSemaphore(size)
        self._waiting = 0
        self._most_waiting = size * _WAITING_PER_PLACE
        self._idle: list[gevent.socket.socket] = []

    def take(self, *, fresh: bool) -> tuple[gevent.socket.socket, bool]:
        """Return a connection and whether it has been used before; `fresh` asks for a new one.

        For a new one the idle one that is longest unused is closed: together they never are more than `size`.

        Raises UpstreamBusy when none becomes free in time, UpstreamUnavailable when none can be made.
        """
        if not self._places.acquire(blocking=False) and not self._wait_for_place():
            raise UpstreamBusy(f"all connections to {self._address} are busy")
        try:
            while self._idle and not fresh:
                connection = self._idle.pop()
                if _is_quiet(connection):
                    return connection, True
                connection.close()
            if self._idle:
                self._idle.pop(0).close()
            return self._connect(), False
        except BaseException:
            self._places.release()
            raise

    def give_back(self, connection: gevent.socket.socket) -> None:
        """Return a connection whose answer has been read to its end, for the next request."""
        self._idle.append(connection)
        self._places.release()

    def drop(self, connection: gevent.socket.socket) -> None:
        """Close a connection that nothing more can be read from."""
        connection.close()
        self._places.release()

    def close(self) -> None:
        """Close the idle connections."""
        while self._idle:
            self._idle.pop().close()

    def _wait_for_place(self) -> bool:
        if self._waiting >= self._most_waiting:
            return False
        self._waiting += 1
        try:
            return bool(self._places.acquire(timeout=self._connect_timeout))
        finally:
            self._waiting -= 1

    def _connect(self) -> gevent.socket.socket:
        try:
            connection = self._address.connect(self._connect_timeout)
        except BlockingIOError as error:
            raise UpstreamBusy(f"{self._address} has as many connections waiting as it may") from error
        except OSError as error:
            raise UpstreamUnavailable(f"cannot connect to {self._address}: {error}") from error
        connection.settimeout(self._read_timeout)
        return connection


def _is_quiet(connection: gevent.socket.socket) -> bool:
    """Whether the other side has neither closed nor said anything: an idle connection has nothing to read."""
    look = _Poll()
    look.register(connection, select.POLLIN)
    return not look.poll(0)
