"""The schedules that the code declares, as rows: made where they are missing, and left to people from then on."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from signet_scheduler.application.jobs import Catalog
from signet_scheduler.application.ports import Clock
from signet_scheduler.domain.cron import CronLine


@dataclass(frozen=True, slots=True)
class DeclaredRow:
    """A schedule to be made, called like its job. `arguments` is JSON."""

    job_name: str
    cron: str
    time_zone: str
    arguments: str
    next_at: datetime | None


class DeclaredSchedules(Protocol):
    """Where declared schedules are kept."""

    def add_missing(self, rows: Iterable[DeclaredRow], at: datetime) -> int:
        """Insert those whose job has no declared schedule yet; how many. Raises DatabaseUnavailable."""


@dataclass(frozen=True, slots=True)
class SeedSchedules:
    """Makes what is missing; any number of processes may do so at the same time, and at every start."""

    schedules: DeclaredSchedules
    catalog: Catalog
    clock: Clock

    def __call__(self) -> int:
        """How many were made: none but at the first start with a job. Raises DatabaseUnavailable."""
        now = self.clock()
        return self.schedules.add_missing(list(self._rows(now)), now)

    def _rows(self, now: datetime) -> Iterable[DeclaredRow]:
        for job in self.catalog:
            if job.schedule is not None:
                line = CronLine.parse(job.schedule.cron, job.schedule.time_zone)
                arguments = json.dumps(job.read({}).model_dump(mode="json"), sort_keys=True)
                yield DeclaredRow(job.name, line.cron, line.time_zone, arguments, line.after(now))
