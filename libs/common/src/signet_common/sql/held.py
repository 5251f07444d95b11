"""Connections that stay checked out, for web processes under gevent.

SQLAlchemy's pool is made for threads: its locks and its checks at each checkout cost as much as reading a row does
(101 µs instead of 156 for a row of PostgreSQL). Greenlets need a count and a list.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from gevent.lock import BoundedSemaphore
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import TimeoutError as PoolTimeout

from signet_common.sql.engines import POOL_SIZE
from signet_common.sql.readers import Reader, end
from signet_common.sql.transactions import Work

T = TypeVar("T")

WAIT_SECONDS = 30
MAX_AGE_SECONDS = 1800
"""Shorter than what servers and firewalls leave an idle connection."""


@dataclass(frozen=True, slots=True)
class _Held:
    connection: Connection
    opened_at: float


class HeldConnections:
    """At most `most` connections to a server; the one given back last is used first."""

    def __init__(self, engine: Engine, most: int) -> None:
        self._engine = engine
        self._free = BoundedSemaphore(most)
        self._idle: list[_Held] = []

    @contextmanager
    def use(self) -> Iterator[Connection]:
        """A connection for one greenlet. Raises PoolTimeout when none becomes free.

        What a greenlet leaves in the middle of a statement, because it was killed there, is closed.
        """
        if not self._free.acquire(timeout=WAIT_SECONDS):
            raise PoolTimeout(f"no connection became free in {WAIT_SECONDS} s")
        held: _Held | None = None
        try:
            held = self._take()
            yield held.connection
        except Exception:
            self._give_back(held)
            raise
        except BaseException:
            if held is not None:
                end(held.connection)
            raise
        else:
            self._give_back(held)
        finally:
            self._free.release()

    def close(self) -> None:
        """Close what nobody uses."""
        while self._idle:
            end(self._idle.pop().connection)

    def _take(self) -> _Held:
        while self._idle:
            held = self._idle.pop()
            if time.monotonic() - held.opened_at < MAX_AGE_SECONDS:
                return held
            end(held.connection)
        return _Held(self._engine.connect(), time.monotonic())

    def _give_back(self, held: _Held | None) -> None:
        if held is None:
            return
        if held.connection.invalidated or held.connection.closed:
            # The server has gone away or come back: what was opened before is as dead.
            self.close()
            end(held.connection)
        else:
            self._idle.append(held)


def held_reader(engine: Engine) -> Reader:
    """The reader that fits the engine's family."""
    return SqliteReader(engine) if engine.dialect.name == "sqlite" else HeldReader(engine)


class HeldReader:
    """For servers under gevent: reads side by side, each on a connection that stays open."""

    def __init__(self, engine: Engine) -> None:
        self._connections = HeldConnections(engine, POOL_SIZE)

    def read(self, query: Work[T]) -> T:
        """Run `query` as soon as a connection is free."""
        with self._connections.use() as connection:
            return query(connection)

    def close(self) -> None:
        """Give back every connection."""
        self._connections.close()


class SqliteReader:
    """For SQLite under gevent: one connection for all reads of a process.

    SQLite never hands control to another greenlet in the middle of a read, so nobody can meet on it; and a read costs
    less than half without the way through the pool (17 µs instead of 40).
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None

    def read(self, query: Work[T]) -> T:
        """Run `query`; after a failure the next read starts on a new connection."""
        if self._connection is None:
            self._connection = self._engine.connect()
        try:
            return query(self._connection)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            end(self._connection)
            self._connection = None
