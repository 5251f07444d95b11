"""List the runs of one job."""

from dataclasses import dataclass

from signet_common.passport import Passport
from signet_scheduler.application.jobs import Catalog
from signet_scheduler.application.queries import Paged, RunFilter, RunQueries
from signet_scheduler.domain.errors import JobNotFound
from signet_scheduler.domain.runs import Run


@dataclass(frozen=True, slots=True)
class ListJobRuns:
    """Reads runs by the name of a job that is declared: a slip of the pen must not look like a job without runs."""

    catalog: Catalog
    runs: RunQueries

    def __call__(self, caller: Passport, wanted: RunFilter) -> Paged[Run]:
        """The page of runs that the caller may see. Raises JobNotFound."""
        if wanted.job_name not in self.catalog:
            raise JobNotFound(f"there is no job {wanted.job_name}")
        return self.runs.search(wanted, caller)
