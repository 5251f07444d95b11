"""Schedules: when which job runs, and with which arguments."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

ScheduleState = Literal["active", "inactive"]
MAX_NAME_BYTES = 64
MAX_CRON_BYTES = 128
MAX_ZONE_BYTES = 64


@dataclass(frozen=True, slots=True)
class Schedule:
    """One schedule. `declared` ones belong to the code: they are paused and changed, never deleted.

    `next_at` is the slot that comes next, None where none will: paused, or a line that never comes again.
    """

    schedule_id: int
    schedule_name: str
    job_name: str
    cron: str
    time_zone: str
    arguments: Mapping[str, Any]
    schedule_state: ScheduleState
    declared: bool
    next_at: datetime | None
    version: int
    created_at: datetime
    created_by: int | None
    updated_at: datetime
    updated_by: int | None
