"""Which jobs somebody may see and run: scope `any` is needed, because the code declares jobs and nobody owns them.

A schedule runs its job, and so does a retry: what makes a job run takes the same reach, whatever it is called.
"""

from collections.abc import Iterable

from signet_common.passport import Passport, owner_filter
from signet_scheduler.application.jobs import Catalog, Job
from signet_scheduler.domain.errors import JobNotFound


def jobs_in_reach(catalog: Catalog, caller: Passport) -> Iterable[Job]:
    """All jobs or none."""
    return catalog if owner_filter(caller) is None else ()


def job_in_reach(catalog: Catalog, caller: Passport, job_name: str) -> Job:
    """The job. Raises JobNotFound, for one out of reach as well."""
    job = catalog[job_name]
    if owner_filter(caller) is not None:
        raise JobNotFound(f"there is no job {job_name}")
    return job
