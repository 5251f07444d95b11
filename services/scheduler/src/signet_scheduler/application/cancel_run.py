"""Make a run end."""

from collections.abc import Mapping
from dataclasses import dataclass

from signet_common.messaging.recording import Change
from signet_common.passport import Passport, owner_filter
from signet_scheduler.application.ports import Clock
from signet_scheduler.application.repositories import Transaction, UnitOfWork
from signet_scheduler.application.run_outcomes import outcome
from signet_scheduler.application.shown_again import run_again
from signet_scheduler.domain.errors import RunEnded
from signet_scheduler.domain.runs import Run, RunState

_ENDED: Mapping[RunState, str] = {
    "succeeded": "has succeeded",
    "failed": "has failed",
    "cancelled": "has been cancelled",
    "skipped": "has been skipped",
    "interrupted": "has been interrupted",
}


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
                raise RunEnded(f"run {run_id} {_ENDED[run.run_state]} already")
            if run.run_state == "waiting":
                return self._ended(transaction, caller, run)
            return _asked_to_end(transaction, run)

        return self.unit_of_work.execute(
            caller, work, Run, again=lambda transaction, run: run_again(transaction, caller, run)
        )

    def _ended(self, transaction: Transaction, caller: Passport, run: Run) -> Run:
        cancelled = transaction.runs.end(run, error=f"cancelled by {caller.user_name}", at=self.clock())
        told = outcome(
            "cancelled",
            run.run_id,
            job_name=run.job_name,
            schedule_id=run.schedule_id,
            scheduled_at=run.scheduled_at,
            attempts=run.attempts,
            error=cancelled.error,
        )
        transaction.record(told)
        return cancelled


def _asked_to_end(transaction: Transaction, run: Run) -> Run:
    if run.cancel_asked:
        transaction.record(Change("run", "query", str(run.run_id)))
        return run
    asked = transaction.runs.ask_to_end(run)
    transaction.record(Change("run", "update", str(run.run_id), changes={"cancel_asked": (False, True)}))
    return asked
