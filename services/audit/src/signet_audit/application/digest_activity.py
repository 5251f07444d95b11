"""Count what happened on a day, a part of it at a time, for the scheduler's digest."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from signet_audit.domain.activity import Activity, Position, Step
from signet_common.passport import Passport

SECONDS = 10.0
"""How long a request counts at most, but for its last step."""


class CountedRecords(Protocol):
    """Reads the log for counting."""

    def step(self, after: Position, before: datetime) -> Step | None:
        """Count a few records past a position, those at `before` and later left out; None where there is none."""
        ...

    def record_read(self, caller: Passport) -> None:
        """Put the reading itself into the log; returns once that is durable."""
        ...


@dataclass(frozen=True, slots=True)
class PartOfDay:
    """What was counted, and where to go on; `after` is None once the day is finished."""

    activity: Activity
    after: Position | None


class DigestActivity:
    """Counts in small steps, between which `pause` lets others have their turn."""

    def __init__(self, records: CountedRecords, timer: Callable[[], float], pause: Callable[[], None]) -> None:
        self._records = records
        self._timer = timer
        self._pause = pause

    def __call__(self, caller: Passport, day: date, after: Position | None = None) -> PartOfDay:
        """Count for ten seconds at most, from `after` on, from the beginning of the day without it."""
        self._records.record_read(caller)
        begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
        activity, position = Activity(), after or Position(begin, 0)
        end = self._timer() + SECONDS
        while step := self._records.step(position, begin + timedelta(days=1)):
            activity.add(step)
            position = step.last
            if self._timer() >= end:
                return PartOfDay(activity, position)
            self._pause()
        return PartOfDay(activity, None)
