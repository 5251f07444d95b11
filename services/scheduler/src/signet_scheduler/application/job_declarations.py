"""Jobs as they are shown: plain data, whatever declares them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from signet_common.messaging.recording import Change
from signet_common.passport import Passport
from signet_scheduler.application.jobs import Catalog, Job
from signet_scheduler.application.ports import Record
from signet_scheduler.application.reach import job_in_reach, jobs_in_reach
from signet_scheduler.domain.policies import DeclaredSchedule, Missed, Overlap


@dataclass(frozen=True, slots=True)
class JobDeclaration:
    """A job, with the JSON Schema of its arguments."""

    job_name: str
    summary: str
    arguments: Mapping[str, Any]
    schedule: DeclaredSchedule | None
    time_limit_seconds: float
    max_attempts: int
    overlap: Overlap
    missed: Missed
    catch_up_seconds: float
    idempotent: bool
    urgent: bool


@dataclass(frozen=True, slots=True)
class JobDeclarations:
    """All of them."""

    jobs: tuple[JobDeclaration, ...]


@dataclass(frozen=True, slots=True)
class ListJobs:
    """Shows what can be run, in the order of names."""

    catalog: Catalog
    record: Record

    def __call__(self, caller: Passport) -> JobDeclarations:
        """List, and record that somebody did."""
        self.record(Change("job", "query"), caller)
        return JobDeclarations(tuple(shown(job) for job in _by_name(jobs_in_reach(self.catalog, caller))))


@dataclass(frozen=True, slots=True)
class GetJob:
    """Shows one job."""

    catalog: Catalog
    record: Record

    def __call__(self, caller: Passport, job_name: str) -> JobDeclaration:
        """Show it, and record that somebody looked. Raises JobNotFound."""
        declaration = shown(job_in_reach(self.catalog, caller, job_name))
        self.record(Change("job", "query", job_name), caller)
        return declaration


def _by_name(jobs: Iterable[Job]) -> list[Job]:
    return sorted(jobs, key=lambda job: job.name)


def shown(job: Job) -> JobDeclaration:
    """The job as it is shown."""
    return JobDeclaration(
        job_name=job.name,
        summary=job.summary,
        arguments=job.arguments.model_json_schema(),
        schedule=job.schedule,
        time_limit_seconds=job.time_limit.total_seconds(),
        max_attempts=job.retry.max_attempts,
        overlap=job.overlap,
        missed=job.missed,
        catch_up_seconds=job.catch_up.total_seconds(),
        idempotent=job.idempotent,
        urgent=job.urgent,
    )
