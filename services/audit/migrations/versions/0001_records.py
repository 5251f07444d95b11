"""Records, and what every service that tells events has: outbox, leases.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

from signet_common.sql.columns import BigId, BinaryText, LongText, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_records()
    _create_outbox()
    _create_leases()


def downgrade() -> None:
    for table in ("leases", "outbox", "records"):
        op.drop_table(table)


def _create_records() -> None:
    op.create_table(
        "records",
        sa.Column("record_id", BigId, primary_key=True, comment="position in the log, grows, with gaps"),
        sa.Column(
            "event_id", BinaryText(64), nullable=False, unique=True, comment="id of the event; unique: the inbox"
        ),
        sa.Column("time", UtcDateTime, nullable=False, comment="when it happened, UTC"),
        sa.Column("service", BinaryText(63), nullable=False, comment="which service told it"),
        sa.Column("resource", BinaryText(63), nullable=False, comment="kind of the object"),
        sa.Column("operation", BinaryText(63), nullable=False, comment="what was done"),
        sa.Column("object_id", BinaryText(128), comment="id of the object as text; null: a list, or none"),
        sa.Column("object_version", BigId, comment="version that the change made; null: no change"),
        sa.Column("user_id", BigId, comment="who did it; null: nobody known, or Signet"),
        sa.Column("user_name", BinaryText(255), nullable=False, comment="the name at that time"),
        sa.Column(
            "authentication",
            BinaryText(32),
            nullable=False,
            comment="how that was proven: api_key, token, none, service",
        ),
        sa.Column("credential_id", BinaryText(128), nullable=False, comment="by which credential, kind/id"),
        sa.Column("request_id", BinaryText(128), nullable=False, comment="in which request"),
        sa.Column(
            "request_digest", BinaryText(64), nullable=False, comment="hex SHA-256 of the string that the client signed"
        ),
        sa.Column("client_ip", BinaryText(64), nullable=False, comment="from where"),
        sa.Column("method", BinaryText(32), nullable=False, comment="method of the request"),
        sa.Column("target", LongText, nullable=False, comment="target of the request, path and query"),
        sa.Column("changes", LongText, nullable=False, comment="JSON, field: [old, new], without secrets"),
        sa.Column("trace_id", BinaryText(32), comment="trace that the request belongs to"),
        comment="who did what: one row per event, for ever",
        sqlite_autoincrement=True,
    )
    op.create_index("ix_records_user", "records", ["user_id", "record_id"])
    op.create_index("ix_records_object", "records", ["object_id", "resource", "record_id"])
    op.create_index("ix_records_resource", "records", ["resource", "record_id"])
    op.create_index("ix_records_operation", "records", ["operation", "record_id"])
    op.create_index("ix_records_request", "records", ["request_id"])
    op.create_index("ix_records_time", "records", ["time", "record_id"])


def _create_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("event_id", sa.String(36), primary_key=True, comment="time-ordered UUID of the event"),
        sa.Column("routing_key", sa.String(128), nullable=False, comment="service.resource.operation"),
        sa.Column("resource", sa.String(64), nullable=False, comment="kind of the object"),
        sa.Column("object_id", BinaryText(64), nullable=False, comment="id of the object as text, empty: none"),
        sa.Column("object_version", sa.Integer, comment="version that the change made; null: none"),
        sa.Column("body", LongText, nullable=False, comment="CloudEvents 1.0 JSON"),
        sa.Column("created_at", UtcDateTime, nullable=False, comment="when the event was written"),
        sa.Column("sent_at", UtcDateTime, comment="when the bus confirmed it; null: it waits"),
        sa.UniqueConstraint("resource", "object_id", "object_version", name="uq_outbox_object_version"),
        comment="events that leave, or have left, with the change that made them",
    )
    op.create_index("ix_outbox_waiting", "outbox", ["sent_at", "event_id"])


def _create_leases() -> None:
    op.create_table(
        "leases",
        sa.Column("lease_name", sa.String(64), primary_key=True, comment="the role that one holder has"),
        sa.Column("holder", BinaryText(128), nullable=False, comment="who has it"),
        sa.Column("expires_at", UtcDateTime, nullable=False, comment="when it is free again unless renewed"),
        comment="roles that one process at a time may have",
    )
