"""`signet audit`."""

from datetime import datetime
from typing import Annotated

import typer

from signet.api.audit import AuditRecord
from signet.cli.output import print_page, print_rows
from signet.cli.state import AsJson, state_of
from signet.decoding import Page

app = typer.Typer(no_args_is_help=True, help="Read the audit log.")

_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%SZ"]
_COLUMNS = ["time", "user", "operation", "resource", "object", "from", "request_id"]


@app.callback()
def audit() -> None:
    """Read the audit log."""


@app.command()
def search(
    ctx: typer.Context,
    *,
    user_id: Annotated[int | None, typer.Option(help="Who did it.")] = None,
    resource: Annotated[str | None, typer.Option(help="What kind of thing: demo, user, …")] = None,
    object_id: Annotated[str | None, typer.Option(help="Which one.")] = None,
    operation: Annotated[str | None, typer.Option(help="insert, update, delete, query, …")] = None,
    request_id: Annotated[str | None, typer.Option(help="In which request.")] = None,
    start: Annotated[datetime | None, typer.Option("--from", help="Not before; local time.", formats=_FORMATS)] = None,
    end: Annotated[datetime | None, typer.Option("--to", help="Not after; local time.", formats=_FORMATS)] = None,
    page: Annotated[int, typer.Option(min=1)] = 1,
    per_page: Annotated[int, typer.Option(min=1, max=100)] = 20,
    as_json: AsJson = False,
) -> None:
    """Search the records, newest first; all that is given must match."""
    with state_of(ctx).client() as client:
        found = client.audit.search(
            user_id=user_id,
            resource=resource,
            object_id=object_id,
            operation=operation,
            request_id=request_id,
            time_start=start,
            time_end=end,
            page=page,
            per_page=per_page,
        )
    _show(found, as_json=as_json)


def _show(found: Page[AuditRecord], *, as_json: bool) -> None:
    if as_json:
        print_page("records", found, [], as_json=True)
        return
    print_rows(_COLUMNS, found, [_row(record) for record in found.items])


def _row(record: AuditRecord) -> list[object]:
    return [
        record.time,
        record.actor.user_name or record.actor.user_id,
        record.operation,
        record.resource,
        record.object_id,
        record.client_ip,
        record.request_id,
    ]
