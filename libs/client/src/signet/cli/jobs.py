"""`signet jobs`."""

import sys
from datetime import datetime
from typing import Annotated

import typer

from signet.api.jobs import Job
from signet.api.runs import LogLine
from signet.api.schedules import Schedule
from signet.cli.exit_codes import ExitCode
from signet.cli.following import follow, print_line, print_whole_log
from signet.cli.job_arguments import Args, ArgsJson, arguments_of
from signet.cli.job_times import declared_times, schedules_by_job, times_of
from signet.cli.options import Page, PerPage
from signet.cli.output import fields_of, note, print_json, print_page, print_record, print_table
from signet.cli.state import AsJson, state_of
from signet.client import Client

app = typer.Typer(no_args_is_help=True, help="Run jobs, follow their runs, pause and resume their schedules.")

JobName = Annotated[str, typer.Argument(help="The job: signet jobs ls", metavar="JOB")]
RunId = Annotated[int, typer.Argument(help="The run_id.", min=0, metavar="RUN")]
Paused = Annotated[
    str, typer.Argument(help="The job, for the schedule that it comes with; or a schedule_id.", metavar="JOB")
]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Follow it until it ends; 8 if it does not succeed.")]
_DAYS = ["%Y-%m-%d"]
_RUNS = [
    "run_id",
    "job_name",
    "run_state",
    "attempts",
    "scheduled_at",
    "started_at",
    "ended_at",
    "requested_by_name",
    "error",
]

_ATTEMPTS = ["attempt", "outcome", "started_at", "ended_at", "worker", "error"]


@app.command()
def ls(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List the jobs that there are, and when each runs by its schedules as they are now."""
    with state_of(ctx).client() as client:
        jobs, schedules = client.jobs.list(), schedules_by_job(client)
    if as_json:
        print_json({"jobs": [fields_of(job) | {"schedules": schedules.get(job.job_name, [])} for job in jobs]})
        return
    rows = [(job.job_name, *when, job.overlap, job.summary) for job in jobs for when in times_of(job, schedules)]
    print_table(["job_name", "schedule", "state", "next_at", "overlap", "summary"], rows)


@app.command()
def show(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="A job, or the run_id of a run.", metavar="JOB|RUN")],
    as_json: AsJson = False,
) -> None:
    """Show what a job takes and how it behaves; or a run and its attempts."""
    with state_of(ctx).client() as client:
        if not name.isdecimal():
            _show(client.jobs.get(name), as_json=as_json)
            return
        found = client.runs.get(int(name))
    if as_json:
        print_json(found)
        return
    print_table(["field", "value"], [field for field in fields_of(found).items() if field[0] != "history"])
    if found.history:
        sys.stdout.write("\n")
        print_table(_ATTEMPTS, [[getattr(attempt, column) for column in _ATTEMPTS] for attempt in found.history])


@app.command()
def run(
    ctx: typer.Context,
    *,
    job: JobName,
    arg: Args = None,
    args_json: ArgsJson = None,
    wait: Wait = True,
    as_json: AsJson = False,
) -> None:
    """Run a job now, and follow it until it ends."""
    arguments = arguments_of(arg, args_json)
    with state_of(ctx).client() as client:
        made = client.jobs.run(job, arguments)
        if wait:
            follow(client, made, as_json=as_json)
            return
    print_record(made, as_json=as_json)


@app.command()
def runs(
    ctx: typer.Context,
    *,
    job: Annotated[str | None, typer.Argument(help="Of this job alone.", metavar="[JOB]")] = None,
    state: Annotated[str | None, typer.Option("--state", help="waiting, running, succeeded, failed, …")] = None,
    schedule: Annotated[int | None, typer.Option("--schedule", help="Of this schedule_id.", min=0)] = None,
    start: Annotated[datetime | None, typer.Option("--from", help="First UTC day.", formats=_DAYS)] = None,
    end: Annotated[datetime | None, typer.Option("--to", help="Last UTC day, inclusive.", formats=_DAYS)] = None,
    page: Page = 1,
    per_page: PerPage = 20,
    count: Annotated[bool, typer.Option("--count", help="Count them all, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List runs, newest first; all that is given must match."""
    with state_of(ctx).client() as client:
        found = client.runs.list(
            job_name=job,
            run_state=state,
            schedule_id=schedule,
            create_date_start=start.date() if start else None,
            create_date_end=end.date() if end else None,
            page=page,
            per_page=per_page,
            count=count,
        )
    print_page("runs", found, _RUNS, as_json=as_json, without=["history"])


@app.command()
def logs(
    ctx: typer.Context,
    run: RunId,
    wait: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the run ends.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print what a run has logged."""
    with state_of(ctx).client() as client:
        if wait and as_json:
            print_whole_log(client, run)
            return
        if wait:
            follow(client, client.runs.get(run), as_json=False)
            return
        lines: list[LogLine] = []
        after, more = 0, True
        while more:
            part = client.runs.log(run, after=after)
            lines.extend(part.lines)
            after, more = part.after, bool(part.lines) and not part.ended
    if as_json:
        print_json({"lines": lines})
        return
    for line in lines:
        print_line(line)


@app.command()
def cancel(ctx: typer.Context, run: RunId, as_json: AsJson = False) -> None:
    """Make a run end: at once if it waits, within moments if it runs."""
    with state_of(ctx).client() as client:
        found = client.runs.cancel(run)
    if as_json:
        print_json(found)
    elif found.ended:
        note(f"Run {run} is cancelled.")
    else:
        note(f"Run {run} is told to end. To see it end: signet jobs logs {run} --follow")


@app.command()
def retry(ctx: typer.Context, run: RunId, wait: Wait = True, as_json: AsJson = False) -> None:
    """Run an ended run once more, with the same arguments, as a new run."""
    with state_of(ctx).client() as client:
        made = client.runs.retry(run)
        if wait:
            follow(client, made, as_json=as_json)
            return
    print_record(made, as_json=as_json)


@app.command()
def pause(ctx: typer.Context, job: Paused, as_json: AsJson = False) -> None:
    """Let a job not run by itself until it is resumed; what comes due meanwhile is not made up for."""
    with state_of(ctx).client() as client:
        found = client.schedules.pause(_schedule(client, job))
    _say(found, f"{found.schedule_name} is paused. To resume it: signet jobs resume {job}", as_json=as_json)


@app.command()
def resume(ctx: typer.Context, job: Paused, as_json: AsJson = False) -> None:
    """Let a paused job run by itself again, from now on."""
    with state_of(ctx).client() as client:
        found = client.schedules.resume(_schedule(client, job))
    coming = f"{found.next_at:%Y-%m-%d %H:%M} UTC" if found.next_at else "never"
    _say(found, f"{found.schedule_name} is resumed; it comes next at: {coming}", as_json=as_json)


def _show(job: Job, *, as_json: bool) -> None:
    if as_json:
        print_json(job)
    else:
        shown = fields_of(job) | {"schedule": declared_times(job)}
        print_table(["field", "value"], shown.items())


def _schedule(client: Client, job: str) -> int:
    """The schedule that is meant. Ends the command where the job comes with none."""
    if job.isdecimal():
        return int(job)
    declared = next(iter(client.schedules.iterate(job_name=job, declared=True)), None)
    if declared is None:
        note(f"signet: {job} comes with no schedule; which others are there? signet schedules ls --job {job}")
        raise typer.Exit(ExitCode.NOT_FOUND)
    return declared.schedule_id


def _say(schedule: Schedule, text: str, *, as_json: bool) -> None:
    if as_json:
        print_json(schedule)
    else:
        note(text)
