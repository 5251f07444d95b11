"""Which minutes of a calendar a cron line means, as a clock on a wall shows them: no zones, no clock changes.

The rules are those of Debian's cron: where day of month and day of week both begin with something else than a star,
either is enough; otherwise both have to be met.
"""

from copy import copy
from datetime import date, datetime, timedelta

from cronsim import CronSim, CronSimError

from signet_scheduler.domain.errors import CronInvalid

_DAY = timedelta(days=1)
_ANY = datetime(2000, 1, 1)  # noqa: DTZ001 - wall time has no zone


class CronCalendar:
    """The wall times of one line, which is spelled as `cron_fields.read_line` does. Naive datetimes throughout."""

    def __init__(self, line: str) -> None:
        try:
            self._line = CronSim(line, _ANY)
        except CronSimError:
            # Every field is in order, so it is this: no month of the line has the day.
            raise CronInvalid("day of month: that day never comes in the months of the line") from None
        minute, hour, *_ = line.split()
        self.follows_the_clock = minute.startswith("*") or hour.startswith("*")
        """Whether the line runs by what the wall shows (`*` in minute or hour) instead of at fixed times."""

    def next(self, wall: datetime) -> datetime | None:
        """The first minute after `wall`; None where fifty years have none. 29 February on a Sunday takes forty."""
        search = copy(self._line)
        search.dt = wall.replace(microsecond=0)
        try:
            return next(search)
        except (StopIteration, OverflowError):
            return None

    def count(self, after: datetime, until: datetime) -> int:
        """How many minutes there are after `after` and up to `until`; the work is by the day, not by the minute."""
        if until <= after:
            return 0
        total, day = self._until(until) - self._until(after), after.date()
        while day < until.date():
            total += self._in(day)
            day += _DAY
        return total

    def _in(self, day: date) -> int:
        return len(self._line.hours) * len(self._line.minutes) if self._meant(day) else 0

    def _until(self, wall: datetime) -> int:
        """Those of its day up to `wall`."""
        if not self._meant(wall.date()):
            return 0
        hours, minutes = self._line.hours, self._line.minutes
        earlier = sum(hour < wall.hour for hour in hours) * len(minutes)
        return earlier + (wall.hour in hours) * sum(minute <= wall.minute for minute in minutes)

    def _meant(self, day: date) -> bool:
        return day.month in self._line.months and self._line.match_day(day)
