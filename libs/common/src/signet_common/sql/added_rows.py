"""Rows that a transaction adds and does not read again: its events.

They wait until the rest of the transaction is done and are then inserted together, one statement for each table; in a
transaction that many requests share, that is one for all of them.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table
from sqlalchemy.engine import Dialect

from signet_common.sql.multi_insert import MultiInsert

_KEY = "signet_added_rows"
_SHAPES = 256
"""How many kinds of rows one process inserts, at most, before statements are made anew."""


class Row(NamedTuple):
    """A row and where it belongs."""

    table: Table
    values: Mapping[str, Any]


class AddedRows:
    """The rows that wait in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: list[Row] = []

    def add(self, row: Row) -> None:
        """Let `row` wait."""
        self._rows.append(row)

    def __len__(self) -> int:
        return len(self._rows)

    def forget_after(self, length: int) -> None:
        """Drop what was added since there were `length` rows: the work that added it was undone."""
        del self._rows[length:]

    def insert(self) -> None:
        """Insert every row, in the order of adding for each table. Raises DBAPIError."""
        for (table, columns), values in _by_shape(self._rows).items():
            _inserting(table, columns, self._connection.dialect).execute(self._connection, values)
        self._rows.clear()


@contextmanager
def gathering(connection: Connection) -> Iterator[AddedRows]:
    """Let `add_later` work on `connection` until the transaction ends."""
    added = AddedRows(connection)
    # Kept by name: a connection that broke meanwhile does not show its `info` any more.
    info = connection.info
    info[_KEY] = added
    try:
        yield added
    finally:
        del info[_KEY]


def added_rows(connection: Connection) -> AddedRows:
    """What waits in the transaction of `connection`.

    Raises KeyError outside a transaction of `Database`, where nobody would insert it.
    """
    added: AddedRows = connection.info[_KEY]
    return added


def add_later(connection: Connection, table: Table, values: Mapping[str, Any]) -> None:
    """Insert a row when the transaction of `connection` is about to commit. Raises KeyError as `added_rows` does."""
    added_rows(connection).add(Row(table, values))


def _by_shape(rows: Sequence[Row]) -> Mapping[tuple[Table, tuple[str, ...]], list[Mapping[str, Any]]]:
    shapes: dict[tuple[Table, tuple[str, ...]], list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        shapes[row.table, tuple(row.values)].append(row.values)
    return shapes


@lru_cache(maxsize=_SHAPES)
def _inserting(table: Table, columns: tuple[str, ...], dialect: Dialect) -> MultiInsert:
    return MultiInsert(table, columns, dialect)
