"""Change a schedule: when it comes, with which arguments, whether it comes at all."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from signet_common.messaging.recording import Change
from signet_common.passport import Passport, owner_filter
from signet_scheduler.application.jobs import Catalog
from signet_scheduler.application.ports import Clock
from signet_scheduler.application.reach import job_in_reach
from signet_scheduler.application.repositories import Transaction, UnitOfWork
from signet_scheduler.application.shown_again import schedule_again
from signet_scheduler.application.timing import next_slot
from signet_scheduler.domain.errors import FieldsInvalid, JobNotFound
from signet_scheduler.domain.schedules import Schedule, differences


@dataclass(frozen=True, slots=True)
class UpdateSchedule:
    """Sets some fields of a schedule; what is not named stays.

    Whatever says when it comes counts from now on: nothing that a pause has missed is made up for.
    """

    catalog: Catalog
    unit_of_work: UnitOfWork
    clock: Clock

    def __call__(
        self, caller: Passport, schedule_id: int, *, fields: Mapping[str, Any], expected: frozenset[int] | None
    ) -> Schedule:
        """The schedule after the change.

        Raises ScheduleNotFound, ScheduleNameTaken, VersionMismatch, FieldsInvalid, ArgumentsInvalid.
        """

        def work(transaction: Transaction) -> Schedule:
            old = transaction.schedules.get(schedule_id, owner=owner_filter(caller))
            old.require_version(expected)
            new = self._changed(old, fields, caller, self.clock())
            transaction.schedules.save(new)
            changes = differences(old, new)
            transaction.record(Change("schedule", "update", str(schedule_id), new.version, changes))
            return new

        return self.unit_of_work.execute(
            caller, work, Schedule, again=lambda transaction, it: schedule_again(transaction, caller, it)
        )

    def _changed(self, old: Schedule, fields: Mapping[str, Any], caller: Passport, now: datetime) -> Schedule:
        new = old.changed(fields, by=caller.user_id, at=now)
        if new.schedule_state == "active":
            self._require_job(caller, new.job_name)
        if "arguments" in fields and new.job_name in self.catalog:
            self.catalog[new.job_name].read(new.arguments)
        if new.timing == old.timing:
            return new
        return new.coming(next_slot(new.cron, new.time_zone, new.schedule_state, now))

    def _require_job(self, caller: Passport, job_name: str) -> None:
        try:
            job_in_reach(self.catalog, caller, job_name)
        except JobNotFound:
            why = "the job is not there, or not yours to run: this schedule can only be paused"
            raise FieldsInvalid([("schedule_state", why)]) from None
