"""The schedules inside a transaction of the API."""

from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.exc import IntegrityError

from signet_scheduler.adapters.outbound.stored_rows import SCHEDULE_COLUMNS, as_text, inserted_id, schedule_of
from signet_scheduler.adapters.outbound.tables import SCHEDULES
from signet_scheduler.application.repositories import NewSchedule
from signet_scheduler.domain.errors import ScheduleNameTaken, ScheduleNotFound, VersionMismatch
from signet_scheduler.domain.schedules import Schedule

_FIXED = ("schedule_id", "job_name", "declared", "created_at", "created_by", "arguments")
_WRITTEN = tuple(field.name for field in fields(Schedule) if field.name not in _FIXED)
"""What a change may alter, beside the arguments, which are stored as text."""


class SqlSchedules:
    """Fulfils the port `Schedules`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, schedule_id: int, *, owner: int | None) -> Schedule:
        """Read and lock the row: whoever plans its slots comes before or after, so `next_at` holds as well."""
        wanted = select(*SCHEDULE_COLUMNS).where(SCHEDULES.c.schedule_id == schedule_id).with_for_update()
        if owner is not None:
            wanted = wanted.where(SCHEDULES.c.created_by == owner)
        row = self._connection.execute(wanted).first()
        if row is None:
            raise ScheduleNotFound(f"there is no schedule {schedule_id}")
        return schedule_of(*row)

    def add(self, new: NewSchedule, *, by: int | None, at: datetime) -> Schedule:
        """Insert and read the generated id."""
        values: dict[str, Any] = {
            **asdict(new),
            "declared": False,
            "version": 1,
            "created_at": at,
            "created_by": by,
            "updated_at": at,
            "updated_by": by,
        }
        stored = values | {"arguments": as_text(new.arguments)}
        try:
            schedule_id = inserted_id(self._connection, SCHEDULES, stored)
        except IntegrityError as refused:
            raise ScheduleNameTaken("schedule_name: another schedule has this name") from refused
        return Schedule(schedule_id=schedule_id, **values)

    def save(self, schedule: Schedule) -> None:
        """Write over the version before; a row that is not at it any more is somebody else's change."""
        columns = SCHEDULES.c
        before = update(SCHEDULES).where(
            columns.schedule_id == schedule.schedule_id, columns.version == schedule.version - 1
        )
        values = {name: getattr(schedule, name) for name in _WRITTEN} | {"arguments": as_text(schedule.arguments)}
        try:
            written = self._connection.execute(before.values(**values)).rowcount
        except IntegrityError as refused:
            raise ScheduleNameTaken("schedule_name: another schedule has this name") from refused
        if not written:
            raise VersionMismatch(f"schedule {schedule.schedule_id} has changed meanwhile")

    def remove(self, schedule: Schedule) -> None:
        """Delete the row."""
        self._connection.execute(delete(SCHEDULES).where(SCHEDULES.c.schedule_id == schedule.schedule_id))
