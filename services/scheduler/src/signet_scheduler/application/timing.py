"""When a schedule comes next, and what is wrong with one that never can: each refusal names the field it is about."""

from datetime import datetime

from signet_scheduler.domain.cron import CronLine
from signet_scheduler.domain.errors import CronInvalid, FieldsInvalid
from signet_scheduler.domain.schedules import ScheduleState

_ANY_LINE = "* * * * *"


def next_slot(cron: str, time_zone: str, state: ScheduleState, now: datetime) -> datetime | None:
    """The first slot from now on; None for a schedule that is paused. Raises FieldsInvalid: `cron` or `time_zone`."""
    _read("time_zone", _ANY_LINE, time_zone)
    line = _read("cron", cron, time_zone)
    return line.after(now) if state == "active" else None


def _read(field: str, cron: str, time_zone: str) -> CronLine:
    try:
        return CronLine.parse(cron, time_zone)
    except CronInvalid as refused:
        raise FieldsInvalid([(field, str(refused))]) from None
