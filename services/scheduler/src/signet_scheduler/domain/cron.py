"""Cron lines in a time zone: from five fields to instants.

Clock changes are met as Debian's cron meets them (cron(8)). A line at fixed times runs once for each of its times:
those that the clock skips run right when it goes on, together as one slot; those that it shows twice run the first
time. A line with a star at the beginning of minute or hour follows the clock: it runs whenever the wall shows one of
its times, so not in what is skipped, and twice in what is repeated.

Every question is answered in bounded time, whatever the line: searching ends after fifty years, and slots are counted
by days and looked for by halves.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from signet_scheduler.domain.cron_calendar import CronCalendar
from signet_scheduler.domain.cron_fields import read_line
from signet_scheduler.domain.wall_clock import WallClock

_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class CronLine:
    """A line in a zone. Instants are aware datetimes; those that come out are in UTC, at least a minute apart."""

    cron: str
    time_zone: str
    _calendar: CronCalendar = field(repr=False, compare=False)
    _clock: WallClock = field(repr=False, compare=False)

    @classmethod
    def parse(cls, cron: str, time_zone: str) -> "CronLine":
        """Read a line. Raises CronInvalid, which names the field, or the zone, and what is wrong with it."""
        return cls(cron, time_zone, CronCalendar(read_line(cron)), WallClock(time_zone))

    def after(self, instant: datetime) -> datetime | None:
        """The first slot after `instant`; None where none is in sight."""
        return self._by_the_clock(instant) if self._calendar.follows_the_clock else self._at_fixed_times(instant)

    def until(self, first: datetime, until: datetime) -> Iterator[datetime]:
        """The slots from `first`, itself one, to `until`, both included."""
        slot: datetime | None = first
        while slot is not None and slot <= until:
            yield slot
            slot = self.after(slot)

    def last(self, first: datetime, until: datetime) -> datetime:
        """The last slot that is not after `until`, where `first` is one: by halves, because there may be very many."""
        found, nothing_after = first, until
        while nothing_after - found >= _MINUTE:
            middle = found + (nothing_after - found) / 2
            slot = self.after(middle)
            if slot is not None and slot <= until:
                found = slot
            else:
                nothing_after = middle
        return found

    def count(self, first: datetime, until: datetime) -> int:
        """How many slots there are from `first`, itself one, to `until`, both included."""
        if until < first:
            return 0
        total, begins, wall = 1, first, self._clock.reads(first)
        while change := self._clock.next_change(begins, until):
            ends = self._clock.reads(change - _SECOND)
            total += self._calendar.count(wall, ends)
            begins, goes_on = change, self._clock.reads(change)
            if self._calendar.follows_the_clock:
                wall = goes_on - _SECOND
            else:
                total += self._calendar.count(ends, goes_on) > 0
                wall = max(ends, goes_on)
        return total + self._calendar.count(wall, self._clock.reads(until))

    def _at_fixed_times(self, instant: datetime) -> datetime | None:
        wall = self._calendar.next(self._clock.reads(instant))
        while wall is not None:
            slot = self._clock.shows(wall)
            if slot > instant:
                return slot
            # The clock shows this for the second time.
            wall = self._calendar.next(wall)
        return None

    def _by_the_clock(self, instant: datetime) -> datetime | None:
        """Go from one change of the clock to the next: between them what the wall shows and instants run in step."""
        begins, searched = instant, self._clock.reads(instant)
        wall = self._calendar.next(searched)
        while wall is not None:
            slot = begins + (wall - self._clock.reads(begins))
            change = self._clock.next_change(begins, slot)
            if change is None:
                return slot
            begins, goes_on = change, self._clock.reads(change) - _SECOND
            if goes_on < searched or wall <= goes_on:
                # Behind a change there may be what has not been searched, or what was found may be skipped.
                searched, wall = goes_on, self._calendar.next(goes_on)
        return None
