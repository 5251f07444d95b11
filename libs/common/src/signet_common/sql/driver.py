"""Statements on the driver's own cursor, for the few that every request runs.

SQLAlchemy still compiles them and still names what goes wrong; what is left out is its bookkeeping around each
execution, which costs more than the database does (a row of PostgreSQL by its key: 88 µs of CPU with it, 45 without).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError

_Process = Callable[[Any], Any]
_Parameters = Sequence[Any] | Mapping[str, Any]
Rows = list[tuple[Any, ...]]


def execute(connection: Connection, sql: str, parameters: _Parameters, *, rows: bool = False) -> Rows:
    """Run `sql` with what the driver takes; its rows, if it returns some. Raises SQLAlchemy's DBAPIError."""
    dialect = connection.dialect
    driver: Any = connection.connection.driver_connection
    cursor = driver.cursor()
    try:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall()) if rows else []
    except dialect.loaded_dbapi.Error as failed:
        raise _translated(connection, sql, failed) from failed
    finally:
        cursor.close()


def _translated(connection: Connection, sql: str, failed: Exception) -> Exception:
    """The error as SQLAlchemy raises it; the parameters, which may be somebody's secrets, stay out of it."""
    dialect = connection.dialect
    driver: Any = connection.connection.driver_connection
    lost = dialect.is_disconnect(failed, driver, None)  # type: ignore[arg-type]  # no cursor: the drivers need none
    translated = DBAPIError.instance(
        sql, None, failed, dialect.loaded_dbapi.Error, True, connection_invalidated=lost, dialect=dialect
    )
    if lost:
        connection.invalidate(failed)
    return translated


class PreparedSelect:
    """A SELECT that is compiled once for each engine.

    Its columns' types must convert what a driver returns without asking for the driver's own type codes, as those of
    `columns` do; it takes no lists as parameters.
    """

    def __init__(self, statement: Select[Any]) -> None:
        self._statement = statement
        self._compiled: dict[str, _CompiledSelect] = {}

    def rows(self, connection: Connection, parameters: Mapping[str, Any]) -> Rows:
        """Every row, as plain tuples in the order of the columns. Raises DBAPIError."""
        name = connection.dialect.name
        compiled = self._compiled.get(name)
        if compiled is None:
            compiled = self._compiled[name] = _CompiledSelect(self._statement, connection.dialect)
        return compiled.rows(connection, parameters)


class _CompiledSelect:
    def __init__(self, statement: Select[Any], dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self._sql = str(compiled)
        self._positions: Sequence[str] | None = compiled.positiontup
        self._constants = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
        self._binds: dict[str, _Process] = {
            name: process
            for name, bind in compiled.binds.items()
            if (process := bind.type.dialect_impl(dialect).bind_processor(dialect))
        }
        self._results: list[tuple[int, _Process]] = [
            (position, process)
            for position, column in enumerate(statement.selected_columns)
            if (process := column.type.dialect_impl(dialect).result_processor(dialect, None))
        ]

    def rows(self, connection: Connection, parameters: Mapping[str, Any]) -> Rows:
        found = execute(connection, self._sql, self._driver_parameters(parameters), rows=True)
        return [self._converted(row) for row in found] if self._results else found

    def _driver_parameters(self, parameters: Mapping[str, Any]) -> _Parameters:
        values = {**self._constants, **parameters}
        for name, process in self._binds.items():
            values[name] = process(values[name])
        return values if self._positions is None else [values[name] for name in self._positions]

    def _converted(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        values = list(row)
        for position, process in self._results:
            values[position] = process(values[position])
        return tuple(values)
