"""The outbox: an event is a row of the transaction that made the change, and leaves the house later.

Pattern: transactional outbox. Rows are picked by `sent_at IS NULL`, never by `id >`: transactions commit out of order,
and a row that became visible late must not be passed over.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, Protocol, TypeVar

from sqlalchemy import (
    Column,
    Connection,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    bindparam,
    func,
    select,
    update,
)

from signet_common.sql.added_rows import add_later
from signet_common.sql.columns import BinaryText, LongText, UtcDateTime
from signet_common.sql.database import Database
from signet_common.sql.driver import PreparedSelect
from signet_common.sql.leases import Leases

EventT = TypeVar("EventT")

POLL_SECONDS = 0.05
LEASE_NAME = "relay"


class OutboxEntry(Protocol):
    """An event as it waits: where it goes, what it says, and the object version that it tells of (None: a read)."""

    @property
    def event_id(self) -> str: ...
    @property
    def routing_key(self) -> str: ...
    @property
    def resource(self) -> str: ...
    @property
    def object_id(self) -> str: ...
    @property
    def object_version(self) -> int | None: ...
    @property
    def body(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Backlog:
    """What has not left yet: how many events, and the age of the oldest in seconds."""

    pending: int
    oldest_seconds: float


def outbox_table(metadata: MetaData) -> Table:
    """Declare the outbox of one service."""
    return Table(
        "outbox",
        metadata,
        Column("event_id", String(36), primary_key=True, comment="time-ordered UUID of the event"),
        Column("routing_key", String(128), nullable=False, comment="service.resource.operation"),
        Column("resource", String(64), nullable=False, comment="kind of the object"),
        Column("object_id", BinaryText(64), nullable=False, comment="id of the object as text, empty: none"),
        Column("object_version", Integer, comment="version that the change made; null: none"),
        Column("body", LongText, nullable=False, comment="CloudEvents 1.0 JSON"),
        Column("created_at", UtcDateTime, nullable=False, comment="when the event was written"),
        Column("sent_at", UtcDateTime, comment="when the bus confirmed it; null: it waits"),
        UniqueConstraint("resource", "object_id", "object_version", name="uq_outbox_object_version"),
        Index("ix_outbox_waiting", "sent_at", "event_id"),
        comment="events that leave, or have left, with the change that made them",
    )


class Outbox:
    """Adds events to the transaction of the change that they tell of."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def add(self, connection: Connection, entry: OutboxEntry) -> None:
        """Write `entry` with the change, or not at all."""
        add_later(connection, self.table, _row(entry))

    def append(self, database: Database, entry: OutboxEntry) -> None:
        """Write `entry` by itself: a query record, committed in a group before the read is answered."""
        database.append(self.table, _row(entry))

    def backlog(self, database: Database) -> Backlog:
        """How far the relay is behind."""
        waiting = self.table.c.sent_at.is_(None)
        statement = select(func.count(), func.min(self.table.c.created_at)).where(waiting)
        pending, oldest = database.read(lambda connection: connection.execute(statement).one())
        return Backlog(pending, (datetime.now(UTC) - oldest).total_seconds() if oldest else 0.0)


def _row(entry: OutboxEntry) -> dict[str, object]:
    return {
        "event_id": entry.event_id,
        "routing_key": entry.routing_key,
        "resource": entry.resource,
        "object_id": entry.object_id,
        "object_version": entry.object_version,
        "body": entry.body.decode(),
        "created_at": datetime.now(UTC),
    }


class OutboxReader(Generic[EventT]):
    """The relay's side of an outbox: what waits, in order per object, and what has left.

    `make_event` builds what the bus takes from (event id, routing key, body, ordering key). Who is in no hurry looks
    less often than every POLL_SECONDS: at rest, that look is most of what a process costs.
    """

    def __init__(
        self,
        database: Database,
        table: Table,
        leases: Leases,
        make_event: Callable[[str, str, bytes, str], EventT],
        *,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._poll_seconds = poll_seconds
        self._database = database
        self._leases = leases
        self._make_event = make_event
        columns = table.c
        self._pending = PreparedSelect(
            select(columns.event_id, columns.routing_key, columns.body, columns.resource, columns.object_id)
            .where(columns.sent_at.is_(None))
            .order_by(columns.event_id)
            .limit(bindparam("most"))
        )
        self._mark = (
            update(table)
            .where(columns.event_id.in_(bindparam("ids", expanding=True)))
            .values(sent_at=bindparam("now", type_=columns.sent_at.type))
        )

    def hold_lease(self, holder: str) -> bool:
        """Whether `holder` may relay now: one relay per service, so that one object's events keep their order."""
        return self._leases.hold(LEASE_NAME, holder)

    def pending(self, limit: int) -> list[EventT]:
        """At most `limit` events that wait, oldest first."""
        rows = self._database.read(lambda connection: self._pending.rows(connection, {"most": limit}))
        return [
            self._make_event(event_id, routing_key, body.encode(), f"{resource}/{object_id}" if object_id else "")
            for event_id, routing_key, body, resource, object_id in rows
        ]

    def mark_sent(self, event_ids: Iterable[str]) -> None:
        """Note what the bus has confirmed."""
        sent = {"ids": list(event_ids), "now": datetime.now(UTC)}
        if sent["ids"]:
            self._database.write(lambda connection: connection.execute(self._mark, sent))

    def wait(self, timeout: float) -> None:
        """Sleep until something waits, at most `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while not self.pending(1) and time.monotonic() < deadline:
            time.sleep(self._poll_seconds)
