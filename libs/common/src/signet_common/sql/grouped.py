"""Writers for web processes under gevent: requests that wait at the same moment share a transaction.

SQLite blocks its thread while another process holds the write lock, so every write runs in gevent's thread pool, one
group at a time on one connection. Servers cooperate with gevent and take transactions side by side; there only those
share one that lock nothing which others could wait for: work that adds rows and does nothing else.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import gevent
from sqlalchemy import Connection, Engine, Table

from signet_common.sql.added_rows import AddedRows, Row, added_rows
from signet_common.sql.engines import POOL_SIZE
from signet_common.sql.group_commit import GroupCommit
from signet_common.sql.held import HeldConnections
from signet_common.sql.transactions import Work, Writer, in_sqlite_transaction, in_transaction

T = TypeVar("T")

_Member = Work[Any] | Row
"""What waits for a group: work that adds rows among other things, or a row alone."""


class _GroupSpoilt(Exception):
    """Something failed before the commit, so nothing of the group was applied; the cause says what."""


def grouped_writer(engine: Engine) -> Writer:
    """The writer that fits the engine's family."""
    return GroupedSqliteWriter(engine) if engine.dialect.name == "sqlite" else GroupedServerWriter(engine)


class GroupedSqliteWriter:
    """Every write of this process in shared transactions; each member has a savepoint of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self._groups: GroupCommit[_Member] = GroupCommit(self._in_thread)

    def write(self, work: Work[T], *, adds_only: bool = False) -> T:  # noqa: ARG002 - everything shares here
        """Run `work` as a member of the next group; what it raises undoes its own part only."""
        result: T = self._groups.submit(work)
        return result

    def append(self, table: Table, row: Mapping[str, Any]) -> None:
        """Insert `row` with the next group."""
        self._groups.submit(Row(table, row))

    def close(self) -> None:
        """Give the writing connection back."""
        if self._connection is not None:
            self._connection.close()

    def _in_thread(self, group: Sequence[_Member]) -> list[Any]:
        if self._connection is None or self._connection.invalidated:
            self._connection = self._engine.connect()
        connection = self._connection
        results: list[Any] = gevent.get_hub().threadpool.apply(_together_or_alone, (group, self._commit, connection))
        return results

    @staticmethod
    def _commit(group: Sequence[_Member], connection: Connection) -> list[Any]:
        return in_sqlite_transaction(connection, lambda connection: _run(connection, group, _run_in_savepoint))


class GroupedServerWriter:
    """Transactions side by side; work that only adds rows, and rows alone, in shared ones.

    Such a group has no savepoints, which are two more round trips for each member: when one of them fails, everybody
    has a transaction of his own instead.
    """

    def __init__(self, engine: Engine) -> None:
        self._connections = HeldConnections(engine, POOL_SIZE)
        self._groups: GroupCommit[_Member] = GroupCommit(self._on_one_connection)

    def write(self, work: Work[T], *, adds_only: bool = False) -> T:
        """Run `work` in a transaction of its own, or, when it only adds rows, as a member of the next group."""
        if adds_only:
            result: T = self._groups.submit(work)
            return result
        with self._connections.use() as connection:
            return in_transaction(connection, work)

    def append(self, table: Table, row: Mapping[str, Any]) -> None:
        """Insert `row` with the next group."""
        self._groups.submit(Row(table, row))

    def close(self) -> None:
        """Give back every connection."""
        self._connections.close()

    def _on_one_connection(self, group: Sequence[_Member]) -> list[Any]:
        with self._connections.use() as connection:
            return _together_or_alone(group, self._commit, connection)

    @staticmethod
    def _commit(group: Sequence[_Member], connection: Connection) -> list[Any]:
        return in_transaction(connection, lambda connection: _run(connection, group, _run_plainly))


_Commit = Callable[[Sequence[_Member], Connection], list[Any]]


def _together_or_alone(group: Sequence[_Member], commit: _Commit, connection: Connection) -> list[Any]:
    """The members' results from one transaction; from one transaction each, when some member spoils it for all."""
    try:
        return commit(group, connection)
    except _GroupSpoilt as spoilt:
        if len(group) == 1 or connection.invalidated:
            return [spoilt.__cause__] * len(group)
    return [_alone(member, commit, connection) for member in group]


def _alone(member: _Member, commit: _Commit, connection: Connection) -> Any:
    try:
        return commit([member], connection)[0]
    except _GroupSpoilt as spoilt:
        return spoilt.__cause__
    except Exception as failed:  # noqa: BLE001 - of its own commit: what others have committed stays theirs
        return failed


def _run(
    connection: Connection, group: Sequence[_Member], run: Callable[[Connection, _Member, AddedRows], Any]
) -> list[Any]:
    added = added_rows(connection)
    try:
        results = [run(connection, member, added) for member in group]
        added.insert()
    except Exception as failed:
        raise _GroupSpoilt from failed
    return results


def _run_plainly(connection: Connection, member: _Member, added: AddedRows) -> Any:
    return added.add(member) if isinstance(member, Row) else member(connection)


def _run_in_savepoint(connection: Connection, member: _Member, added: AddedRows) -> Any:
    if isinstance(member, Row):
        return added.add(member)
    # The driver's own cursor: two statements around every member are not worth SQLAlchemy's bookkeeping.
    driver: Any = connection.connection.driver_connection
    before = len(added)
    driver.execute("SAVEPOINT member")
    try:
        result = member(connection)
    except Exception as failed:  # noqa: BLE001 - it belongs to one member, who is told; the others go on
        driver.execute("ROLLBACK TO member")
        driver.execute("RELEASE member")
        added.forget_after(before)
        return failed
    driver.execute("RELEASE member")
    return result
