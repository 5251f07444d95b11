"""Many rows in one statement, on the driver's own cursor.

On SQLite and MySQL as one list of VALUES: Python's sqlite3 lets go of the interpreter lock around every step of a
statement, and a pool thread gets it back only when the event loop's thread lets go; `executemany` steps once per row,
one INSERT once in all. On PostgreSQL the columns travel as arrays that the server unnests: the statement is the same
for any number of rows, is prepared once, and is executed once.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, TableClause, TypeDecorator
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine

from signet_common.sql import driver

MOST_VARIABLES = 999
"""What every SQLite takes in one statement; newer ones take 32,766."""

_Process = Callable[[Any], Any]

_POSTGRESQL_TYPES = {str: "text", int: "bigint", datetime: "timestamptz"}
"""The arrays' types. Never varchar(n): casting to that cuts a text that is too long, where inserting it must fail."""


class MultiInsert:
    """Inserts rows of one table; every row names all columns that this one was made for.

    `conflict` ends the statement: what the engine shall do about rows that are there already.
    """

    def __init__(self, table: TableClause, columns: Sequence[str], dialect: Dialect, conflict: str = "") -> None:
        self._columns = tuple(columns)
        self._processors = tuple(_processor(table, column, dialect) for column in columns)
        self._most = MOST_VARIABLES // len(self._columns)
        self._unnest = _unnest(table, self._columns, dialect) if dialect.name == "postgresql" else None
        self._conflict = f" {conflict}" if conflict else ""
        self._into = _into(table, self._columns, dialect)
        self._placeholder = "?" if dialect.paramstyle == "qmark" else "%s"

    def execute(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert `rows` inside whatever transaction `connection` has. Raises SQLAlchemy's DBAPIError."""
        for first in range(0, len(rows), self._most):
            values = [self._values(row) for row in rows[first : first + self._most]]
            if self._unnest:
                driver.execute(
                    connection, self._unnest + self._conflict, [list(column) for column in zip(*values, strict=True)]
                )
            else:
                statement = _values(self._into, self._placeholder, len(self._columns), len(values)) + self._conflict
                driver.execute(connection, statement, [value for row in values for value in row])

    def _values(self, row: Mapping[str, Any]) -> list[Any]:
        return [
            process(row[column]) if process else row[column]
            for column, process in zip(self._columns, self._processors, strict=True)
        ]


# Names come from the table's declaration, values never into the text.


def _into(table: TableClause, columns: Sequence[str], dialect: Dialect) -> str:
    quoted = dialect.identifier_preparer
    return f"INSERT INTO {quoted.format_table(table)} ({', '.join(quoted.quote(column) for column in columns)})"


def _unnest(table: TableClause, columns: Sequence[str], dialect: Dialect) -> str:
    # %b: in PostgreSQL's binary form. As text, psycopg escapes every value of an array, at 60 µs for an event.
    arrays = ", ".join(f"%b::{_array_of(table.c[column].type, dialect)}[]" for column in columns)
    return f"{_into(table, columns, dialect)} SELECT * FROM unnest({arrays})"  # noqa: S608


def _array_of(kind: TypeEngine[Any], dialect: Dialect) -> str:
    native = kind.load_dialect_impl(dialect) if isinstance(kind, TypeDecorator) else kind
    return _POSTGRESQL_TYPES[native.python_type]


@cache
def _values(into: str, placeholder: str, columns: int, rows: int) -> str:
    row = f"({', '.join([placeholder] * columns)})"
    return f"{into} VALUES {', '.join([row] * rows)}"


def _processor(table: TableClause, column: str, dialect: Dialect) -> _Process | None:
    return table.c[column].type.dialect_impl(dialect).bind_processor(dialect)
