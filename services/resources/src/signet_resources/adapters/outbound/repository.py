"""The demos inside one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from signet_common.messaging.recording import Change
from signet_common.passport import Passport
from signet_resources.adapters.outbound.event_map import EventMap
from signet_resources.adapters.outbound.queries import DEMO_COLUMNS
from signet_resources.adapters.outbound.tables import DEMOS
from signet_resources.domain.demos import CLIENT_FIELDS, Demo
from signet_resources.domain.errors import DemoNameTaken, DemoNotFound, VersionMismatch

_WRITTEN = (*CLIENT_FIELDS, "version", "updated_at", "updated_by")
"""What a change may alter."""


class SqlDemos:
    """Implements `ports.Demos`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, demo_id: int, *, owner: int | None) -> Demo:
        """Read and lock the row, so that what is decided on it still holds when it is written."""
        wanted = select(*DEMO_COLUMNS).where(DEMOS.c.demo_id == demo_id).with_for_update()
        if owner is not None:
            wanted = wanted.where(DEMOS.c.created_by == owner)
        row = self._connection.execute(wanted).first()
        if row is None:
            raise DemoNotFound(f"there is no demo {demo_id}")
        return Demo(*tuple(row))

    def add(self, fields: Mapping[str, Any], *, by: int | None, at: datetime) -> Demo:
        """Insert and read the generated id."""
        values: dict[str, Any] = {
            **fields,
            "version": 1,
            "created_at": at,
            "created_by": by,
            "updated_at": at,
            "updated_by": by,
        }
        try:
            key: Any = self._connection.execute(insert(DEMOS), values).inserted_primary_key
        except IntegrityError as refused:
            raise DemoNameTaken("demo_name: another demo has this name") from refused
        return Demo(demo_id=key[0], **values)

    def save(self, demo: Demo) -> None:
        """Write over the version before; a row that is not at it any more is somebody else's change."""
        before = update(DEMOS).where(DEMOS.c.demo_id == demo.demo_id, DEMOS.c.version == demo.version - 1)
        values = {field: getattr(demo, field) for field in _WRITTEN}
        try:
            written = self._connection.execute(before.values(**values)).rowcount
        except IntegrityError as refused:
            raise DemoNameTaken("demo_name: another demo has this name") from refused
        if not written:
            raise VersionMismatch(f"demo {demo.demo_id} has changed meanwhile")

    def remove(self, demo: Demo) -> None:
        """Delete the row."""
        self._connection.execute(delete(DEMOS).where(DEMOS.c.demo_id == demo.demo_id))


@dataclass(frozen=True, slots=True)
class SqlTransaction:
    """Implements `ports.Transaction` for one caller."""

    demos: SqlDemos
    connection: Connection
    caller: Passport
    events: EventMap

    def record(self, change: Change) -> None:
        """Put the event into the outbox, in this transaction."""
        self.events.add(self.connection, change, self.caller)
