"""Connections that wait for their next use, by address.

Invariant: what is kept here has answered its last request to the end. A connection is looked at again before it is
reused (silent, and after a while idle asked whether it is alive), and one that failed in any way is closed, never kept.
"""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from signet_fastdfs.connection import Connection, owner
from signet_fastdfs.deadline import Deadline
from signet_fastdfs.wire import Address


class Pool:
    """Safe for threads and greenlets; after a fork the child begins with an empty one."""

    def __init__(self, *, connect_timeout: float, max_idle: int, check_after: float) -> None:
        self._connect_timeout = connect_timeout
        self._max_idle = max_idle
        self._check_after = check_after
        self._lock = threading.Lock()
        self._idle: dict[Address, list[tuple[float, Connection]]] = {}
        self._process = os.getpid()
        self._closed = False

    @contextmanager
    def connection(self, address: Address, deadline: Deadline) -> Iterator[Connection]:
        """A connection for one exchange, kept afterwards when it may be used again. Raises Unreachable, TimedOut."""
        connection = self.take(address, deadline)
        try:
            yield connection
        finally:
            self.give_back(connection)

    def take(self, address: Address, deadline: Deadline) -> Connection:
        """A checked or fresh connection; the caller gives it back, whatever happens."""
        while found := self._pop(address):
            since, connection = found
            try:
                if self._is_good(since, connection, deadline):
                    return connection
            except BaseException:
                connection.close()
                raise
            connection.close()
        return Connection(address, deadline.within(self._connect_timeout))

    def give_back(self, connection: Connection) -> None:
        """Keep a connection that may be used again; close any other."""
        surplus = connection if not connection.reusable else self._push(connection)
        if surplus:
            surplus.close()

    def close(self) -> None:
        """Close what is idle, and from now on whatever comes back."""
        self._closed = True
        with self._lock:
            idle, self._idle = self._idle, {}
        for _, connection in (each for connections in idle.values() for each in connections):
            connection.close()

    def idle(self, address: Address) -> int:
        """How many connections to `address` wait."""
        with self._lock:
            return len(self._idle.get(address, ()))

    def _is_good(self, since: float, connection: Connection, deadline: Deadline) -> bool:
        if not connection.is_silent():
            return False
        if time.monotonic() - since < self._check_after:
            return True
        return connection.is_active(deadline.within(self._connect_timeout))

    def _pop(self, address: Address) -> tuple[float, Connection] | None:
        """The connection that was idle shortest, of those that this thread may use."""
        with self._lock:
            self._forget_after_fork()
            waiting = self._idle.get(address, [])
            mine = owner()
            for at in range(len(waiting) - 1, -1, -1):
                if waiting[at][1].owner == mine:
                    return waiting.pop(at)
            return None

    def _push(self, connection: Connection) -> Connection | None:
        """Keep `connection`; returns the one that there is no room for."""
        if self._closed or self._max_idle < 1:
            return connection
        with self._lock:
            self._forget_after_fork()
            waiting = self._idle.setdefault(connection.address, [])
            waiting.append((time.monotonic(), connection))
            return waiting.pop(0)[1] if len(waiting) > self._max_idle else None

    def _forget_after_fork(self) -> None:
        """Connections of the parent stay the parent's; closing our copies of the descriptors does not end them."""
        if self._process != os.getpid():
            self._process = os.getpid()
            self._idle.clear()
