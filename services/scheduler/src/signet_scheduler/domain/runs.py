"""Runs and their attempts.

waiting ─► running ─► succeeded | failed | cancelled | interrupted
   ▲          │
   └──────────┘  another attempt: after a failure, handed back by a worker that stops, or left by one that died

A run that never begins ends as skipped or cancelled.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

RunState = Literal["waiting", "running", "succeeded", "failed", "cancelled", "skipped", "interrupted"]
RUN_STATES: tuple[RunState, ...] = ("waiting", "running", "succeeded", "failed", "cancelled", "skipped", "interrupted")
ACTIVE: tuple[RunState, ...] = ("waiting", "running")
"""What a job may be busy with."""

AttemptOutcome = Literal["succeeded", "failed", "timed_out", "cancelled", "handed_back", "interrupted"]
ATTEMPT_OUTCOMES: tuple[AttemptOutcome, ...] = (
    "succeeded",
    "failed",
    "timed_out",
    "cancelled",
    "handed_back",
    "interrupted",
)
MAX_ERROR_CHARACTERS = 2_000
"""Of what is kept of an error; an error that quotes a page of HTML is told as well by its beginning."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a job. `schedule_id` and `scheduled_at` name its slot; both are None for one that somebody asked for.

    The retry of a slot's run is no slot's, but for the same time, so it has `scheduled_at` alone.
    `attempts` counts those that have begun. `arguments` and `result` are JSON objects. Times are UTC.
    """

    run_id: int
    job_name: str
    run_state: RunState
    schedule_id: int | None
    scheduled_at: datetime | None
    arguments: Mapping[str, Any]
    attempts: int
    max_attempts: int
    result: Mapping[str, Any] | None
    error: str | None
    trace_id: str | None
    retry_of: int | None
    cancel_asked: bool
    version: int
    created_at: datetime
    created_by: int | None
    requested_by_name: str
    started_at: datetime | None
    ended_at: datetime | None

    @property
    def ended(self) -> bool:
        """Whether nothing will happen to it any more."""
        return self.run_state not in ACTIVE


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of a run, numbered from 1; without an outcome while it is under way."""

    attempt: int
    worker: str
    started_at: datetime
    ended_at: datetime | None
    outcome: AttemptOutcome | None
    error: str | None


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line that a run has logged, numbered from 1 over all of its attempts."""

    line: int
    attempt: int
    logged_at: datetime
    level: str
    text: str
