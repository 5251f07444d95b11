"""The tables of this service. Row classes are for reading the schema; the hot path uses their `__table__`."""

from sqlalchemy import CheckConstraint, Index, String, Table
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from signet_common.sql.columns import BigId, BinaryText
from signet_common.sql.idempotency import idempotency_table
from signet_common.sql.leases import leases_table
from signet_common.sql.mixins import CreationMixin, UpdationMixin, VersionMixin
from signet_common.sql.outbox import outbox_table
from signet_resources.domain.demos import MAX_NAME_BYTES


class Row(DeclarativeBase):
    """The root of this service's rows."""


class DemoRow(CreationMixin, UpdationMixin, VersionMixin, Row):
    """One demo."""

    __tablename__ = "demos"
    __table_args__ = (
        CheckConstraint("demo_state IN ('active', 'inactive')", name="ck_demos_state"),
        Index("ix_demos_created_at", "created_at"),
        # AUTOINCREMENT: an id, once audited, must never name another demo.
        {"comment": "demos, the example resource", "sqlite_autoincrement": True},
    )

    demo_id: Mapped[int] = mapped_column(BigId, primary_key=True, comment="id of the demo, never used again")
    demo_name: Mapped[str] = mapped_column(BinaryText(MAX_NAME_BYTES), unique=True, comment="unique name")
    demo_state: Mapped[str] = mapped_column(String(8), comment="active or inactive")


DEMOS: Table = Row.metadata.tables["demos"]
OUTBOX = outbox_table(Row.metadata)
LEASES = leases_table(Row.metadata)
"""Only the relay uses it, with a table of its own; it stands here for the comparison with the migrations."""
IDEMPOTENCY_KEYS = idempotency_table(Row.metadata)
