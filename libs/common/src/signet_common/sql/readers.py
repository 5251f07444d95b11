"""How reads reach a database: outside transactions, each statement for itself."""

import threading
from typing import Protocol, TypeVar

from sqlalchemy import Connection, Engine

from signet_common.sql.transactions import Work

T = TypeVar("T")


class Reader(Protocol):
    """Runs queries outside any transaction."""

    def read(self, query: Work[T]) -> T: ...

    def close(self) -> None: ...


class ThreadReader:
    """For plain threads: a connection for each that stays open; the pool would cost as much again at every read."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._mine = threading.local()
        self._all: list[Connection] = []

    def read(self, query: Work[T]) -> T:
        """Run `query`; after a failure the thread's next read starts on a new connection."""
        connection: Connection | None = getattr(self._mine, "connection", None)
        if connection is None or connection.closed:
            connection = self._mine.connection = self._engine.connect()
            self._all.append(connection)
        try:
            return query(connection)
        except BaseException:
            self._all.remove(connection)
            end(connection)
            raise

    def close(self) -> None:
        """Close every thread's connection; none of them may be reading."""
        while self._all:
            end(self._all.pop())
        self._engine.dispose()


def end(connection: Connection) -> None:
    """Close a connection without a word to its server, which may be gone or in the middle of a statement."""
    if not connection.closed:
        connection.invalidate()
        connection.close()
