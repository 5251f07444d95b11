"""The first answer to an Idempotency-Key, once more: a read like any other, of what the caller may still see."""

from signet_common.messaging.recording import Change
from signet_common.passport import Passport, owner_filter
from signet_scheduler.application.repositories import Transaction
from signet_scheduler.domain.runs import Run
from signet_scheduler.domain.schedules import Schedule


def run_again(transaction: Transaction, caller: Passport, answer: Run) -> None:
    """Check that the run is there and in reach, and record the read. Raises RunNotFound."""
    transaction.runs.get(answer.run_id, owner=owner_filter(caller))
    transaction.record(Change("run", "query", str(answer.run_id)))


def schedule_again(transaction: Transaction, caller: Passport, answer: Schedule) -> None:
    """Check that the schedule is there and in reach, in whatever version. Raises ScheduleNotFound."""
    transaction.schedules.get(answer.schedule_id, owner=owner_filter(caller))
    transaction.record(Change("schedule", "query", str(answer.schedule_id)))
