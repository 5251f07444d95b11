"""One service's database: reads, transactions, and rows appended in groups.

Work is handed over as a function of a connection, because the same code must run three ways: in its caller, on a
server; in a thread of the pool as one member of a group, on SQLite; and again from its start after a deadlock. So it
touches nothing but its connection and returns plain values. It runs in a copy of its caller's context variables.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import copy_context
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine, Table, insert, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from signet_common.sql.engines import open_engine

T = TypeVar("T")
Work = Callable[[Connection], T]

MAX_ATTEMPTS = 5
_RETRIABLE_SQLSTATES = {"40001", "40P01"}
_RETRIABLE_MYSQL = {1205, 1213}


class DatabaseUnavailable(Exception):
    """The database did not answer; nothing was changed by this attempt."""


class TransactionOvertaken(Exception):
    """Raised by work whose transaction lost a race that another attempt will see decided."""


class Writer(Protocol):
    """How transactions and appended rows reach the database."""

    def write(self, work: Work[T]) -> T: ...

    def append(self, table: Table, row: Mapping[str, Any]) -> None: ...

    def close(self) -> None: ...


class Database:
    """Reads and writes of one service. `grouped` is for web processes under gevent, False for plain threads."""

    def __init__(self, engine: Engine, writer: Writer) -> None:
        self.engine = engine
        self._reading = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._writer = writer

    @classmethod
    def open(cls, url: str, *, grouped: bool) -> "Database":
        """A database that connects at first use. Raises DatabaseUrlInvalid."""
        engine = open_engine(url)
        if not grouped:
            return cls(engine, DirectWriter(engine))
        # Imported here, so that plain-thread processes never load gevent.
        from signet_common.sql.grouped import grouped_writer

        return cls(engine, grouped_writer(engine))

    def read(self, query: Work[T]) -> T:
        """Run `query` outside any transaction: each statement sees what is committed when it starts."""
        with self._answering(), self._reading.connect() as connection:
            return query(connection)

    def write(self, work: Work[T]) -> T:
        """Run `work` in one transaction and commit it; what `work` raises rolls it back and comes out here."""
        context = copy_context()
        with self._answering():
            return retrying(lambda: self._writer.write(lambda connection: context.run(work, connection)))

    def append(self, table: Table, row: Mapping[str, Any]) -> None:
        """Insert one row that nothing depends on; returns once it is committed, together with its neighbours."""
        with self._answering():
            retrying(lambda: self._writer.append(table, row))

    def ping(self) -> None:
        """Raises when the database does not answer."""
        self.read(lambda connection: connection.execute(text("SELECT 1")).scalar_one())

    @staticmethod
    @contextmanager
    def _answering() -> Iterator[None]:
        try:
            yield
        except (OperationalError, InterfaceError, PoolTimeout) as failed:
            raise DatabaseUnavailable(type(failed).__name__) from failed

    def close(self) -> None:
        """Give back every connection."""
        self._writer.close()
        self.engine.dispose()


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


def retrying(attempt: Callable[[], T]) -> T:
    """Repeat a transaction that the database rolled back to break a deadlock, or that was overtaken."""
    for remaining in range(MAX_ATTEMPTS - 1, -1, -1):
        try:
            return attempt()
        except (DBAPIError, TransactionOvertaken) as failed:
            if not remaining or not _is_retriable(failed):
                raise
    raise AssertionError("unreachable")


def _is_retriable(failed: Exception) -> bool:
    if isinstance(failed, TransactionOvertaken):
        return True
    original = getattr(failed, "orig", None)
    if getattr(original, "sqlstate", None) in _RETRIABLE_SQLSTATES:
        return True
    if not type(original).__module__.startswith("pymysql"):
        return False
    return next(iter(getattr(original, "args", ())), None) in _RETRIABLE_MYSQL
