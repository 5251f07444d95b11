"""Ask for an ended run once more."""

from dataclasses import dataclass

from signet_common.passport import Passport, owner_filter
from signet_scheduler.application.asked_runs import put_down
from signet_scheduler.application.jobs import Catalog
from signet_scheduler.application.ports import Clock
from signet_scheduler.application.reach import job_in_reach
from signet_scheduler.application.repositories import AskedRun, Transaction, UnitOfWork
from signet_scheduler.application.shown_again import run_again
from signet_scheduler.domain.errors import RunNotEnded
from signet_scheduler.domain.runs import Run


@dataclass(frozen=True, slots=True)
class RetryRun:
    """Puts a new run down with the arguments of an ended one, for its time; what that one was stays as it is told."""

    catalog: Catalog
    unit_of_work: UnitOfWork
    clock: Clock

    def __call__(self, caller: Passport, run_id: int) -> Run:
        """The new run, which waits and belongs to whoever asks.

        Raises RunNotFound, RunNotEnded, JobBusy, TooManyRuns, JobNotFound, and for a run of older
        code ArgumentsInvalid.
        """

        def work(transaction: Transaction) -> Run:
            old = transaction.runs.get(run_id, owner=owner_filter(caller))
            if not old.ended:
                raise RunNotEnded(f"run {run_id} is {old.run_state}: it can be retried once it has ended")
            job = job_in_reach(self.catalog, caller, old.job_name)
            job.read(old.arguments)
            asked = AskedRun(
                job.name, old.arguments, job.retry.max_attempts, retry_of=run_id, scheduled_at=old.scheduled_at
            )
            return put_down(transaction, caller, job, asked, self.clock())

        return self.unit_of_work.execute(
            caller, work, Run, again=lambda transaction, run: run_again(transaction, caller, run)
        )
