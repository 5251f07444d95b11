"""Transactions: how work reaches a database, and the plain way of doing it."""

import threading
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine, Table, insert

T = TypeVar("T")
Work = Callable[[Connection], T]


class Writer(Protocol):
    """How transactions and appended rows reach the database."""

    def write(self, work: Work[T]) -> T: ...

    def append(self, table: Table, row: Mapping[str, Any]) -> None: ...

    def close(self) -> None: ...


class Reader(Protocol):
    """How reads reach the database."""

    def read(self, query: Work[T]) -> T: ...

    def close(self) -> None: ...


class PooledReader:
    """A connection from the pool for each read."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def read(self, query: Work[T]) -> T:
        """Run `query` outside any transaction."""
        with self._engine.connect() as connection:
            return query(connection)

    def close(self) -> None:
        """Give back every connection."""
        self._engine.dispose()


class DirectWriter:
    """One transaction per call, in the caller's thread; on SQLite one at a time, so that threads poll no lock."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._sqlite = engine.dialect.name == "sqlite"
        self._turn = threading.Lock()

    def write(self, work: Work[T]) -> T:
        """Run `work` in a transaction of its own."""
        if self._sqlite:
            with self._turn, self._engine.connect() as connection:
                return in_sqlite_transaction(connection, work)
        with self._engine.begin() as connection:
            return work(connection)

    def append(self, table: Table, row: Mapping[str, Any]) -> None:
        """Insert one row in a transaction of its own."""
        self.write(lambda connection: connection.execute(insert(table), dict(row)))

    def close(self) -> None:
        """Nothing is held between calls."""


def in_sqlite_transaction(connection: Connection, work: Work[T]) -> T:
    """Run `work` under the write lock, taken at once: a lock that is upgraded later can only deadlock."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    try:
        result = work(connection)
    except BaseException:
        connection.exec_driver_sql("ROLLBACK")
        raise
    connection.exec_driver_sql("COMMIT")
    return result
