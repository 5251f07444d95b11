"""The log in its table: one statement per batch, in which an event that is there already changes nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, Connection, Dialect, String, column, table
from sqlalchemy.exc import InternalError, ProgrammingError

from signet_audit.application.ports import LogUnavailable
from signet_audit.domain.records import Record
from signet_common.sql.columns import UtcDateTime
from signet_common.sql.database import Database, DatabaseUnavailable
from signet_common.sql.multi_insert import MultiInsert

# Written out: the row class would bring the ORM into the background process.
_COLUMNS: Mapping[str, Any] = {
    "event_id": String,
    "time": UtcDateTime,
    "service": String,
    "resource": String,
    "operation": String,
    "object_id": String,
    "object_version": BigInteger,
    "user_id": BigInteger,
    "user_name": String,
    "authentication": String,
    "credential_id": String,
    "request_id": String,
    "request_digest": String,
    "client_ip": String,
    "method": String,
    "target": String,
    "changes": String,
    "trace_id": String,
}
_RECORDS = table("records", *(column(name, kind) for name, kind in _COLUMNS.items()))
# Never INSERT IGNORE: on MySQL it also turns values that do not fit into others that do.
_UNLESS_KNOWN = "ON CONFLICT (event_id) DO NOTHING"
_UNLESS_KNOWN_ON_MYSQL = "ON DUPLICATE KEY UPDATE event_id = event_id"


class SqlRecordLog:
    """Implements `ports.RecordLog`."""

    def __init__(self, database: Database) -> None:
        dialect = database.engine.dialect
        self._database = database
        self._insert = MultiInsert(_RECORDS, tuple(_COLUMNS), dialect, _unless_known(dialect))

    def append(self, records: Sequence[Record]) -> None:
        """Insert what is new, in the order given."""
        rows = [_row(record) for record in records]
        try:
            self._database.write(lambda connection: self._insert_rows(connection, rows))
        except (DatabaseUnavailable, ProgrammingError, InternalError) as failed:
            # ProgrammingError: the table is not there yet. Such an hour must send no event to the dead letters.
            raise LogUnavailable(type(failed).__name__) from failed

    def _insert_rows(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        self._insert.execute(connection, rows)


def _row(record: Record) -> Mapping[str, Any]:
    return record._asdict() | record.actor._asdict()


def _unless_known(dialect: Dialect) -> str:
    return _UNLESS_KNOWN_ON_MYSQL if dialect.name in ("mysql", "mariadb") else _UNLESS_KNOWN
