"""Demos, and what every service has: outbox, leases, idempotency keys.

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
    op.create_table(
        "demos",
        sa.Column("demo_id", BigId, primary_key=True, comment="id of the demo, never used again"),
        sa.Column("demo_name", BinaryText(15), nullable=False, unique=True, comment="unique name"),
        sa.Column("demo_state", sa.String(8), nullable=False, comment="active or inactive"),
        sa.Column("created_at", UtcDateTime, nullable=False, comment="when the row was made, UTC"),
        sa.Column("created_by", BigId, comment="user id of its maker, null: Signet"),
        sa.Column("updated_at", UtcDateTime, nullable=False, comment="when it last changed, UTC"),
        sa.Column("updated_by", BigId, comment="user id of who changed it"),
        sa.Column("version", sa.Integer, nullable=False, comment="raised by every change, from 1"),
        sa.CheckConstraint("demo_state IN ('active', 'inactive')", name="ck_demos_state"),
        comment="demos, the example resource",
        sqlite_autoincrement=True,
    )
    op.create_index("ix_demos_created_at", "demos", ["created_at"])
    _create_outbox()
    _create_coordination()


def downgrade() -> None:
    for table in ("idempotency_keys", "leases", "outbox", "demos"):
        op.drop_table(table)


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


def _create_coordination() -> None:
    op.create_table(
        "leases",
        sa.Column("lease_name", sa.String(64), primary_key=True, comment="the role that one holder has"),
        sa.Column("holder", BinaryText(128), nullable=False, comment="who has it"),
        sa.Column("expires_at", UtcDateTime, nullable=False, comment="when it is free again unless renewed"),
        comment="roles that one process at a time may have",
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("user_id", BigId, primary_key=True, autoincrement=False, comment="who sent the request"),
        sa.Column("operation", sa.String(64), primary_key=True, comment="permission that it used"),
        sa.Column("idempotency_key", BinaryText(255), primary_key=True, comment="the client's key"),
        sa.Column("request_sha256", sa.String(64), nullable=False, comment="what was asked, to notice another request"),
        sa.Column("answer", LongText, comment="JSON of the first answer; null: it held a secret"),
        sa.Column("created_at", UtcDateTime, nullable=False, comment="when the key was first used"),
        comment="first answers of requests that may be repeated, kept 24 hours",
    )
