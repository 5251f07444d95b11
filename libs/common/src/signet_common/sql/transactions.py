"""Transactions: how work reaches a database, and the plain way of doing it."""

import threading
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine, Table

from signet_common.sql.added_rows import add_later, gathering

T = TypeVar("T")
Work = Callable[[Connection], T]


class Writer(Protocol):
    """How transactions and appended rows reach the database."""

    def write(self, work: Work[T], *, adds_only: bool = False) -> T: ...

    def append(self, table: Table, row: Mapping[str, Any]) -> None: ...

    def close(self) -> None: ...


class DirectWriter:
    """One transaction per call, in the caller's thread; on SQLite one at a time, so that threads poll no lock."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._sqlite = engine.dialect.name == "sqlite"
        self._turn = threading.Lock()

    def write(self, work: Work[T], *, adds_only: bool = False) -> T:  # noqa: ARG002 - nothing is shared here
        """Run `work` in a transaction of its own."""
        if self._sqlite:
            with self._turn, self._engine.connect() as connection:
                return in_sqlite_transaction(connection, work)
        with self._engine.connect() as connection:
            return in_transaction(connection, work)

    def append(self, table: Table, row: Mapping[str, Any]) -> None:
        """Insert one row in a transaction of its own."""
        self.write(lambda connection: add_later(connection, table, row))

    def close(self) -> None:
        """Nothing is held between calls."""


def in_transaction(connection: Connection, work: Work[T]) -> T:
    """Run `work` in a transaction of a server, and insert the rows that it adds as its last statement."""
    with connection.begin(), gathering(connection) as added:
        result = work(connection)
        added.insert()
    return result


def in_sqlite_transaction(connection: Connection, work: Work[T]) -> T:
    """The same on SQLite, under the write lock, taken at once: a lock that is upgraded later can only deadlock."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    try:
        with gathering(connection) as added:
            result = work(connection)
            added.insert()
    except BaseException:
        connection.exec_driver_sql("ROLLBACK")
        raise
    connection.exec_driver_sql("COMMIT")
    return result
