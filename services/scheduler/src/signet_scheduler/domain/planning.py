"""What becomes of slots that are due: pure decisions, which need no more work after a month than after a minute.

Every slot is decided once. Most get a row of their own, which waits or is skipped for a reason; a row that is skipped
may speak for many slots before it, and then says how many from when to when.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain, islice

from signet_scheduler.domain.cron import CronLine
from signet_scheduler.domain.policies import MOST_UNDER_WAY, Missed, Overlap

ON_TIME = timedelta(seconds=60)
"""How late a slot may be planned without having been missed."""
MOST_AT_ONCE = 1_000
"""Rows of one schedule in one turn; the rest comes in the next."""
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Lateness:
    """The policy of a job for slots that went by while nobody planned; `catch_up` is how old they may still run."""

    missed: Missed
    catch_up: timedelta


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot that gets a row: it runs, unless there is a reason why not."""

    scheduled_at: datetime
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn makes of a schedule: rows, oldest first, and the slot that comes next (None: none ever)."""

    slots: tuple[Slot, ...]
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class UnderWay:
    """How many runs of a job wait or run, and the id of one of them."""

    runs: int = 0
    run_id: int | None = None


def decide(line: CronLine, due: datetime, now: datetime, policy: Lateness) -> Turn:
    """Decide on the slots from `due`, which is the first undecided one, to `now`, which is not before it."""
    deciding = _Deciding(line, due, now, policy)
    rows = deciding.rows()
    slots = tuple(islice(rows, MOST_AT_ONCE))
    return Turn(slots, line.after(slots[-1].scheduled_at))


def admit(slots: Iterable[Slot], overlap: Overlap, under_way: UnderWay) -> tuple[Sequence[Slot], UnderWay]:
    """Let slots run as far as their job may meet itself, and give the others a reason; what is under way then."""
    admitted: list[Slot] = []
    runs, most = under_way.runs, MOST_UNDER_WAY.get(overlap)
    for slot in slots:
        if slot.reason is None and most is not None and runs >= most:
            admitted.append(replace(slot, reason=_busy(under_way.run_id)))
            continue
        runs += slot.reason is None
        admitted.append(slot)
    return admitted, replace(under_way, runs=runs)


def _busy(run_id: int | None) -> str:
    named = "" if run_id is None else f", run {run_id}"
    return f"skipped: the job does not overlap with itself, and is under way{named}"


@dataclass(frozen=True, slots=True)
class _Deciding:
    line: CronLine
    due: datetime
    now: datetime
    policy: Lateness

    def rows(self) -> Iterable[Slot]:
        """All of them; whoever takes only some comes back for the others."""
        missed_until = self.now - ON_TIME - _INSTANT
        if self.due > missed_until:
            return self._run_from(self.due)
        if self.policy.missed == "run_all":
            return self._all(missed_until)
        last = self.line.last(self.due, missed_until)
        on_time = self.line.after(last)
        if self.policy.missed == "skip":
            return [self._skipped(last, "were missed"), *self._run_from(on_time)]
        if on_time is not None and on_time <= self.now:
            return [self._skipped(last, "were missed, and the next one runs for all"), *self._run_from(on_time)]
        return self._once(last)

    def _once(self, last: datetime) -> Iterable[Slot]:
        """The last one runs, for all before it."""
        if last < self.now - self.policy.catch_up:
            return [self._skipped(last, "were missed too long ago")]
        if last == self.due:
            return [Slot(last)]
        before = self.line.last(self.due, last - _INSTANT)
        return [self._skipped(before, "were missed, and the next one runs for all"), Slot(last)]

    def _all(self, missed_until: datetime) -> Iterable[Slot]:
        """Those of the window run, each by itself."""
        oldest = min(self.now - self.policy.catch_up, missed_until + _INSTANT)
        if self.due >= oldest:
            return self._run_from(self.due)
        last = self.line.last(self.due, oldest - _INSTANT)
        return chain([self._skipped(last, "were missed too long ago")], self._run_from(self.line.after(last)))

    def _run_from(self, first: datetime | None) -> Iterable[Slot]:
        return (Slot(slot) for slot in self.line.until(first, self.now)) if first is not None else ()

    def _skipped(self, last: datetime, why: str) -> Slot:
        number = self.line.count(self.due, last)
        if number == 1:
            return Slot(last, f"skipped: this slot {why.replace('were', 'was', 1)}")
        return Slot(last, f"skipped: {number} slots from {_text(self.due)} to {_text(last)} {why}")


def _text(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
