"""Runs and schedules as the intentions of the API reach them, inside one transaction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from signet_common.messaging.recording import Change
from signet_common.passport import Passport
from signet_scheduler.domain.runs import Run
from signet_scheduler.domain.schedules import Schedule, ScheduleState

ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class AskedRun:
    """A run that somebody asks for. `arguments` are those that were given: defaults are the job's to know.

    A retry is for the slot time of the run that it repeats, if that had one.
    """

    job_name: str
    arguments: Mapping[str, Any]
    max_attempts: int
    retry_of: int | None = None
    scheduled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewSchedule:
    """What a schedule begins with."""

    schedule_name: str
    job_name: str
    cron: str
    time_zone: str
    arguments: Mapping[str, Any]
    schedule_state: ScheduleState
    next_at: datetime | None


class Runs(Protocol):
    """The runs. With `owner`, only those that the user asked for: slots belong to nobody."""

    def get(self, run_id: int, *, owner: int | None) -> Run:
        """The run, locked until the transaction ends. Raises RunNotFound."""
        ...

    def active(self, job_name: str) -> Sequence[Run]:
        """The oldest runs of the job that wait or run, two at most."""
        ...

    def active_of(self, user_id: int, job_name: str, most: int) -> int:
        """How many runs of the job that the user asked for wait or run; no more than `most` are counted."""
        ...

    def add(self, asked: AskedRun, *, by: int | None, by_name: str, at: datetime) -> Run:
        """Insert a run that waits, due at once."""
        ...

    def end(self, run: Run, *, error: str, at: datetime) -> Run:
        """End a run that waits as cancelled; it is begun over if a worker has taken it meanwhile."""
        ...

    def ask_to_end(self, run: Run) -> Run:
        """Tell the worker of a run that somebody wants it to end; it is begun over if it does not run any more."""
        ...


class Schedules(Protocol):
    """The schedules. With `owner`, only those that the user made: declared ones belong to nobody."""

    def get(self, schedule_id: int, *, owner: int | None) -> Schedule:
        """The schedule, locked until the transaction ends. Raises ScheduleNotFound."""
        ...

    def add(self, new: NewSchedule, *, by: int | None, at: datetime) -> Schedule:
        """Insert the first version. Raises ScheduleNameTaken."""
        ...

    def save(self, schedule: Schedule) -> None:
        """Replace the version before `schedule.version`. Raises ScheduleNameTaken, VersionMismatch."""
        ...

    def remove(self, schedule: Schedule) -> None:
        """Delete the row and free its name; its runs stay."""
        ...


class Transaction(Protocol):
    """What one unit of work can reach. The event of a change commits with it or not at all."""

    @property
    def runs(self) -> Runs: ...
    @property
    def schedules(self) -> Schedules: ...

    def record(self, change: Change) -> None: ...


class UnitOfWork(Protocol):
    """One transaction per call. `work` may run in another thread, and again after a deadlock."""

    def execute(
        self,
        caller: Passport,
        work: Callable[[Transaction], ResultT],
        result: type[ResultT],
        *,
        adds_only: bool = False,
        again: Callable[[Transaction, ResultT], None] | None = None,
    ) -> ResultT:
        """Do the work, or return the first answer to the caller's Idempotency-Key; `result` is what it returns.

        `again` stands before that answer: it raises what keeps the caller from it by now, and records a read.

        `adds_only` promises that the work adds objects and touches none that is there: it may then share its
        transaction with others of its kind, whose failures it does not see.
        """
        ...
