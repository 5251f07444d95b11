"""What cron does, minute by minute, written down from crontab(5) and cron(8) and from nothing of ours."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
LOOK_BACK = timedelta(hours=2)
"""Longer than the clocks of the tests repeat: what they have shown before does not run again."""
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]


def has(field: str, value: int, least: int, most: int) -> bool:
    """Whether a field holds a value."""
    for item in field.lower().split(","):
        bounds, _, step = item.partition("/")
        first, _, last = (f"{least}-{most}" if bounds == "*" else bounds).partition("-")
        begin, end = number(first, least), number(last or first, least)
        if begin <= value <= end and (value - begin) % int(step or "1") == 0:
            return True
    return False


def number(text: str, least: int) -> int:
    names = MONTHS if least == 1 else DAYS
    return names.index(text) + least if text in names else int(text)


def matches(line: str, wall: datetime) -> bool:
    """Whether a line means what the wall shows."""
    minute, hour, day, month, weekday = line.split()
    of_month = has(day, wall.day, 1, 31)
    of_week = any(has(weekday, number, 0, 7) for number in (wall.isoweekday() % 7, wall.isoweekday()))
    either = day[0] != "*" and weekday[0] != "*"
    return (
        has(minute, wall.minute, 0, 59)
        and has(hour, wall.hour, 0, 23)
        and has(month, wall.month, 1, 12)
        and ((of_month or of_week) if either else (of_month and of_week))
    )


def slots(line: str, zone: str, after: datetime, until: datetime) -> Iterator[datetime]:
    """When it runs after `after` and up to `until`."""
    minute, hour, *_ = line.split()
    wildcard = minute[0] == "*" or hour[0] == "*"
    now = (after - LOOK_BACK).replace(second=0, microsecond=0)
    shown = now.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    while (now := now + MINUTE) <= until:
        wall = now.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)
        if wildcard:
            runs = now > after and matches(line, wall)
        else:
            runs = False
            while shown < wall:
                shown += MINUTE
                runs = runs or (now > after and matches(line, shown))
        if runs:
            yield now.astimezone(UTC)
