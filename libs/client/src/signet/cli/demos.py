"""`signet demos`."""

from datetime import datetime
from typing import Annotated

import typer

from signet.cli.options import IfMatch, Page, PerPage
from signet.cli.output import print_done, print_page, print_record
from signet.cli.state import AsJson, state_of

app = typer.Typer(no_args_is_help=True, help="Create, read, update and delete Demos.")

DemoId = Annotated[int, typer.Argument(help="The Demo's demo_id.", min=0)]
State = Annotated[str | None, typer.Option("--state", help="active or inactive.")]
_DAYS = ["%Y-%m-%d"]
_COLUMNS = ["demo_id", "demo_name", "demo_state", "version", "created_at", "updated_at"]


@app.command()
def create(
    ctx: typer.Context,
    *,
    demo_name: Annotated[str, typer.Argument(help="Unique, at most 15 bytes of UTF-8.")],
    state: State = None,
    as_json: AsJson = False,
) -> None:
    """Create a Demo."""
    with state_of(ctx).client() as client:
        print_record(client.demos.create(demo_name, state), as_json=as_json)


@app.command("list")
def list_(
    ctx: typer.Context,
    *,
    name: Annotated[str | None, typer.Option("--name", help="Names that contain this text.")] = None,
    state: State = None,
    start: Annotated[datetime | None, typer.Option("--from", help="First UTC day.", formats=_DAYS)] = None,
    end: Annotated[datetime | None, typer.Option("--to", help="Last UTC day, inclusive.", formats=_DAYS)] = None,
    page: Page = 1,
    per_page: PerPage = 20,
    count: Annotated[bool, typer.Option("--count", help="Count them all, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List Demos."""
    with state_of(ctx).client() as client:
        found = client.demos.list(
            demo_name=name,
            demo_state=state,
            create_date_start=start.date() if start else None,
            create_date_end=end.date() if end else None,
            page=page,
            per_page=per_page,
            count=count,
        )
    print_page("demos", found, _COLUMNS, as_json=as_json)


@app.command()
def get(ctx: typer.Context, demo_id: DemoId, as_json: AsJson = False) -> None:
    """Show an active Demo."""
    with state_of(ctx).client() as client:
        print_record(client.demos.get(demo_id), as_json=as_json)


@app.command()
def update(
    ctx: typer.Context,
    *,
    demo_id: DemoId,
    name: Annotated[str | None, typer.Option("--name", help="The new name.")] = None,
    state: State = None,
    if_match: IfMatch = None,
    as_json: AsJson = False,
) -> None:
    """Change a Demo, an inactive one too."""
    if name is None and state is None:
        raise typer.BadParameter("nothing to change: give --name or --state")
    with state_of(ctx).client() as client:
        print_record(client.demos.update(demo_id, demo_name=name, demo_state=state, if_match=if_match), as_json=as_json)


@app.command()
def delete(ctx: typer.Context, demo_id: DemoId, if_match: IfMatch = None, as_json: AsJson = False) -> None:
    """Remove a Demo and free its name."""
    with state_of(ctx).client() as client:
        client.demos.delete(demo_id, if_match=if_match)
    print_done(f"Demo {demo_id} is deleted.", {"demo_id": demo_id}, as_json=as_json)
