"""The read ports: plain reads go from the view straight here. Each leaves its record before it is answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol, TypeVar

from signet_common.passport import Passport
from signet_scheduler.domain.runs import Attempt, LogLine, Run, RunState
from signet_scheduler.domain.schedules import Schedule, ScheduleState

ItemT_co = TypeVar("ItemT_co", covariant=True)


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs a list holds; None does not narrow. The days are UTC and included."""

    job_name: str | None = None
    state: RunState | None = None
    schedule_id: int | None = None
    created_from: date | None = None
    created_to: date | None = None
    page: int = 1
    per_page: int = 20
    count: bool = False


@dataclass(frozen=True, slots=True)
class ScheduleFilter:
    """Which schedules a list holds; None does not narrow. `contains` is literal."""

    contains: str | None = None
    job_name: str | None = None
    state: ScheduleState | None = None
    declared: bool | None = None
    page: int = 1
    per_page: int = 20
    count: bool = False


@dataclass(frozen=True, slots=True)
class RunDetails:
    """A run with the attempts that have begun, oldest first."""

    run: Run
    history: Sequence[Attempt]


@dataclass(frozen=True, slots=True)
class LogPart:
    """Lines of a run's log, oldest first. `after` is where the next part begins.

    `ended` says that there will be no other: the run is over and these are its last lines.
    """

    lines: Sequence[LogLine]
    after: int
    ended: bool


class Paged(Protocol[ItemT_co]):
    """One page of a list."""

    @property
    def items(self) -> Sequence[ItemT_co]: ...
    @property
    def page(self) -> int: ...
    @property
    def per_page(self) -> int: ...
    @property
    def has_more(self) -> bool: ...
    @property
    def total(self) -> int | None: ...


class RunQueries(Protocol):
    """Reads of runs. Scope `own` reaches those that the caller asked for."""

    def get(self, run_id: int, caller: Passport) -> RunDetails:
        """A run that the caller may see. Raises RunNotFound."""
        ...

    def log(self, run_id: int, after: int, caller: Passport) -> LogPart:
        """What a run has logged behind the line `after`. Raises RunNotFound."""
        ...

    def search(self, wanted: RunFilter, caller: Passport) -> Paged[Run]:
        """The page of runs that the caller may see, newest first; an empty page is an answer."""
        ...


class ScheduleQueries(Protocol):
    """Reads of schedules. Scope `own` reaches those that the caller made."""

    def get(self, schedule_id: int, caller: Passport) -> Schedule:
        """A schedule that the caller may see. Raises ScheduleNotFound."""
        ...

    def search(self, wanted: ScheduleFilter, caller: Passport) -> Paged[Schedule]:
        """The page of schedules that the caller may see, oldest first; an empty page is an answer."""
        ...
