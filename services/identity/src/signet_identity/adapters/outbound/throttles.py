"""The counts of attempts to sign in, inside one transaction."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from signet_common.sql.database import TransactionOvertaken
from signet_identity.adapters.outbound.tables import SIGN_IN_THROTTLES
from signet_identity.domain.throttling import Throttle

_COLUMNS = SIGN_IN_THROTTLES.c


class SqlThrottles:
    """Fulfils the port `SignInThrottles`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._locked: set[str] = set()

    def read(self, keys: Collection[str], now: datetime) -> Mapping[str, Throttle]:
        """Read and lock the rows, in the order of their keys, as everybody does."""
        wanted = _COLUMNS.throttle_key.in_(keys)
        statement = select(SIGN_IN_THROTTLES).where(wanted).order_by(_COLUMNS.throttle_key).with_for_update()
        rows = self._connection.execute(statement).all()
        self._locked.update(row.throttle_key for row in rows)
        return {
            row.throttle_key: Throttle(row.failures, row.blocked_until, row.admitted_at, row.succeeded_at)
            for row in rows
            if row.forget_at > now
        }

    def write(self, key: str, throttle: Throttle, *, forget_at: datetime) -> None:
        """Write over a row that was read, or insert it; who is overtaken at that starts again and finds the other's.

        A row that has appeared since the read is another attempt's: writing over it would lose a count.
        """
        values = {
            "failures": throttle.failures,
            "blocked_until": throttle.blocked_until,
            "admitted_at": throttle.admitted_at,
            "succeeded_at": throttle.succeeded_at,
            "forget_at": forget_at,
        }
        if key in self._locked:
            self._connection.execute(update(SIGN_IN_THROTTLES).where(_COLUMNS.throttle_key == key).values(values))
            return
        try:
            self._connection.execute(insert(SIGN_IN_THROTTLES), {"throttle_key": key, **values})
        except IntegrityError as overtaken:
            raise TransactionOvertaken from overtaken
