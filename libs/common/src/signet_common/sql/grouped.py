"""Writers for web processes under gevent.

SQLite blocks its thread while another process holds the write lock, so every write runs in gevent's thread pool, one
group at a time on one connection. Servers cooperate with gevent and take transactions side by side; only appended rows
are grouped there.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import gevent
from sqlalchemy import Connection, Engine, Table, insert

from signet_common.sql.group_commit import GroupCommit
from signet_common.sql.multi_insert import MultiInsert
from signet_common.sql.transactions import DirectWriter, Work, Writer, in_sqlite_transaction

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Row:
    table: Table
    values: Mapping[str, Any]


def grouped_writer(engine: Engine) -> Writer:
    """The writer that fits the engine's family."""
    return GroupedSqliteWriter(engine) if engine.dialect.name == "sqlite" else GroupedAppendWriter(engine)


def reader_for_one_thread(engine: Engine) -> "SqliteReader | None":
    """A faster reader where the engine's family has one."""
    return SqliteReader(engine) if engine.dialect.name == "sqlite" else None


class SqliteReader:
    """One connection for all reads of a process under gevent.

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
            self._connection.close()
            self._connection = None


class GroupedSqliteWriter:
    """Every write of this process in shared transactions; each member has a savepoint of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self._inserts: dict[tuple[Table, tuple[str, ...]], MultiInsert] = {}
        self._groups: GroupCommit[Callable[[Connection], Any] | _Row] = GroupCommit(self._in_thread)

    def write(self, work: Work[T]) -> T:
        """Run `work` as a member of the next group; what it raises undoes its own part only."""
        result: T = self._groups.submit(work)
        return result

    def append(self, table: Table, row: Mapping[str, Any]) -> None:
        """Insert `row` with the next group."""
        self._groups.submit(_Row(table, row))

    def close(self) -> None:
        """Give the writing connection back."""
        if self._connection is not None:
            self._connection.close()

    def _in_thread(self, group: list[Callable[[Connection], Any] | _Row]) -> list[Any]:
        if self._connection is None or self._connection.invalidated:
            self._connection = self._engine.connect()
        results: list[Any] = gevent.get_hub().threadpool.apply(self._commit, (self._connection, group))
        return results

    def _commit(self, connection: Connection, group: list[Callable[[Connection], Any] | _Row]) -> list[Any]:
        return in_sqlite_transaction(connection, lambda connection: self._run_members(connection, group))

    def _run_members(self, connection: Connection, group: list[Callable[[Connection], Any] | _Row]) -> list[Any]:
        self._insert_rows(connection, [member for member in group if isinstance(member, _Row)])
        return [None if isinstance(member, _Row) else _run_member(connection, member) for member in group]

    def _insert_rows(self, connection: Connection, rows: list[_Row]) -> None:
        for (table, columns), values in _by_shape(rows).items():
            inserting = self._inserts.get((table, columns))
            if inserting is None:
                inserting = self._inserts[table, columns] = MultiInsert(table, columns, self._engine.dialect)
            inserting.execute(connection.connection.driver_connection, values)


class GroupedAppendWriter(DirectWriter):
    """Transactions as they come, appended rows in groups."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._groups: GroupCommit[_Row] = GroupCommit(self._insert)

    def append(self, table: Table, row: Mapping[str, Any]) -> None:
        """Insert `row` with the next group."""
        self._groups.submit(_Row(table, row))

    def _insert(self, group: list[_Row]) -> list[None]:
        with self._engine.begin() as connection:
            for (table, _), values in _by_shape(group).items():
                connection.execute(insert(table), values)
        return [None] * len(group)


def _by_shape(rows: list[_Row]) -> dict[tuple[Table, tuple[str, ...]], list[Mapping[str, Any]]]:
    """The rows by table and columns: those that one statement can insert."""
    shapes: dict[tuple[Table, tuple[str, ...]], list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        shapes[row.table, tuple(row.values)].append(row.values)
    return shapes


def _run_member(connection: Connection, work: Callable[[Connection], Any]) -> Any:
    # The driver's own cursor: two statements around every member are not worth SQLAlchemy's bookkeeping.
    driver: Any = connection.connection.driver_connection
    driver.execute("SAVEPOINT member")
    try:
        result = work(connection)
    except Exception as failed:  # noqa: BLE001 - it belongs to one member, who is told; the others go on
        driver.execute("ROLLBACK TO member")
        driver.execute("RELEASE member")
        return failed
    driver.execute("RELEASE member")
    return result
