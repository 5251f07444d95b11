"""Many rows in one statement, for SQLite in a pool thread.

Python's sqlite3 lets go of the interpreter lock around every step of a statement, and a pool thread gets it back only
when the event loop's thread lets go. `executemany` steps once per row; one INSERT of many rows steps once in all.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Table
from sqlalchemy.engine import Dialect

MOST_VARIABLES = 999
"""What every SQLite takes in one statement; newer ones take 32,766."""

_Process = Callable[[Any], Any]


class MultiInsert:
    """Inserts rows of one table; every row names all columns that this one was made for."""

    def __init__(self, table: Table, columns: Sequence[str], dialect: Dialect) -> None:
        self._name = dialect.identifier_preparer.format_table(table)
        self._columns = tuple(columns)
        self._processors = tuple(_processor(table, column, dialect) for column in columns)
        self._most = MOST_VARIABLES // len(self._columns)

    def execute(self, driver: Any, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert `rows` on the driver's own connection, inside whatever transaction it has."""
        for first in range(0, len(rows), self._most):
            part = rows[first : first + self._most]
            values = [
                process(row[column])
                for row in part
                for column, process in zip(self._columns, self._processors, strict=True)
            ]
            driver.execute(_statement(self._name, self._columns, len(part)), values)


@cache
def _statement(table: str, columns: tuple[str, ...], rows: int) -> str:
    row = f"({', '.join('?' * len(columns))})"
    # Names come from the table's declaration, values never into the text.
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([row] * rows)}"  # noqa: S608


def _processor(table: Table, column: str, dialect: Dialect) -> _Process:
    processor = table.c[column].type.dialect_impl(dialect).bind_processor(dialect)
    return processor or (lambda value: value)
