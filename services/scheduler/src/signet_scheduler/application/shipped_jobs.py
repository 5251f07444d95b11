"""The jobs that Signet ships, as declarations."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from signet_scheduler.application.jobs import Arguments, Catalog, Job
from signet_scheduler.domain.policies import DeclaredSchedule, RetryPolicy


class EraseOldRuns(Arguments):
    """How long runs are kept."""

    days: Annotated[int, Field(ge=1, le=36_500, description="Runs that ended longer ago are erased.")] = 90


ERASE_OLD_RUNS = Job(
    name="erase-old-runs",
    summary="Erase runs that ended long ago, with their attempts and logs.",
    arguments=EraseOldRuns,
    schedule=DeclaredSchedule("40 3 * * *"),
    time_limit=timedelta(minutes=30),
    retry=RetryPolicy(max_attempts=3),
)


class Drill(Arguments):
    """What the drill shall be like."""

    seconds: Annotated[int, Field(ge=0, le=600, description="How long it takes.")] = 0
    fails: Annotated[bool, Field(description="Whether every attempt of it fails.")] = False


DRILL = Job(
    name="drill",
    summary="Log a line each second and do nothing else: shows that workers run jobs, or how a failure is heard of.",
    arguments=Drill,
    time_limit=timedelta(minutes=11),
    retry=RetryPolicy(max_attempts=3),
    overlap="allow",
)

SHIPPED = Catalog([DRILL, ERASE_OLD_RUNS])
