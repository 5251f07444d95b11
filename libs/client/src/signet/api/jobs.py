"""Jobs: what the platform can do by itself, at its times or when it is asked to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from signet.api.runs import Run
from signet.connection import Connection
from signet.decoding import decode

_PATH = "/api/v1/jobs"


@dataclass(frozen=True, slots=True)
class DeclaredSchedule:
    """When a job runs unless somebody has changed it: a cron line in an IANA time zone."""

    cron: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class Job:
    """A job as the platform's code declares it; `arguments` is the JSON Schema of what it takes."""

    job_name: str
    summary: str
    arguments: dict[str, Any]
    time_limit_seconds: float
    max_attempts: int
    overlap: str
    missed: str
    catch_up_seconds: float
    idempotent: bool
    schedule: DeclaredSchedule | None = None
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class _Listed:
    jobs: tuple[Job, ...]


class Jobs:
    """`/api/v1/jobs`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self) -> tuple[Job, ...]:
        """Read what there is, in the order of names."""
        return decode(_Listed, self._connection.request("GET", _PATH).data).jobs

    def get(self, job_name: str) -> Job:
        """Read one. Raises NotFound."""
        return decode(Job, self._connection.request("GET", _of(job_name)).data)

    def run(self, job_name: str, arguments: Mapping[str, Any] | None = None) -> Run:
        """Ask for a run; it begins as soon as a worker is free.

        Raises NotFound, RequestInvalid for arguments that do not fit, and ValueDuplicate while a run of a job is under
        way that does not overlap with itself.
        """
        body = {"arguments": dict(arguments or {})}
        return decode(Run, self._connection.request("POST", f"{_of(job_name)}/run", body=body).data)


def _of(job_name: str) -> str:
    return f"{_PATH}/{quote(job_name, safe='')}"
