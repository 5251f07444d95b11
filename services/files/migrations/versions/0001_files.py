"""Files, their blobs, quotas, and what every service has: outbox, leases, idempotency keys.

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
    _create_files()
    op.create_table(
        "blobs",
        sa.Column("blob_id", BigId, primary_key=True, comment="id of the blob, never used again"),
        sa.Column("file_id", BigId, sa.ForeignKey("files.file_id"), nullable=False, comment="whose content it is"),
        sa.Column("content_version", sa.Integer, nullable=False, comment="which one of the file's contents, from 1"),
        sa.Column("blob_name", BinaryText(128), nullable=False, unique=True, comment="its name in the store"),
        sa.Column("data_key", sa.String(255), comment="wrapped under the keyring; null: destroyed"),
        sa.UniqueConstraint("file_id", "content_version", name="uq_blobs_file_version"),
        comment="encrypted contents, see docs/file-format.md",
        sqlite_autoincrement=True,
    )
    op.create_table(
        "quotas",
        sa.Column("user_id", BigId, primary_key=True, autoincrement=False, comment="the owner"),
        sa.Column("used_bytes", sa.BigInteger, nullable=False, comment="room that all files take that are not gone"),
        sa.Column("limit_bytes", sa.BigInteger, comment="the most; null: what everybody has"),
        comment="room taken and given, per user",
    )
    _create_outbox()
    _create_coordination()


def downgrade() -> None:
    for table in ("idempotency_keys", "leases", "outbox", "quotas", "blobs", "files"):
        op.drop_table(table)


def _create_files() -> None:
    op.create_table(
        "files",
        sa.Column("file_id", BigId, primary_key=True, comment="id of the file, never used again"),
        sa.Column("file_name", BinaryText(255), nullable=False, comment="for people; never a path"),
        sa.Column("file_state", sa.String(9), nullable=False, comment="uploading, active, deleted or condemned"),
        sa.Column("media_type", sa.String(127), comment="told from the content"),
        sa.Column("size", sa.BigInteger, comment="bytes of the content; null: not uploaded"),
        sa.Column("sha256", sa.String(64), comment="hash of the content, hexadecimal"),
        sa.Column("room_taken", sa.BigInteger, nullable=False, comment="bytes of its owner's quota that it takes"),
        sa.Column("due_at", UtcDateTime, comment="when it may be collected; null: never"),
        sa.Column("created_at", UtcDateTime, nullable=False, comment="when the row was made, UTC"),
        sa.Column("created_by", BigId, comment="user id of its maker, null: Signet"),
        sa.Column("updated_at", UtcDateTime, nullable=False, comment="when it last changed, UTC"),
        sa.Column("updated_by", BigId, comment="user id of who changed it"),
        sa.Column("version", sa.Integer, nullable=False, comment="raised by every change, from 1"),
        sa.CheckConstraint("file_state IN ('uploading', 'active', 'deleted', 'condemned')", name="ck_files_state"),
        comment="files, and what may still become or has been one",
        sqlite_autoincrement=True,
    )
    op.create_index("ix_files_due_at", "files", ["due_at"])
    op.create_index("ix_files_owner", "files", ["created_by", "file_id"])


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
    op.create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"])
