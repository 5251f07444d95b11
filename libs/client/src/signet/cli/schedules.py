"""`signet schedules`."""

from typing import Annotated

import typer

from signet.cli.job_arguments import Args, ArgsJson, arguments_of
from signet.cli.options import IfMatch, Page, PerPage
from signet.cli.output import print_done, print_page, print_record
from signet.cli.state import AsJson, state_of

app = typer.Typer(no_args_is_help=True, help="Make, change and delete schedules of jobs.")

ScheduleId = Annotated[int, typer.Argument(help="The schedule_id.", min=0)]
Zone = Annotated[str | None, typer.Option("--zone", help="The IANA time zone that the line is read in: Asia/Shanghai.")]
_COLUMNS = ["schedule_id", "schedule_name", "job_name", "cron", "time_zone", "schedule_state", "next_at", "declared"]


@app.command()
def ls(
    ctx: typer.Context,
    *,
    name: Annotated[str | None, typer.Option("--name", help="Names that contain this text.")] = None,
    job: Annotated[str | None, typer.Option("--job", help="Of this job.")] = None,
    state: Annotated[str | None, typer.Option("--state", help="active, or inactive: paused.")] = None,
    page: Page = 1,
    per_page: PerPage = 20,
    count: Annotated[bool, typer.Option("--count", help="Count them all, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List schedules; all that is given must match."""
    with state_of(ctx).client() as client:
        found = client.schedules.list(
            schedule_name=name, job_name=job, schedule_state=state, page=page, per_page=per_page, count=count
        )
    print_page("schedules", found, _COLUMNS, as_json=as_json)


@app.command()
def show(ctx: typer.Context, schedule_id: ScheduleId, as_json: AsJson = False) -> None:
    """Show a schedule."""
    with state_of(ctx).client() as client:
        print_record(client.schedules.get(schedule_id), as_json=as_json)


@app.command()
def add(
    ctx: typer.Context,
    *,
    name: Annotated[str, typer.Argument(help="Unique, for people.")],
    job: Annotated[str, typer.Argument(help="The job: signet jobs ls")],
    cron: Annotated[str, typer.Argument(help="Minute hour day month weekday, in quotes: '30 2 * * mon-fri'")],
    zone: Zone = None,
    arg: Args = None,
    args_json: ArgsJson = None,
    paused: Annotated[bool, typer.Option("--paused", help="Let it rest until it is resumed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a job run again and again, from now on."""
    arguments = arguments_of(arg, args_json)
    with state_of(ctx).client() as client:
        made = client.schedules.create(
            name,
            job,
            cron,
            time_zone=zone or "UTC",
            arguments=arguments,
            schedule_state="inactive" if paused else "active",
        )
    print_record(made, as_json=as_json)


@app.command()
def change(
    ctx: typer.Context,
    *,
    schedule_id: ScheduleId,
    name: Annotated[str | None, typer.Option("--name", help="Another name.")] = None,
    cron: Annotated[str | None, typer.Option("--cron", help="Another line, from now on.")] = None,
    zone: Zone = None,
    arg: Args = None,
    args_json: ArgsJson = None,
    if_match: IfMatch = None,
    as_json: AsJson = False,
) -> None:
    """Change a schedule; arguments are given anew as a whole."""
    arguments = arguments_of(arg, args_json)
    if name is None and cron is None and zone is None and arguments is None:
        raise typer.BadParameter("nothing to change: give --name, --cron, --zone, --arg or --args-json")
    with state_of(ctx).client() as client:
        changed = client.schedules.update(
            schedule_id, schedule_name=name, cron=cron, time_zone=zone, arguments=arguments, if_match=if_match
        )
    print_record(changed, as_json=as_json)


@app.command()
def rm(ctx: typer.Context, schedule_id: ScheduleId, if_match: IfMatch = None, as_json: AsJson = False) -> None:
    """Delete a schedule; the runs that it had stay. One that a job comes with can be paused instead."""
    with state_of(ctx).client() as client:
        client.schedules.delete(schedule_id, if_match=if_match)
    print_done(f"Schedule {schedule_id} is deleted.", {"schedule_id": schedule_id}, as_json=as_json)
