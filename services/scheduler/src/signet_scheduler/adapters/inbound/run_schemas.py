"""The shapes of runs on the wire."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from signet_common.web.schemas import INTEGER, MAX_ID, BodyModel, DateRangeQuery, QueryId, QueryModel, ViewModel
from signet_scheduler.adapters.inbound.fields import AnyName, JobArguments
from signet_scheduler.domain.runs import AttemptOutcome, RunState


class RunRequest(BodyModel):
    """What a run is to be given."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}, {"arguments": {"days": 30}}]})

    arguments: JobArguments = Field(default_factory=dict)


class RunView(ViewModel):
    """A run as clients see it."""

    run_id: int
    job_name: str
    run_state: RunState
    schedule_id: Annotated[int | None, Field(description="Whose slot it is; null if somebody asked for it.")]
    scheduled_at: Annotated[datetime | None, Field(description="The slot; of a retry, that of the run it repeats.")]
    arguments: dict[str, Any]
    attempts: Annotated[int, Field(description="Attempts that have begun.")]
    max_attempts: int
    result: Annotated[dict[str, Any] | None, Field(description="What the job returned.")]
    error: Annotated[str | None, Field(description="Why it ended as it did, or why its last attempt failed.")]
    trace_id: str | None
    retry_of: Annotated[int | None, Field(description="The ended run that it repeats.")]
    cancel_asked: bool
    requested_by_name: Annotated[str, Field(description="Who asked for it; empty for a slot.")]
    version: int
    created_at: datetime
    created_by: int | None
    started_at: datetime | None
    ended_at: datetime | None


class AttemptView(ViewModel):
    """One attempt of a run."""

    attempt: int
    worker: str
    started_at: datetime
    ended_at: datetime | None
    outcome: Annotated[AttemptOutcome | None, Field(description="Null while it is under way.")]
    error: str | None


class RunDetailsView(RunView):
    """A run with its attempts."""

    history: Annotated[list[AttemptView], Field(description="The attempts, oldest first.")]


class LogLineView(ViewModel):
    """A line that a run logged."""

    line: Annotated[int, Field(description="Numbered from 1 over all attempts.")]
    attempt: int
    logged_at: datetime
    level: str
    text: str


class LogView(ViewModel):
    """A part of a run's log."""

    lines: list[LogLineView]
    after: Annotated[int, Field(description="What to ask for next.")]
    ended: Annotated[bool, Field(description="There will be no other line.")]


class LogQuery(QueryModel):
    """Which part of a log."""

    after: Annotated[int, Field(ge=0, le=MAX_ID, description="Lines behind this one; 0 for the first."), INTEGER] = 0


class JobRunListQuery(DateRangeQuery):
    """Which runs of a job to list."""

    run_state: Annotated[RunState | None, Field(description="All states when absent.")] = None
    schedule_id: Annotated[QueryId | None, Field(description="Whose slots.")] = None


class RunListQuery(JobRunListQuery):
    """Which runs to list."""

    job_name: AnyName | None = None
