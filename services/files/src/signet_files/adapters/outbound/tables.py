"""The tables of this service. Row classes are for reading the schema; the hot path uses their `__table__`."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, String, Table, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from signet_common.sql.columns import BigId, BinaryText, UtcDateTime
from signet_common.sql.idempotency import idempotency_table
from signet_common.sql.leases import leases_table
from signet_common.sql.mixins import CreationMixin, UpdationMixin, VersionMixin
from signet_common.sql.outbox import outbox_table
from signet_common.sql.stored_secrets import SecretColumn
from signet_files.domain.files import MAX_NAME_BYTES, STATES


class Row(DeclarativeBase):
    """The root of this service's rows."""


class FileRow(CreationMixin, UpdationMixin, VersionMixin, Row):
    """One file. Of what is uploading, type, size and hash are not known yet."""

    __tablename__ = "files"
    __table_args__ = (
        CheckConstraint(f"file_state IN {STATES}", name="ck_files_state"),
        Index("ix_files_due_at", "due_at"),
        Index("ix_files_owner", "created_by", "file_id"),
        # AUTOINCREMENT: an id, once audited or written into a header, must never name another file.
        {"comment": "files, and what may still become or has been one", "sqlite_autoincrement": True},
    )

    file_id: Mapped[int] = mapped_column(BigId, primary_key=True, comment="id of the file, never used again")
    file_name: Mapped[str] = mapped_column(BinaryText(MAX_NAME_BYTES), comment="for people; never a path")
    file_state: Mapped[str] = mapped_column(String(9), comment="uploading, active, deleted or condemned")
    media_type: Mapped[str | None] = mapped_column(String(127), comment="told from the content")
    size: Mapped[int | None] = mapped_column(BigInteger, comment="bytes of the content; null: not uploaded")
    sha256: Mapped[str | None] = mapped_column(String(64), comment="hash of the content, hexadecimal")
    room_taken: Mapped[int] = mapped_column(BigInteger, comment="bytes of its owner's quota that it takes")
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime, comment="when it may be collected; null: never")


class BlobRow(Row):
    """Where the content of a file lies, and its key."""

    __tablename__ = "blobs"
    __table_args__ = (
        UniqueConstraint("file_id", "content_version", name="uq_blobs_file_version"),
        # AUTOINCREMENT: the id is part of what its data key is bound to.
        {"comment": "encrypted contents, see docs/file-format.md", "sqlite_autoincrement": True},
    )

    blob_id: Mapped[int] = mapped_column(BigId, primary_key=True, comment="id of the blob, never used again")
    file_id: Mapped[int] = mapped_column(BigId, ForeignKey("files.file_id"), comment="whose content it is")
    content_version: Mapped[int] = mapped_column(Integer, comment="which one of the file's contents, from 1")
    blob_name: Mapped[str] = mapped_column(BinaryText(128), unique=True, comment="its name in the store")
    data_key: Mapped[str | None] = mapped_column(String(255), comment="wrapped under the keyring; null: destroyed")


class QuotaRow(Row):
    """What a user stores, and may store."""

    __tablename__ = "quotas"
    __table_args__ = ({"comment": "room taken and given, per user"},)

    user_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False, comment="the owner")
    used_bytes: Mapped[int] = mapped_column(BigInteger, comment="room that all files take that are not gone")
    limit_bytes: Mapped[int | None] = mapped_column(BigInteger, comment="the most; null: what everybody has")


FILES: Table = Row.metadata.tables["files"]
BLOBS: Table = Row.metadata.tables["blobs"]
DATA_KEYS = SecretColumn(BLOBS.c.blob_id, BLOBS.c.data_key)
UNDER_KEYRING = (DATA_KEYS,)
"""Every column that a rotation of the keyring brings under another key."""
QUOTAS: Table = Row.metadata.tables["quotas"]
OUTBOX = outbox_table(Row.metadata)
LEASES = leases_table(Row.metadata)
"""Only the relay uses it, with a table of its own; it stands here for the comparison with the migrations."""
IDEMPOTENCY_KEYS = idempotency_table(Row.metadata)
