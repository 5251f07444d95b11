"""A time zone as a clock on a wall: what it shows at an instant, when it shows something, and when it is changed.

Instants are aware and in UTC; wall times are naive.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from signet_scheduler.domain.errors import CronInvalid

_STRIDE = timedelta(days=1)
"""No zone has changed its clocks and taken it back within a day."""
_SECOND = timedelta(seconds=1)
_UNKNOWN = "the time zone is unknown: an IANA name is needed, as Europe/Berlin or UTC"


class WallClock:
    """The clock of one IANA zone."""

    def __init__(self, zone: str) -> None:
        """Raises CronInvalid. A name is looked up in a list first: to zoneinfo it is a path."""
        if zone not in _zones():
            raise CronInvalid(_UNKNOWN)
        self._zone = ZoneInfo(zone)

    def reads(self, instant: datetime) -> datetime:
        """What the clock shows."""
        return instant.astimezone(self._zone).replace(tzinfo=None, fold=0)

    def shows(self, wall: datetime) -> datetime:
        """When the clock shows `wall` for the first time, or, where it skips that, when it goes on behind it."""
        instant = wall.replace(tzinfo=self._zone).astimezone(UTC)
        if self.reads(instant) == wall:
            return instant
        # PEP 495: the two offsets around what is skipped give an instant on either side of the change.
        before = wall.replace(tzinfo=self._zone, fold=1).astimezone(UTC)
        return self.next_change(before, instant) or instant

    def next_change(self, after: datetime, until: datetime) -> datetime | None:
        """The first instant after `after`, and not after `until`, from which on the offset is another."""
        known, offset = after.replace(microsecond=0), self._offset(after)
        while known < until:
            ahead = min(known + _STRIDE, until)
            if self._offset(ahead) != offset:
                return self._change(known, ahead, offset)
            known = ahead
        return None

    def _change(self, before: datetime, behind: datetime, offset: timedelta) -> datetime:
        """The change between the two, of which the first still has `offset`, to the second."""
        behind = behind.replace(microsecond=0)
        while behind - before > _SECOND:
            middle = before + (behind - before) // 2
            middle = middle.replace(microsecond=0)
            if self._offset(middle) == offset:
                before = middle
            else:
                behind = middle
        return behind

    def _offset(self, instant: datetime) -> timedelta:
        return instant.astimezone(self._zone).utcoffset() or timedelta()


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    """The names of the package tzdata, so that a machine knows the same zones whatever it has installed itself."""
    return frozenset(files("tzdata").joinpath("zones").read_text(encoding="ascii").split())
