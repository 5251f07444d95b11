"""The shapes of jobs on the wire."""

from typing import Annotated, Any

from pydantic import Field

from signet_common.web.schemas import ViewModel
from signet_scheduler.domain.policies import Missed, Overlap


class DeclaredScheduleView(ViewModel):
    """When a job runs unless somebody changed it."""

    cron: str
    time_zone: str


class JobView(ViewModel):
    """A job as the code declares it."""

    job_name: str
    summary: str
    arguments: Annotated[dict[str, Any], Field(description="JSON Schema of what it takes.")]
    schedule: DeclaredScheduleView | None
    time_limit_seconds: float
    max_attempts: int
    overlap: Annotated[Overlap, Field(description="What becomes of a run while another one of the job is under way.")]
    missed: Annotated[Missed, Field(description="What becomes of slots that nobody planned in time.")]
    catch_up_seconds: Annotated[float, Field(description="How far back missed slots are made up for.")]
    idempotent: Annotated[bool, Field(description="Without it, a run that lost its worker is reported, not repeated.")]
    urgent: Annotated[bool, Field(description="Whether its runs wait for no other job's.")]


class JobsView(ViewModel):
    """Every job that there is."""

    jobs: list[JobView]
