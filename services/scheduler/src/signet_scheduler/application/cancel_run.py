"""Make a run end."""

from dataclasses import dataclass

from signet_common.messaging.recording import Change
from signet_common.passport import Passport, owner_filter
from signet_scheduler.application.ports import Clock
from signet_scheduler.application.repositories import Transaction, UnitOfWork
from signet_scheduler.application.shown_again import run_again
from signet_scheduler.domain.errors import RunEnded
from signet_scheduler.domain.runs import Run


@dataclass(frozen=True, slots=True)
class CancelRun:
    """A run that waits is cancelled at once; of one that runs, the worker is asked, which takes a moment."""

    unit_of_work: UnitOfWork
    clock: Clock

    def __call__(self, caller: Passport, run_id: int) -> Run:
        """The run as it is afterwards; asking a second time changes nothing. Raises RunNotFound, RunEnded."""

        def work(transaction: Transaction) -> Run:
            run = transaction.runs.get(run_id, owner=owner_filter(caller))
            if run.ended:
                raise RunEnded(f"run {run_id} has ended: it is {run.run_state}")
            if run.run_state == "waiting":
                return self._ended(transaction, caller, run)
            return _asked_to_end(transaction, run)

        return self.unit_of_work.execute(
            caller, work, Run, again=lambda transaction, run: run_again(transaction, caller, run)
        )

    def _ended(self, transaction: Transaction, caller: Passport, run: Run) -> Run:
        cancelled = transaction.runs.end(run, error=f"cancelled by {caller.user_name}", at=self.clock())
        told = {
            "job_name": run.job_name,
            "schedule_id": run.schedule_id,
            "scheduled_at": run.scheduled_at,
            "attempts": run.attempts,
            "error": cancelled.error,
        }
        changes = {field: (None, value) for field, value in told.items() if value is not None}
        transaction.record(Change("run", "cancelled", str(run.run_id), changes=changes))
        return cancelled


def _asked_to_end(transaction: Transaction, run: Run) -> Run:
    if run.cancel_asked:
        transaction.record(Change("run", "query", str(run.run_id)))
        return run
    asked = transaction.runs.ask_to_end(run)
    transaction.record(Change("run", "update", str(run.run_id), changes={"cancel_asked": (False, True)}))
    return asked
