"""How much each user stores, and may store."""

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from signet_common.messaging.recording import Change
from signet_common.passport import Passport
from signet_common.sql.database import Database, TransactionOvertaken
from signet_files.adapters.outbound.event_map import EventMap
from signet_files.adapters.outbound.tables import QUOTAS
from signet_files.application.set_quota import RESOURCE, require_quota_in_reach
from signet_files.domain.errors import QuotaExceeded
from signet_files.domain.quotas import Quota


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


class SqlQuotas:
    """Fulfils the port `Quotas`. `quota` is what a user may store without a limit of their own."""

    def __init__(self, connection: Connection, quota: int) -> None:
        self._connection = connection
        self._quota = quota

    def set_limit(self, user_id: int, limit_bytes: int | None) -> tuple[int | None, Quota]:
        """Lock the row, or insert it. Raises TransactionOvertaken."""
        row = self._connection.execute(select(QUOTAS).where(QUOTAS.c.user_id == user_id).with_for_update()).first()
        if row is None:
            self._insert(user_id, limit_bytes)
            return None, _quota(user_id, 0, limit_bytes, self._quota)
        limited = update(QUOTAS).where(QUOTAS.c.user_id == user_id)
        self._connection.execute(limited.values(limit_bytes=limit_bytes))
        return row.limit_bytes, _quota(user_id, row.used_bytes, limit_bytes, self._quota)

    def _insert(self, user_id: int, limit_bytes: int | None) -> None:
        try:
            self._connection.execute(insert(QUOTAS).values(user_id=user_id, used_bytes=0, limit_bytes=limit_bytes))
        except IntegrityError as overtaken:
            raise TransactionOvertaken from overtaken


class SqlQuotaQueries:
    """Implements `queries.QuotaQueries`."""

    def __init__(self, database: Database, events: EventMap, quota: int) -> None:
        self._database = database
        self._events = events
        self._quota = quota

    def get(self, user_id: int, caller: Passport, *, record: bool) -> Quota:
        """Read one row, which need not be there."""
        require_quota_in_reach(caller, user_id)
        wanted = select(QUOTAS.c.used_bytes, QUOTAS.c.limit_bytes).where(QUOTAS.c.user_id == user_id)
        row = self._database.read(lambda connection: connection.execute(wanted).first())
        used, limit = row or (0, None)
        if record:
            self._events.append(self._database, Change(RESOURCE, "query", str(user_id)), caller)
        return _quota(user_id, used, limit, self._quota)


def _quota(user_id: int, used: int, limit: int | None, everybodys: int) -> Quota:
    return Quota(user_id, used, everybodys if limit is None else limit, limit is not None)
