"""Make a schedule."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from signet_common.messaging.recording import Change
from signet_common.passport import Passport
from signet_scheduler.application.jobs import Catalog
from signet_scheduler.application.ports import Clock
from signet_scheduler.application.reach import job_in_reach
from signet_scheduler.application.repositories import NewSchedule, Transaction, UnitOfWork
from signet_scheduler.application.shown_again import schedule_again
from signet_scheduler.application.timing import next_slot
from signet_scheduler.domain.errors import FieldsInvalid, JobNotFound
from signet_scheduler.domain.schedules import Schedule, differences


@dataclass(frozen=True, slots=True)
class CreateSchedule:
    """Makes a job run again and again, from now on."""

    catalog: Catalog
    unit_of_work: UnitOfWork
    clock: Clock

    def __call__(self, caller: Passport, *, fields: Mapping[str, Any]) -> Schedule:
        """The new schedule, with all of `CLIENT_FIELDS` in `fields`.

        Raises FieldsInvalid, ArgumentsInvalid, ScheduleNameTaken.
        """
        try:
            job = job_in_reach(self.catalog, caller, fields["job_name"])
        except JobNotFound:
            raise FieldsInvalid([("job_name", "there is no job of this name")]) from None
        job.read(fields["arguments"])
        now = self.clock()
        next_at = next_slot(fields["cron"], fields["time_zone"], fields["schedule_state"], now)
        new = NewSchedule(**fields, next_at=next_at)

        def work(transaction: Transaction) -> Schedule:
            made = transaction.schedules.add(new, by=caller.user_id, at=now)
            change = Change("schedule", "insert", str(made.schedule_id), made.version, differences(None, made))
            transaction.record(change)
            return made

        def again(transaction: Transaction, answer: Schedule) -> None:
            schedule_again(transaction, caller, answer)

        return self.unit_of_work.execute(caller, work, Schedule, adds_only=True, again=again)
