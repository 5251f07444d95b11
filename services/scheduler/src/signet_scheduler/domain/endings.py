"""What becomes of a run when an attempt of it has ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from signet_scheduler.domain.lines import storable
from signet_scheduler.domain.policies import RetryPolicy
from signet_scheduler.domain.runs import MAX_ERROR_CHARACTERS, AttemptOutcome, RunState

MOST_DEATHS = 3
"""How often a run may lose its worker and be begun again; one that kills whoever runs it must come to an end."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How an attempt ended. `final` says that another one would end alike; `result` is a JSON object."""

    outcome: AttemptOutcome
    error: str | None = None
    result: Mapping[str, Any] | None = None
    final: bool = False

    @property
    def told_error(self) -> str | None:
        """The error as it is kept."""
        return storable(self.error, MAX_ERROR_CHARACTERS) if self.error else None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a run stands in the moment in which an attempt ends.

    Of its earlier attempts, `failures` have failed or taken too long, and `deaths` have lost their worker.
    """

    attempts: int
    max_attempts: int
    cancel_asked: bool
    failures: int = 0
    deaths: int = 0


@dataclass(frozen=True, slots=True)
class Policy:
    """What a job has declared for that moment."""

    retry: RetryPolicy
    idempotent: bool


@dataclass(frozen=True, slots=True)
class Sequel:
    """The state that the run goes on in; `wake_at` is for one that waits again."""

    run_state: RunState
    max_attempts: int
    wake_at: datetime | None = None


def sequel(ending: Ending, run: Standing, policy: Policy, now: datetime) -> Sequel:
    """Decide. An attempt that was handed back, or died with its worker, is none that the job has failed in."""
    match ending.outcome:
        case "succeeded" | "cancelled":
            return Sequel(ending.outcome, run.max_attempts)
        case "interrupted" if not policy.idempotent:
            return Sequel("interrupted", run.max_attempts)
    if run.cancel_asked:
        return Sequel("cancelled", run.max_attempts)
    if ending.outcome == "handed_back" or (ending.outcome == "interrupted" and run.deaths < MOST_DEATHS):
        return Sequel("waiting", run.max_attempts + 1, now)
    if ending.outcome == "interrupted" or ending.final or run.attempts >= run.max_attempts:
        return Sequel("failed", run.max_attempts)
    return Sequel("waiting", run.max_attempts, now + policy.retry.wait(run.failures + 1))
