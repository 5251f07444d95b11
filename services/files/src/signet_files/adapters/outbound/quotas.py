"""How much each user stores, and may store."""

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from signet_common.sql.database import TransactionOvertaken
from signet_files.adapters.outbound.tables import QUOTAS
from signet_files.domain.errors import QuotaExceeded


def room_of(connection: Connection, user_id: int | None, quota: int) -> int:
    """How many more bytes a user may store; `quota` is for those without a limit of their own, and for nobody."""
    row = connection.execute(select(QUOTAS).where(QUOTAS.c.user_id == user_id)).first()
    if row is None:
        return quota
    limit: int = quota if row.limit_bytes is None else row.limit_bytes
    return max(0, limit - int(row.used_bytes))


def take_room(connection: Connection, user_id: int | None, size: int, quota: int) -> None:
    """Count `size` bytes, in one statement: of two uploads at once the second is measured with the first.

    Raises QuotaExceeded, TransactionOvertaken.
    """
    if user_id is None or not size:
        # Nothing takes no room, where there is less than none as well.
        return
    fits = QUOTAS.c.used_bytes + size <= func.coalesce(QUOTAS.c.limit_bytes, quota)
    counted = update(QUOTAS).where(QUOTAS.c.user_id == user_id, fits).values(used_bytes=QUOTAS.c.used_bytes + size)
    if connection.execute(counted).rowcount:
        return
    if size > (left := room_of(connection, user_id, quota)):
        raise QuotaExceeded(f"{left} bytes are left")
    try:
        connection.execute(insert(QUOTAS).values(user_id=user_id, used_bytes=size))
    except IntegrityError as overtaken:
        raise TransactionOvertaken from overtaken


def give_room_back(connection: Connection, user_id: int | None, size: int) -> None:
    """Count `size` bytes no more."""
    counted = update(QUOTAS).where(QUOTAS.c.user_id == user_id)
    connection.execute(counted.values(used_bytes=QUOTAS.c.used_bytes - size))
