"""From schedules to runs: whatever slot is due becomes a row, in the transaction that moves its schedule on.

Any number of processes may plan at the same time, and none is chosen. What two of them see due, one of them locks; what
a process leaves behind when it dies is a transaction that never was.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Protocol

from signet_scheduler.application.jobs import Catalog
from signet_scheduler.application.ports import Clock
from signet_scheduler.domain.cron import CronLine
from signet_scheduler.domain.errors import CronInvalid
from signet_scheduler.domain.planning import Lateness, Turn, decide
from signet_scheduler.domain.policies import Overlap

LONGEST_WAIT = 0.5
"""Seconds until schedules are looked at again that somebody may have changed meanwhile."""

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DueSchedule:
    """An active schedule whose slot `next_at` is due, or lies ahead and should perhaps not."""

    schedule_id: int
    job_name: str
    cron: str
    time_zone: str
    next_at: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of the due slots of a schedule, as far as they do not depend on other runs of the job."""

    turn: Turn
    overlap: Overlap
    max_attempts: int


Decide = Callable[[DueSchedule], Decision | None]
"""None leaves the schedule as it is."""


class SlotBook(Protocol):
    """Schedules, and the runs that they come to."""

    def next_at(self) -> datetime | None:
        """The earliest slot to come of all active schedules. Raises DatabaseUnavailable."""

    def plan(self, now: datetime, decide: Decide) -> int:
        """Carry out decisions on a batch of what is due at `now`, the latest due first; how many schedules moved on.

        The rows and the schedule's next slot commit together, and a slot that has a row already gets no second one.
        What another process works on is left to it. Raises DatabaseUnavailable.
        """

    def realign(self, now: datetime, next_slot: Callable[[DueSchedule], datetime | None]) -> int:
        """Move schedules back whose next slot is later than `next_slot` says; how many. Raises DatabaseUnavailable."""


@dataclass(frozen=True, slots=True)
class PlanSlots:
    """Plans the slots of the jobs in `catalog`."""

    book: SlotBook
    catalog: Catalog
    clock: Clock
    _unreadable: set[int] = field(default_factory=set)

    def step(self) -> float:
        """Plan a batch of what is due; the seconds until there is something to do again. Raises DatabaseUnavailable."""
        now = self.clock()
        next_at = self.book.next_at()
        if next_at is None or next_at > now:
            return LONGEST_WAIT if next_at is None else min(LONGEST_WAIT, (next_at - now).total_seconds())
        return 0.0 if self.book.plan(now, lambda due: self._decide(due, now)) else LONGEST_WAIT

    def realign(self) -> int:
        """Look at every schedule anew: a clock that was ahead may have left it waiting for a slot far away.

        Slots that became rows meanwhile do not run again; the others run at their time. How many schedules moved.
        """
        now = self.clock()
        return self.book.realign(now, lambda due: self._next_slot(due, now))

    def _decide(self, due: DueSchedule, now: datetime) -> Decision | None:
        # A job of another release is another process's business.
        line = self._line(due) if due.job_name in self.catalog else None
        if line is None:
            return None
        job = self.catalog[due.job_name]
        turn = decide(line, due.next_at, now, Lateness(job.missed, job.catch_up))
        return Decision(turn, job.overlap, job.retry.max_attempts)

    def _next_slot(self, due: DueSchedule, now: datetime) -> datetime | None:
        line = self._line(due)
        return due.next_at if line is None else line.after(now)

    def _line(self, due: DueSchedule) -> CronLine | None:
        """None for a line that this process cannot read, whatever its own version of the time zones knows."""
        try:
            return _read(due.cron, due.time_zone)
        except CronInvalid as refused:
            if due.schedule_id not in self._unreadable:
                self._unreadable.add(due.schedule_id)
                _LOGGER.warning("schedule %d is not planned: %s", due.schedule_id, refused)
            return None


@lru_cache(maxsize=1024)
def _read(cron: str, time_zone: str) -> CronLine:
    """The few lines that many schedules share: reading one takes longer than to find its next slot."""
    return CronLine.parse(cron, time_zone)
