"""Schedules: when which job runs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from signet.api.preconditions import if_version
from signet.connection import Connection
from signet.decoding import Page, decode, decode_page

_PATH = "/api/v1/schedules"


@dataclass(frozen=True, slots=True)
class Schedule:
    """One schedule: a cron line in an IANA time zone. Times are UTC; `version` is what `if_match` wants.

    `declared` ones belong to the platform's code: they are changed and paused, not deleted.
    """

    schedule_id: int
    schedule_name: str
    job_name: str
    cron: str
    time_zone: str
    arguments: dict[str, Any]
    schedule_state: str
    declared: bool
    version: int
    created_at: datetime
    next_at: datetime | None = None
    created_by: int | None = None
    updated_at: datetime | None = None
    updated_by: int | None = None


class Schedules:
    """`/api/v1/schedules`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def create(
        self,
        schedule_name: str,
        job_name: str,
        cron: str,
        *,
        time_zone: str = "UTC",
        arguments: Mapping[str, Any] | None = None,
        schedule_state: str = "active",
    ) -> Schedule:
        """Make one, which comes from now on. Raises ValueDuplicate; RequestInvalid names what does not fit."""
        body = {
            "schedule_name": schedule_name,
            "job_name": job_name,
            "cron": cron,
            "time_zone": time_zone,
            "arguments": dict(arguments or {}),
            "schedule_state": schedule_state,
        }
        return decode(Schedule, self._connection.request("POST", _PATH, body=body).data)

    def get(self, schedule_id: int) -> Schedule:
        """Read one. Raises NotFound."""
        return decode(Schedule, self._connection.request("GET", f"{_PATH}/{schedule_id}").data)

    def list(
        self,
        *,
        schedule_name: str | None = None,
        job_name: str | None = None,
        schedule_state: str | None = None,
        declared: bool | None = None,
        page: int = 1,
        per_page: int = 20,
        count: bool = False,
    ) -> Page[Schedule]:
        """Read one page: names that contain `schedule_name`; all that is given must match."""
        query = {
            "schedule_name": schedule_name,
            "job_name": job_name,
            "schedule_state": schedule_state,
            "declared": None if declared is None else str(declared).lower(),
            "page": page,
            "per_page": per_page,
            "count": "true" if count else None,
        }
        return decode_page(Schedule, "schedules", self._connection.request("GET", _PATH, query=query).data)

    def iterate(self, *, job_name: str | None = None, declared: bool | None = None) -> Iterator[Schedule]:
        """Read all pages, one request per hundred; what changes meanwhile may be missed or come twice."""
        number, more = 1, True
        while more:
            page = self.list(job_name=job_name, declared=declared, page=number, per_page=100)
            yield from page.items
            number, more = number + 1, page.has_more

    def update(
        self,
        schedule_id: int,
        *,
        schedule_name: str | None = None,
        cron: str | None = None,
        time_zone: str | None = None,
        arguments: Mapping[str, Any] | None = None,
        schedule_state: str | None = None,
        if_match: int | None = None,
    ) -> Schedule:
        """Change what is given. Whatever says when it comes counts from now on. Raises NotFound, VersionConflict."""
        fields: dict[str, object] = {
            "schedule_name": schedule_name,
            "cron": cron,
            "time_zone": time_zone,
            "arguments": arguments,
            "schedule_state": schedule_state,
        }
        body = {name: value for name, value in fields.items() if value is not None}
        answer = self._connection.request("PATCH", f"{_PATH}/{schedule_id}", body=body, headers=if_version(if_match))
        return decode(Schedule, answer.data)

    def pause(self, schedule_id: int) -> Schedule:
        """Let it rest; what comes due meanwhile is not made up for. Raises NotFound."""
        return self.update(schedule_id, schedule_state="inactive")

    def resume(self, schedule_id: int) -> Schedule:
        """Let it come again, from now on. Raises NotFound."""
        return self.update(schedule_id, schedule_state="active")

    def delete(self, schedule_id: int, *, if_match: int | None = None) -> None:
        """Remove one; the runs that it had stay. Raises NotFound, VersionConflict; Forbidden for a declared one."""
        self._connection.request("DELETE", f"{_PATH}/{schedule_id}", headers=if_version(if_match))
