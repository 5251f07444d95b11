"""From changes to events in the outbox, and the declaration of what this service tells the bus."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from signet_common.messaging.asyncapi import EventType
from signet_common.messaging.recording import Change, RecordedEvent, compose
from signet_common.observability.context import TRACEPARENT
from signet_common.passport import Passport
from signet_common.sql.database import Database
from signet_common.sql.outbox import Outbox
from signet_resources import SERVICE

_DEMO_FIELDS: Mapping[str, Mapping[str, Any]] = {
    "demo_name": {"type": ["string", "null"]},
    "demo_state": {"enum": ["active", "inactive", None]},
}

EVENTS = (
    EventType(SERVICE, "demo", "insert", _DEMO_FIELDS, has_version=True, summary="A demo was created."),
    EventType(SERVICE, "demo", "update", _DEMO_FIELDS, has_version=True, summary="A demo was changed."),
    EventType(SERVICE, "demo", "delete", _DEMO_FIELDS, has_version=True, summary="A demo was deleted."),
    EventType(SERVICE, "demo", "query", {}, has_version=False, summary="One demo, or a page of them, was read."),
)


class EventMap:
    """Writes the event of a change with the change, and the event of a read in a group of its own."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    def add(self, connection: Connection, change: Change, caller: Passport) -> None:
        """Commit the event with the transaction of `connection`."""
        self._outbox.add(connection, self._event(change, caller))

    def append(self, database: Database, change: Change, caller: Passport) -> None:
        """Commit a query record by itself; returns once it is durable."""
        self._outbox.append(database, self._event(change, caller))

    @staticmethod
    def _event(change: Change, caller: Passport) -> RecordedEvent:
        return compose(SERVICE, change, caller, TRACEPARENT.get())
