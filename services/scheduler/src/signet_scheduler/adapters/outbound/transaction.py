"""What one unit of work of the API reaches."""

from dataclasses import dataclass

from sqlalchemy import Connection

from signet_common.messaging.recording import Change
from signet_common.passport import Passport
from signet_scheduler.adapters.outbound.asked_runs import SqlAskedRuns
from signet_scheduler.adapters.outbound.event_map import EventMap
from signet_scheduler.adapters.outbound.schedules import SqlSchedules


@dataclass(frozen=True, slots=True)
class SqlTransaction:
    """Fulfils the port `Transaction` for one caller."""

    runs: SqlAskedRuns
    schedules: SqlSchedules
    connection: Connection
    caller: Passport
    events: EventMap

    def record(self, change: Change) -> None:
        """Put the event into the outbox, in this transaction."""
        self.events.add(self.connection, change, self.caller)
