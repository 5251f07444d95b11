"""Leases: one holder of a role at a time, found out by a row that expires when its holder is gone."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import Column, Connection, MetaData, String, Table, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from signet_common.sql.columns import BinaryText, UtcDateTime
from signet_common.sql.database import Database

LEASE_SECONDS = 6.0


def leases_table(metadata: MetaData) -> Table:
    """Declare the leases of one service."""
    return Table(
        "leases",
        metadata,
        Column("lease_name", String(64), primary_key=True, comment="the role that one holder has"),
        Column("holder", BinaryText(128), nullable=False, comment="who has it"),
        Column("expires_at", UtcDateTime, nullable=False, comment="when it is free again unless renewed"),
        comment="roles that one process at a time may have",
    )


class Leases:
    """Takes and renews leases. The database is asked again only once a third of the time has gone."""

    def __init__(
        self, database: Database, table: Table, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._database = database
        self._table = table
        self._clock = clock
        self._renew_after: dict[tuple[str, str], float] = {}

    def hold(self, name: str, holder: str) -> bool:
        """Whether `holder` has the lease now; takes it when it is free, renews it when it is near its end."""
        if time.monotonic() < self._renew_after.get((name, holder), 0.0):
            return True
        held = self._database.write(lambda connection: self._take(connection, name, holder))
        self._renew_after[name, holder] = time.monotonic() + LEASE_SECONDS / 3 if held else 0.0
        return held

    def release(self, name: str, holder: str) -> None:
        """Give the lease up, so that a successor need not wait for its end."""
        lease = self._table.c
        freed = (
            update(self._table)
            .where(lease.lease_name == name, lease.holder == holder)
            .values(expires_at=self._clock() - timedelta(seconds=1))
        )
        self._renew_after.pop((name, holder), None)
        self._database.write(lambda connection: connection.execute(freed))

    def _take(self, connection: Connection, name: str, holder: str) -> bool:
        now = self._clock()
        lease, values = self._table.c, {"holder": holder, "expires_at": now + timedelta(seconds=LEASE_SECONDS)}
        mine_or_free = or_(lease.holder == holder, lease.expires_at < now)
        taken = connection.execute(
            update(self._table).where(lease.lease_name == name, mine_or_free).values(**values)
        ).rowcount
        if taken:
            return True
        if connection.execute(select(lease.holder).where(lease.lease_name == name)).first():
            return False
        return self._take_first(connection, name, values)

    def _take_first(self, connection: Connection, name: str, values: dict[str, object]) -> bool:
        try:
            with connection.begin_nested() if connection.in_transaction() else connection.begin():
                connection.execute(insert(self._table), {"lease_name": name, **values})
        except IntegrityError:
            return False
        return True
