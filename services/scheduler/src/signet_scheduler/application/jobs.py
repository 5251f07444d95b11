"""Jobs as the code declares them, and what runs them.

A declaration is data: whoever shows or plans jobs needs no handler and loads none. Handlers are wired to the names in
the processes that work.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from signet_scheduler.domain.errors import ArgumentsInvalid, JobNotFound
from signet_scheduler.domain.policies import DeclaredSchedule, Missed, Overlap, RetryPolicy


class Arguments(BaseModel):
    """What a job takes; a subclass per job. They are stored and shown: a secret has no place in them.

    They are read from JSON, strictly: `"1"` is no number, and `true` none either; a date is text as JSON has it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)


class NoArguments(Arguments):
    """For jobs that need to be told nothing."""


class NotRetryable(Exception):
    """Raised by a handler: another attempt would fail like this one. The message stands in the run's row."""


class ExpectedFailure(Exception):
    """Raised by a handler: what it depends on fails it, and another attempt may do better.

    The message says all that there is to say; where in the code it came from is logged nowhere.
    """


@dataclass(frozen=True, slots=True)
class Job:
    """A job. `idempotent` promises that running it again after a death in the middle does no harm.

    A job without that promise is reported instead of repeated. Runs of an `urgent` one wait for no other job's: each
    worker keeps threads for them. It takes seconds, and any number of its runs may work at a time.
    """

    name: str
    summary: str
    time_limit: timedelta
    arguments: type[Arguments] = NoArguments
    schedule: DeclaredSchedule | None = None
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    overlap: Overlap = "skip"
    missed: Missed = "run_once"
    catch_up: timedelta = timedelta(days=1)
    idempotent: bool = True
    urgent: bool = False

    def read(self, arguments: Mapping[str, Any]) -> Arguments:
        """The arguments as the job's model has them. Raises ArgumentsInvalid, which names each field."""
        try:
            return self.arguments.model_validate_json(json.dumps(dict(arguments)), strict=True)
        except ValidationError as refused:
            raise ArgumentsInvalid(
                [
                    (".".join(map(str, ("arguments", *error["loc"]))), error["msg"].removeprefix("Value error, "))
                    for error in refused.errors()
                ]
            ) from None


@dataclass(frozen=True, slots=True)
class RunContext:
    """Which run a handler works for. `attempt` is numbered from 1; after the `last` one a failure ends the run.

    `due_at` is the time that the run is for, in all of its attempts: its slot's, or when somebody asked for it.
    Nothing stops the handler `with unstopped():` for what cannot be taken back until it is written down that it was
    done. It has to end by itself, soon.
    """

    run_id: int
    attempt: int
    due_at: datetime
    last: bool = False
    unstopped: Callable[[], AbstractContextManager[None]] = nullcontext


Handler = Callable[[Any, RunContext], Mapping[str, Any] | None]
"""Does the work: takes the job's arguments and the context, returns a JSON object to be kept, or None.

What it raises fails the attempt; `NotRetryable` fails the run. What it logs is kept with the run.
"""


class Catalog:
    """The declared jobs, by name."""

    def __init__(self, jobs: Iterable[Job]) -> None:
        self._jobs = {job.name: job for job in jobs}

    def __iter__(self) -> Iterator[Job]:
        return iter(self._jobs.values())

    def __getitem__(self, name: str) -> Job:
        """Raises JobNotFound."""
        try:
            return self._jobs[name]
        except KeyError:
            raise JobNotFound(f"there is no job {name}") from None

    def __contains__(self, name: object) -> bool:
        return name in self._jobs

    @property
    def exclusive(self) -> frozenset[str]:
        """The names of the jobs of which one run at most works at a time."""
        return frozenset(job.name for job in self if job.overlap != "allow")

    @property
    def urgent(self) -> frozenset[str]:
        """The names of the jobs whose runs wait for no other job's."""
        return frozenset(job.name for job in self if job.urgent)
