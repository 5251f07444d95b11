"""Delete a schedule."""

from dataclasses import dataclass

from signet_common.messaging.recording import Change
from signet_common.passport import Passport, owner_filter
from signet_scheduler.application.repositories import Transaction, UnitOfWork
from signet_scheduler.domain.errors import ScheduleDeclared
from signet_scheduler.domain.schedules import differences


@dataclass(frozen=True, slots=True)
class DeleteSchedule:
    """Removes a schedule's row, so that its name is free again; the runs that it had are told as before."""

    unit_of_work: UnitOfWork

    def __call__(self, caller: Passport, schedule_id: int, *, expected: frozenset[int] | None) -> None:
        """Raises ScheduleNotFound, ScheduleDeclared, VersionMismatch."""

        def work(transaction: Transaction) -> None:
            old = transaction.schedules.get(schedule_id, owner=owner_filter(caller))
            old.require_version(expected)
            if old.declared:
                raise ScheduleDeclared(f"{old.schedule_name} is declared by the code: pause it instead")
            transaction.schedules.remove(old)
            change = Change("schedule", "delete", str(schedule_id), old.version + 1, differences(old, None))
            transaction.record(change)

        self.unit_of_work.execute(caller, work, type(None))
