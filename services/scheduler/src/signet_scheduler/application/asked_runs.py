"""What every way to ask for a run has alike."""

from datetime import datetime

from signet_common.messaging.recording import Change
from signet_common.passport import Passport
from signet_scheduler.application.jobs import Job
from signet_scheduler.application.repositories import AskedRun, Transaction
from signet_scheduler.domain.errors import JobBusy, TooManyRuns
from signet_scheduler.domain.policies import MOST_OF_ONE_USER, MOST_UNDER_WAY
from signet_scheduler.domain.runs import Run


def put_down(transaction: Transaction, caller: Passport, job: Job, asked: AskedRun, at: datetime) -> Run:
    """The run that waits from now on. Raises JobBusy, which names the run that is in its way, and TooManyRuns.

    Two who ask in the same instant may both pass here on a server; they still do not run at once, because a worker asks
    again when it takes one.
    """
    if (most := MOST_UNDER_WAY.get(job.overlap)) is not None:
        active = transaction.runs.active(job.name)
        if len(active) >= most:
            other = active[0]
            there = f"run {other.run_id} is {other.run_state}"
            raise JobBusy(f"{job.name} does not overlap with itself, and {there}: wait for it, or cancel it")
    if caller.user_id is not None:
        _require_room(transaction, caller.user_id, job)
    run = transaction.runs.add(asked, by=caller.user_id, by_name=caller.user_name, at=at)
    told = {"job_name": run.job_name, "arguments": run.arguments, "retry_of": run.retry_of}
    changes = {field: (None, value) for field, value in told.items() if value is not None}
    transaction.record(Change("run", "insert", str(run.run_id), changes=changes))
    return run


def _require_room(transaction: Transaction, user_id: int, job: Job) -> None:
    if transaction.runs.active_of(user_id, job.name, MOST_OF_ONE_USER) >= MOST_OF_ONE_USER:
        raise TooManyRuns(f"{MOST_OF_ONE_USER} runs of {job.name} that you asked for wait or run: let some of them end")
