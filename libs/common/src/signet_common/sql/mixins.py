"""The mixins of row classes; apart from `columns`, because a process that only relays events needs no ORM (6 MB)."""

from datetime import datetime

from sqlalchemy import Integer
from sqlalchemy.orm import Mapped, mapped_column

from signet_common.sql.columns import BigId, UtcDateTime


class CreationMixin:
    """When and by whom a row was made."""

    created_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="when the row was made, UTC", sort_order=900)
    created_by: Mapped[int | None] = mapped_column(BigId, comment="user id of its maker, null: Signet", sort_order=901)


class UpdationMixin:
    """When and by whom a row was last changed."""

    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="when it last changed, UTC", sort_order=910)
    updated_by: Mapped[int | None] = mapped_column(BigId, comment="user id of who changed it", sort_order=911)


class VersionMixin:
    """A counter that every change raises; served as ETag."""

    version: Mapped[int] = mapped_column(Integer, comment="raised by every change, from 1", sort_order=920)
