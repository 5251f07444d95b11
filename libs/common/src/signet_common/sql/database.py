"""One service's database: reads, transactions, and rows appended in groups.

Work is handed over as a function of a connection, because the same code must run three ways: in its caller, on a
server; in a thread of the pool as one member of a group, on SQLite; and again from its start after a deadlock. So it
touches nothing but its connection and returns plain values. It runs in a copy of its caller's context variables.
"""

from collections.abc import Callable, Mapping
from contextvars import copy_context
from typing import Any, TypeVar

from sqlalchemy import Engine, Table, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from signet_common.sql.engines import empty_sqlite_log, open_engine, open_reader
from signet_common.sql.readers import Reader, ThreadReader
from signet_common.sql.transactions import DirectWriter, Work, Writer

T = TypeVar("T")

MAX_ATTEMPTS = 5
_RETRIABLE_SQLSTATES = {"40001", "40P01"}
_RETRIABLE_MYSQL = {1205, 1213}


class DatabaseUnavailable(Exception):
    """The database did not answer; nothing was changed by this attempt."""


class TransactionOvertaken(Exception):
    """Raised by work whose transaction lost a race that another attempt will see decided."""


class Database:
    """Reads and writes of one service. `grouped` is for web processes under gevent, False for plain threads."""

    def __init__(self, engine: Engine, reader: Reader, writer: Writer) -> None:
        self.engine = engine
        self._reader = reader
        self._writer = writer

    @classmethod
    def open(cls, url: str, *, grouped: bool) -> "Database":
        """A database that connects at first use. Raises DatabaseUrlInvalid."""
        engine = open_engine(url, cooperative=grouped)
        if not grouped:
            return cls(engine, ThreadReader(open_reader(url, engine)), DirectWriter(engine))
        # Imported here, so that plain-thread processes never load gevent.
        from signet_common.sql.grouped import grouped_writer
        from signet_common.sql.held import held_reader

        return cls(engine, held_reader(open_reader(url, engine, cooperative=True)), grouped_writer(engine))

    def read(self, query: Work[T]) -> T:
        """Run `query` outside any transaction: each statement sees what is committed when it starts."""
        return _answering(lambda: self._reader.read(query))

    def write(self, work: Work[T], *, adds_only: bool = False) -> T:
        """Run `work` in one transaction and commit it; what `work` raises rolls it back and comes out here.

        `adds_only` promises that `work` inserts rows and neither locks nor changes any that are there, so that it may
        share its transaction with others of its kind.
        """
        context = copy_context()
        return _answering(
            lambda: self._writer.write(lambda connection: context.run(work, connection), adds_only=adds_only)
        )

    def append(self, table: Table, row: Mapping[str, Any]) -> None:
        """Insert one row that nothing depends on; returns once it is committed, together with its neighbours."""
        _answering(lambda: self._writer.append(table, row))

    def ping(self) -> None:
        """Raises when the database does not answer."""
        self.read(lambda connection: connection.execute(text("SELECT 1")).scalar_one())

    def empty_log(self) -> None:
        """On SQLite, put what is committed into its place and empty the log, which holds pages as they were before.

        Who reads at that moment keeps it from doing so, until another time. Nothing to do on servers. For plain
        threads only: it waits.
        """
        if self.engine.dialect.name == "sqlite":
            _answering(lambda: empty_sqlite_log(self.engine))

    def close(self) -> None:
        """Give back every connection."""
        self._writer.close()
        self._reader.close()
        self.engine.dispose()


def _answering(attempt: Callable[[], T]) -> T:
    try:
        return retrying(attempt)
    except (OperationalError, InterfaceError, PoolTimeout) as failed:
        raise DatabaseUnavailable(type(failed).__name__) from failed


def retrying(attempt: Callable[[], T]) -> T:
    """Repeat what the database rolled back to break a deadlock, what was overtaken, or what lost its connection."""
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
    if isinstance(failed, DBAPIError) and failed.connection_invalidated:
        # A connection that broke under a statement took its transaction with it: nothing was applied. Without a
        # statement it broke under the commit, and then nobody knows.
        return failed.statement is not None
    original = getattr(failed, "orig", None)
    if getattr(original, "sqlstate", None) in _RETRIABLE_SQLSTATES:
        return True
    if not type(original).__module__.startswith("pymysql"):
        return False
    return next(iter(getattr(original, "args", ())), None) in _RETRIABLE_MYSQL
