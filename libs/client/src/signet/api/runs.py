"""Runs of jobs: what became of them, what they log, and how they are ended."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import quote

from signet.connection import Connection
from signet.decoding import Page, decode, decode_page

_PATH = "/api/v1/runs"
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 2.0
"""Seconds between two looks at a log: twice as long each time that nothing has come."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of a run; `outcome` is None while it is under way."""

    attempt: int
    worker: str
    started_at: datetime
    ended_at: datetime | None = None
    outcome: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a job. Times are UTC; `history` holds its attempts where one run is read by itself.

    `schedule_id` and `scheduled_at` say whose slot it is; nobody's, if somebody asked for it. A retry has the
    `scheduled_at` of the run that it repeats.
    """

    run_id: int
    job_name: str
    run_state: str
    arguments: dict[str, Any]
    attempts: int
    max_attempts: int
    cancel_asked: bool
    version: int
    created_at: datetime
    schedule_id: int | None = None
    scheduled_at: datetime | None = None
    result: dict[str, Any] | None = None
    error: str | None = None
    trace_id: str | None = None
    retry_of: int | None = None
    requested_by_name: str = ""
    created_by: int | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    history: tuple[Attempt, ...] = ()

    @property
    def ended(self) -> bool:
        """Whether nothing will happen to it any more."""
        return self.run_state not in {"waiting", "running"}


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line that a run has logged, numbered from 1 over all of its attempts."""

    line: int
    attempt: int
    logged_at: datetime
    level: str
    text: str


@dataclass(frozen=True, slots=True)
class LogPart:
    """Lines of a log; `after` is where the next part begins, `ended` says that there is none."""

    lines: tuple[LogLine, ...]
    after: int
    ended: bool


class Runs:
    """`/api/v1/runs`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, run_id: int) -> Run:
        """Read one, with its attempts. Raises NotFound."""
        return decode(Run, self._connection.request("GET", f"{_PATH}/{run_id}").data)

    def list(
        self,
        *,
        job_name: str | None = None,
        run_state: str | None = None,
        schedule_id: int | None = None,
        create_date_start: date | None = None,
        create_date_end: date | None = None,
        page: int = 1,
        per_page: int = 20,
        count: bool = False,
    ) -> Page[Run]:
        """Read one page, newest first: runs made on UTC days from start to end, both inclusive.

        Raises NotFound where there is no job of that name: a slip must not look like a job without runs.
        """
        path = _PATH if job_name is None else f"/api/v1/jobs/{quote(job_name, safe='')}/runs"
        query = {
            "run_state": run_state,
            "schedule_id": schedule_id,
            "create_date_start": create_date_start,
            "create_date_end": create_date_end,
            "page": page,
            "per_page": per_page,
            "count": "true" if count else None,
        }
        return decode_page(Run, "runs", self._connection.request("GET", path, query=query).data)

    def log(self, run_id: int, *, after: int = 0) -> LogPart:
        """Read what a run has logged behind the line `after`, a part of it at a time. Raises NotFound."""
        answer = self._connection.request("GET", f"{_PATH}/{run_id}/log", query={"after": after})
        return decode(LogPart, answer.data)

    def follow(self, run_id: int, *, after: int = 0) -> Iterator[LogPart]:
        """Read a log as it grows, until the run has ended: every part at once, also one without a line.

        Raises NotFound, and Unreachable where the platform cannot be asked any more: the run goes on all the same.
        """
        pause = _FIRST_PAUSE
        while True:
            part = self.log(run_id, after=after)
            yield part
            if part.ended:
                return
            if part.lines:
                after, pause = part.after, _FIRST_PAUSE
            else:
                self._connection.pause(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)

    def wait(self, run_id: int) -> Run:
        """Wait until a run has ended. Raises what `follow` raises."""
        for _ in self.follow(run_id):
            pass
        return self.get(run_id)

    def cancel(self, run_id: int) -> Run:
        """Make one end: at once if it waits, within moments if it runs. Raises NotFound; ValueDuplicate: it is over."""
        return decode(Run, self._connection.request("POST", f"{_PATH}/{run_id}/cancel").data)

    def retry(self, run_id: int) -> Run:
        """Ask for an ended one once more; answers the new run. Raises NotFound; ValueDuplicate: it has not ended."""
        return decode(Run, self._connection.request("POST", f"{_PATH}/{run_id}/retry").data)
