"""When jobs run, as `signet jobs` shows it: by the schedules that there are, whatever the code once declared."""

from collections.abc import Iterable, Mapping, Sequence

from signet.api.jobs import Job
from signet.api.schedules import Schedule
from signet.cli.output import note
from signet.client import Client
from signet.errors import Forbidden

ON_REQUEST = "on request"


def schedules_by_job(client: Client) -> Mapping[str, Sequence[Schedule]]:
    """All schedules that the caller may see; none, and a word about it, for whoever may see jobs alone."""
    found: dict[str, list[Schedule]] = {}
    try:
        for schedule in client.schedules.iterate():
            found.setdefault(schedule.job_name, []).append(schedule)
    except Forbidden:
        note("signet: schedules are not shown to you; these are the times that jobs come with")
    return found


def times_of(job: Job, schedules: Mapping[str, Sequence[Schedule]]) -> Iterable[tuple[object, ...]]:
    """A line, its state and when it comes next, for each schedule of the job; one of them in any case.

    A schedule that a job comes with is always there. Who is shown none of it reads what was declared, and no state.
    """
    seen = schedules.get(job.job_name, ())
    if not any(schedule.declared for schedule in seen) and (job.schedule or not seen):
        yield declared_times(job), None, None
    for schedule in seen:
        state = "paused" if schedule.schedule_state == "inactive" else schedule.schedule_state
        yield f"{schedule.cron} {schedule.time_zone}", state, schedule.next_at


def declared_times(job: Job) -> str:
    """When the job runs unless somebody has changed it."""
    return f"{job.schedule.cron} {job.schedule.time_zone}" if job.schedule else ON_REQUEST
