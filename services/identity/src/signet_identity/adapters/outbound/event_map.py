"""From identity's changes to events in its outbox."""

from sqlalchemy import Connection

from signet_common.messaging.recording import Change, RecordedEvent, compose
from signet_common.observability.context import TRACEPARENT
from signet_common.passport import Passport
from signet_common.sql.database import Database
from signet_common.sql.outbox import Outbox

SERVICE = "identity"


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
