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

SHIPPED = Catalog([ERASE_OLD_RUNS])
