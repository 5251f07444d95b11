"""From due rows to messages that wake workers.

A row waits until a worker claims it, and its message may get lost: so it is due again a while after each message. A
message too many does no harm, because the claim decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from signet_scheduler.application.ports import Clock

BATCH = 200
AGAIN = timedelta(seconds=30)


class DueRun(NamedTuple):
    """A run that waits, and the attempt that is to be begun."""

    run_id: int
    attempt: int


class WaitingRuns(Protocol):
    """The rows that wait."""

    def due(self, now: datetime, limit: int) -> Sequence[DueRun]:
        """Those that are due, the longest first."""
        ...

    def told(self, runs: Sequence[DueRun], now: datetime, again_at: datetime) -> None:
        """Note that workers have been told; a row that does not wait any more, or was put off, stays as it is."""
        ...


class Bell(Protocol):
    """How workers are woken."""

    def ring(self, runs: Sequence[DueRun]) -> Sequence[DueRun]:
        """Those for which a message is kept by the broker now: fewer when its queue is full.

        Raises BusUnavailable.
        """
        ...

    def close(self) -> None:
        """Disconnect. Ringing again connects again."""
        ...


@dataclass(frozen=True, slots=True)
class WakeRuns:
    """One turn of waking. Whoever has been told has `again` to begin; then somebody is told anew."""

    rows: WaitingRuns
    bell: Bell
    clock: Clock
    again: timedelta = AGAIN

    def __call__(self) -> bool:
        """Whether there may be more to tell at once. Raises BusUnavailable, RowsUnavailable."""
        now = self.clock()
        due = self.rows.due(now, BATCH)
        if not due:
            return False
        told = self.bell.ring(due)
        if told:
            self.rows.told(told, now, now + self.again)
        return len(told) == BATCH
