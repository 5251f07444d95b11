"""Schedules: when which job runs, and with which arguments."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from signet_scheduler.domain.errors import VersionMismatch

ScheduleState = Literal["active", "inactive"]
MAX_NAME_BYTES = 64
MAX_CRON_BYTES = 128
MAX_ZONE_BYTES = 64
CLIENT_FIELDS = ("schedule_name", "job_name", "cron", "time_zone", "arguments", "schedule_state")
"""What clients set, and what is told of a schedule; none of it may be a secret."""


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

    @property
    def timing(self) -> tuple[str, str, ScheduleState]:
        """All that decides when it comes."""
        return self.cron, self.time_zone, self.schedule_state

    def changed(self, fields: Mapping[str, Any], *, by: int | None, at: datetime) -> "Schedule":
        """The schedule after a change: one version further, whatever the fields say."""
        return replace(self, **fields, version=self.version + 1, updated_at=at, updated_by=by)

    def coming(self, next_at: datetime | None) -> "Schedule":
        """The same, with another slot that comes next."""
        return replace(self, next_at=next_at)

    def require_version(self, expected: frozenset[int] | None) -> None:
        """Raises VersionMismatch unless the schedule is at one of the versions that the client has seen."""
        if expected is not None and self.version not in expected:
            raise VersionMismatch(f"schedule {self.schedule_id} is at version {self.version}")


def differences(old: Schedule | None, new: Schedule | None) -> dict[str, tuple[Any, Any]]:
    """Field → (before, after) for each of `CLIENT_FIELDS` that differs; None is one not yet made, or deleted."""
    pairs = {field: (old and getattr(old, field), new and getattr(new, field)) for field in CLIENT_FIELDS}
    return {field: (before, after) for field, (before, after) in pairs.items() if before != after}
