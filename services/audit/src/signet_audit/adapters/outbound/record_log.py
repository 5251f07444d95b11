"""The log in its table: one statement per batch, in which an event that is there already changes nothing.

Plain tuples go straight to the driver's `executemany`: SQLAlchemy's own costs a third more for each record.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Dialect
from sqlalchemy.exc import InternalError, ProgrammingError

from signet_audit.application.ports import LogUnavailable
from signet_audit.domain.records import Record
from signet_common.sql.columns import UtcDateTime
from signet_common.sql.database import Database, DatabaseUnavailable

# Written out, in the order of `_row`: the row class would bring the ORM into the background process.
_COLUMNS = (
    "event_id",
    "time",
    "service",
    "resource",
    "operation",
    "object_id",
    "object_version",
    "user_id",
    "user_name",
    "authentication",
    "credential_id",
    "request_id",
    "request_digest",
    "client_ip",
    "method",
    "target",
    "changes",
    "trace_id",
)
# Never INSERT IGNORE: on MySQL it also turns values that do not fit into others that do.
_UNLESS_KNOWN = "ON CONFLICT (event_id) DO NOTHING"
_UNLESS_KNOWN_ON_MYSQL = "ON DUPLICATE KEY UPDATE event_id = event_id"


class SqlRecordLog:
    """Implements `ports.RecordLog`."""

    def __init__(self, database: Database) -> None:
        dialect = database.engine.dialect
        self._database = database
        self._insert = _insert_statement(dialect)
        # What SQLAlchemy would do with the one value here that drivers do not take alike.
        self._instant: Any = UtcDateTime().dialect_impl(dialect).bind_processor(dialect)

    def append(self, records: Sequence[Record]) -> None:
        """Insert what is new, in the order given."""
        rows = [self._row(record) for record in records]
        try:
            self._database.write(lambda connection: self._insert_rows(connection, rows))
        except (DatabaseUnavailable, ProgrammingError, InternalError) as failed:
            # ProgrammingError: the table is not there yet. Such an hour must send no event to the dead letters.
            raise LogUnavailable(type(failed).__name__) from failed

    def _insert_rows(self, connection: Connection, rows: list[tuple[Any, ...]]) -> None:
        if rows:
            connection.exec_driver_sql(self._insert, rows)

    def _row(self, record: Record) -> tuple[Any, ...]:
        """The values of `_COLUMNS`."""
        return (
            record.event_id,
            self._instant(record.time),
            record.service,
            record.resource,
            record.operation,
            record.object_id,
            record.object_version,
            *record.actor,
            record.request_id,
            record.request_digest,
            record.client_ip,
            record.method,
            record.target,
            record.changes,
            record.trace_id,
        )


def _insert_statement(dialect: Dialect) -> str:
    placeholder = "?" if dialect.paramstyle == "qmark" else "%s"
    values = ", ".join([placeholder] * len(_COLUMNS))
    unless_known = _UNLESS_KNOWN_ON_MYSQL if dialect.name in ("mysql", "mariadb") else _UNLESS_KNOWN
    # The names are those of our own columns.
    return f"INSERT INTO records ({', '.join(_COLUMNS)}) VALUES ({values}) {unless_known}"  # noqa: S608
