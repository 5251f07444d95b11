"""One attempt of a run, from the message that woke a worker to the row that tells what came of it."""

import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from signet_common.observability.context import REQUEST_ID, TRACEPARENT
from signet_common.observability.timing import timed
from signet_scheduler.application.attempts import AttemptRows, Claimed
from signet_scheduler.application.jobs import Catalog, ExpectedFailure, Handler, Job, NotRetryable, RunContext
from signet_scheduler.application.ports import RowsUnavailable
from signet_scheduler.application.run_log import RunLog, logging_to
from signet_scheduler.application.under_way import (
    AttemptStopped,
    Cancelled,
    HandedBack,
    Lost,
    Monotonic,
    RaiseInThread,
    TimedOut,
    UnderWay,
    Work,
)
from signet_scheduler.domain.endings import Ending, Policy
from signet_scheduler.domain.errors import ArgumentsInvalid, JobNotFound
from signet_scheduler.domain.policies import RetryPolicy
from signet_scheduler.domain.runs import RunState

MAX_RESULT_CHARACTERS = 65_536
COMPLETION_RETRY_SECONDS = 1.0
_UNKNOWN = Policy(RetryPolicy(), idempotent=False)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RunJob:
    """Claims an attempt, does the job and writes down the outcome.

    Only the row decides: whoever cannot claim the attempt does nothing. The outcome is tried until it is written,
    because the work has been done by then; it is dropped where the run was taken over meanwhile.
    """

    rows: AttemptRows
    catalog: Catalog
    handlers: Mapping[str, Handler]
    under_way: UnderWay
    raise_in: RaiseInThread
    monotonic: Monotonic = time.monotonic
    sleep: Callable[[float], None] = field(default=time.sleep)

    def __call__(self, run_id: int, attempt: int) -> RunState | None:
        """The run's state after the attempt; None if this was not the one to make it. Raises RowsUnavailable."""
        claimed = self.rows.claim(run_id, attempt)
        if claimed is None:
            return None
        log = RunLog(attempt, claimed.first_line)
        try:
            job = self.catalog[claimed.job_name]
        except JobNotFound as unknown:
            return self._complete(claimed, Ending("failed", str(unknown), final=True), _UNKNOWN, log)
        work = Work(
            claimed,
            deadline=self.monotonic() + job.time_limit.total_seconds(),
            idempotent=job.idempotent,
            log=log,
            raise_in=self.raise_in,
        )
        self.under_way.begin(work)
        try:
            ending = self._made(work, job)
            return self._complete(claimed, ending, Policy(job.retry, job.idempotent), log)
        finally:
            self.under_way.end(work)

    def _made(self, work: Work, job: Job) -> Ending:
        claimed = work.claimed
        request = REQUEST_ID.set(f"run-{claimed.run_id}")
        trace = TRACEPARENT.set(claimed.traceparent)
        try:
            with logging_to(work.log):
                return self._attempted(work, job)
        finally:
            TRACEPARENT.reset(trace)
            REQUEST_ID.reset(request)

    def _attempted(self, work: Work, job: Job) -> Ending:
        claimed = work.claimed
        try:
            if claimed.arguments is None:
                raise NotRetryable("the arguments in its row are no JSON object")
            arguments = job.read(claimed.arguments)
            handler = self.handlers[job.name]
            context = RunContext(
                claimed.run_id, claimed.attempt, claimed.due_at, claimed.last, unstopped=work.unstopped
            )
            with timed(f"job.{job.name}", slow=job.time_limit.total_seconds() / 2):
                return _succeeded(work.run(lambda: handler(arguments, context)))
        except AttemptStopped as stopped:
            return _stopped(stopped, job)
        except (NotRetryable, ArgumentsInvalid) as refused:
            logger.warning("the run has failed for good: %s", refused)
            return Ending("failed", str(refused), final=True)
        except ExpectedFailure as failed:
            logger.warning("the attempt has failed: %s", _told(failed))
            return Ending("failed", _told(failed))
        except Exception as failed:
            # Whatever a job raises is an outcome of the job, and none of this process.
            logger.warning("the attempt has failed: %s", _told(failed), exc_info=True)
            return Ending("failed", _told(failed))

    def _complete(self, claimed: Claimed, ending: Ending, policy: Policy, log: RunLog) -> RunState | None:
        while True:
            try:
                return self.rows.complete(claimed, ending, policy, log)
            except RowsUnavailable:
                logger.warning("the outcome of run %d cannot be written yet", claimed.run_id)
                self.sleep(COMPLETION_RETRY_SECONDS)


def _succeeded(result: Mapping[str, Any] | None) -> Ending:
    """Keep what was returned; raises what does not let itself be kept as JSON."""
    if result is None:
        return Ending("succeeded")
    if len(json.dumps(result, allow_nan=False)) > MAX_RESULT_CHARACTERS:
        raise ValueError(f"the result is longer than {MAX_RESULT_CHARACTERS} characters of JSON")
    return Ending("succeeded", result=dict(result))


def _stopped(stopped: AttemptStopped, job: Job) -> Ending:
    match stopped:
        case TimedOut():
            return Ending("timed_out", f"not done within {job.time_limit.total_seconds():g} seconds")
        case Cancelled():
            return Ending("cancelled")
        case HandedBack():
            return Ending("handed_back", "the worker was stopped")
        case Lost():
            return Ending("interrupted", "the run was taken over")
    raise AssertionError("unreachable")


def _told(failed: Exception) -> str:
    return f"{type(failed).__name__}: {failed}" if str(failed) else type(failed).__name__
