"""The tables of this service. Row classes are for reading the schema; the hot path uses their `__table__`."""

from datetime import datetime

from sqlalchemy import Index, Table
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from signet_audit.domain import records
from signet_common.sql.columns import BigId, BinaryText, LongText, UtcDateTime
from signet_common.sql.leases import leases_table
from signet_common.sql.outbox import outbox_table


class Row(DeclarativeBase):
    """The root of this service's rows."""


class RecordRow(Row):
    """One record. Its unique event id is the inbox: what arrives again finds itself here."""

    __tablename__ = "records"
    # record_id ends those indexes whose equal keys would otherwise be sorted at every search.
    __table_args__ = (
        Index("ix_records_user", "user_id", "record_id"),
        Index("ix_records_object", "object_id", "resource", "record_id"),
        Index("ix_records_resource", "resource", "record_id"),
        Index("ix_records_operation", "operation", "record_id"),
        Index("ix_records_request", "request_id"),
        Index("ix_records_time", "time", "record_id"),
        {"comment": "who did what: one row per event, for ever", "sqlite_autoincrement": True},
    )

    record_id: Mapped[int] = mapped_column(BigId, primary_key=True, comment="position in the log, grows, with gaps")
    event_id: Mapped[str] = mapped_column(
        BinaryText(records.EVENT_ID_LENGTH), unique=True, comment="id of the event; unique: the inbox"
    )
    time: Mapped[datetime] = mapped_column(UtcDateTime, comment="when it happened, UTC")
    service: Mapped[str] = mapped_column(BinaryText(records.NAME_LENGTH), comment="which service told it")
    resource: Mapped[str] = mapped_column(BinaryText(records.NAME_LENGTH), comment="kind of the object")
    operation: Mapped[str] = mapped_column(BinaryText(records.NAME_LENGTH), comment="what was done")
    object_id: Mapped[str | None] = mapped_column(
        BinaryText(records.OBJECT_ID_LENGTH), comment="id of the object as text; null: a list, or none"
    )
    object_version: Mapped[int | None] = mapped_column(BigId, comment="version that the change made; null: no change")
    user_id: Mapped[int | None] = mapped_column(BigId, comment="who did it; null: nobody known, or Signet")
    user_name: Mapped[str] = mapped_column(BinaryText(records.USER_NAME_LENGTH), comment="the name at that time")
    authentication: Mapped[str] = mapped_column(
        BinaryText(records.AUTHENTICATION_LENGTH), comment="how that was proven: api_key, token, none, service"
    )
    credential_id: Mapped[str] = mapped_column(
        BinaryText(records.CREDENTIAL_ID_LENGTH), comment="by which credential, kind/id"
    )
    request_id: Mapped[str] = mapped_column(BinaryText(records.REQUEST_ID_LENGTH), comment="in which request")
    request_digest: Mapped[str] = mapped_column(
        BinaryText(records.DIGEST_LENGTH), comment="hex SHA-256 of the string that the client signed"
    )
    client_ip: Mapped[str] = mapped_column(BinaryText(records.CLIENT_IP_LENGTH), comment="from where")
    method: Mapped[str] = mapped_column(BinaryText(records.METHOD_LENGTH), comment="method of the request")
    target: Mapped[str] = mapped_column(LongText, comment="target of the request, path and query")
    changes: Mapped[str] = mapped_column(LongText, comment="JSON, field: [old, new], without secrets")
    trace_id: Mapped[str | None] = mapped_column(
        BinaryText(records.TRACE_ID_LENGTH), comment="trace that the request belongs to"
    )


RECORDS: Table = Row.metadata.tables["records"]
OUTBOX = outbox_table(Row.metadata)
LEASES = leases_table(Row.metadata)
