"""What the audit log itself tells the bus: that somebody read it."""

from signet_audit import SERVICE
from signet_common.messaging.asyncapi import EventType
from signet_common.messaging.recording import Change, compose
from signet_common.observability.context import TRACEPARENT
from signet_common.passport import Passport
from signet_common.sql.database import Database
from signet_common.sql.outbox import Outbox

EVENTS = (EventType(SERVICE, "record", "query", {}, has_version=False, summary="The audit log was searched."),)


class EventMap:
    """Writes the event of a read; recording that event later reads nothing, so it makes no other."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    def append(self, database: Database, change: Change, caller: Passport) -> None:
        """Commit a query record by itself; returns once it is durable."""
        self._outbox.append(database, compose(SERVICE, change, caller, TRACEPARENT.get()))
