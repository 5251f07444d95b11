"""Ask for a run of a job."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from signet_common.passport import Passport
from signet_scheduler.application.asked_runs import put_down
from signet_scheduler.application.jobs import Catalog
from signet_scheduler.application.ports import Clock
from signet_scheduler.application.reach import job_in_reach
from signet_scheduler.application.repositories import AskedRun, Transaction, UnitOfWork
from signet_scheduler.application.shown_again import run_again
from signet_scheduler.domain.runs import Run


@dataclass(frozen=True, slots=True)
class AskForRun:
    """Puts a run down that a worker takes as soon as one is free."""

    catalog: Catalog
    unit_of_work: UnitOfWork
    clock: Clock

    def __call__(self, caller: Passport, job_name: str, *, arguments: Mapping[str, Any]) -> Run:
        """The run, which waits. Raises JobNotFound, ArgumentsInvalid, JobBusy, TooManyRuns."""
        job = job_in_reach(self.catalog, caller, job_name)
        job.read(arguments)
        asked = AskedRun(job.name, arguments, job.retry.max_attempts)

        def work(transaction: Transaction) -> Run:
            return put_down(transaction, caller, job, asked, self.clock())

        return self.unit_of_work.execute(
            caller, work, Run, adds_only=True, again=lambda transaction, run: run_again(transaction, caller, run)
        )
