"""The text of a cron line: what may stand in its five fields, and in which words the rest is refused.

Grammar of each field, as in crontab(5): a list of items parted by commas; an item is `*`, a value, or a range `a-b`;
`*` and ranges may have a step, `/n`. Months and weekdays have names of three letters in any case; Sunday is 0 and 7.
The extensions of other crons (`@daily`, seconds, years, `L`, `W`, `#`, `?`) are refused rather than guessed at.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from signet_scheduler.domain.errors import CronInvalid
from signet_scheduler.domain.schedules import MAX_CRON_BYTES

_ITEM = re.compile(r"(?P<first>\*|[0-9A-Z]+)(?:-(?P<last>[0-9A-Z]+))?(?:/(?P<step>[0-9]+))?")
_NUMBER = re.compile(r"[0-9]{1,4}")
_MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC"
_DAYS = "SUN MON TUE WED THU FRI SAT"


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    least: int
    most: int
    names: Mapping[str, int] = field(default_factory=dict)

    def read(self, text: str) -> str:
        """The field in one spelling. Raises CronInvalid."""
        return ",".join(self._item(item) for item in text.split(","))

    def _item(self, text: str) -> str:
        found = _ITEM.fullmatch(text)
        if found is None:
            raise self._invalid(f"{text or 'nothing'} is not a value, a range or *, with or without a step")
        first, last, step = found.group("first", "last", "step")
        if first == "*":
            if last is not None:
                raise self._invalid(f"{text} is no range")
            return "*" if step is None else f"*/{self._step(step)}"
        begin = self._value(first)
        if last is None:
            if step is not None:
                raise self._invalid(f"{text} has a step and no range; write {first}-{self.most}/{step}")
            return str(begin)
        end = self._value(last)
        if end < begin:
            raise self._invalid(f"{text} ends before it begins")
        by = self._step(step or "1")
        return f"{begin}-{end}/{by}" if begin < end else str(begin)

    def _value(self, text: str) -> int:
        value = self.names.get(text)
        if value is None and _NUMBER.fullmatch(text):
            value = int(text)
        if value is None or not self.least <= value <= self.most:
            names = f" or {', '.join(self.names)}" if self.names else ""
            raise self._invalid(f"{text} is not {self.least}-{self.most}{names}")
        return value

    def _step(self, text: str) -> int:
        if not _NUMBER.fullmatch(text) or not 1 <= int(text) <= self.most:
            raise self._invalid(f"the step {text} is not 1-{self.most}")
        return int(text)

    def _invalid(self, why: str) -> CronInvalid:
        return CronInvalid(f"{self.name}: {why}")


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of month", 1, 31),
    _Field("month", 1, 12, {name: number for number, name in enumerate(_MONTHS.split(), 1)}),
    _Field("day of week", 0, 7, {name: number for number, name in enumerate(_DAYS.split())}),
)


def read_line(text: str) -> str:
    """The line in one spelling: numbers, single blanks, ranges with their steps. Raises CronInvalid, which says why."""
    if len(text) > MAX_CRON_BYTES:
        raise CronInvalid(f"the line is longer than {MAX_CRON_BYTES} characters")
    if not text.isascii() or not text.replace("\t", " ").isprintable():
        raise CronInvalid("the line holds characters that have no place in it")
    fields = text.upper().split()
    if fields and fields[0].startswith("@"):
        raise CronInvalid(f"{text.split(maxsplit=1)[0]} is not understood: write five fields, as in 0 0 * * *")
    if len(fields) != len(_FIELDS):
        names = ", ".join(each.name for each in _FIELDS)
        raise CronInvalid(f"the line has {len(fields)} field{'s' * (len(fields) != 1)}, and needs five: {names}")
    return " ".join(each.read(text) for each, text in zip(_FIELDS, fields, strict=True))
