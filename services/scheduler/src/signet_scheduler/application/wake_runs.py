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

    def forgotten(self, now: datetime) -> None:
        """Let all be due whose first attempt has been told of and not begun: nobody knows of them any more."""
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


@dataclass(slots=True)
class WakeRuns:
    """One turn of waking. Whoever has been told has `again` to begin; then somebody is told anew.

    A bell that `forgets` with its process what it was rung for lets all of that be due in the first turn.
    """

    rows: WaitingRuns
    bell: Bell
    clock: Clock
    again: timedelta = AGAIN
    forgets: bool = False

    def __call__(self) -> bool:
        """Whether there may be more to tell at once. Raises BusUnavailable, RowsUnavailable."""
        now = self.clock()
        if self.forgets:
            self.rows.forgotten(now)
            self.forgets = False
        due = self.rows.due(now, BATCH)
        if not due:
            return False
        told = self.bell.ring(due)
        if told:
            self.rows.told(told, now, now + self.again)
        return len(told) == BATCH
