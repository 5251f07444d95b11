"""`signet files`."""

import sys
from datetime import datetime
from typing import Annotated

import typer

from signet.api.files import FileQuery
from signet.cli import file_checks, file_get, file_put
from signet.cli.batches import Batch
from signet.cli.options import IfMatch, Page, PerPage
from signet.cli.output import note, print_json, print_page, print_record
from signet.cli.sizes import bytes_of
from signet.cli.state import AsJson, state_of

app = typer.Typer(no_args_is_help=True, help="Store, read and delete files; verify them, rotate their keys.")
app.command()(file_put.put)
app.command()(file_get.get)
app.command()(file_checks.verify)
app.command()(file_checks.keys)
app.command("rotate-keys")(file_checks.rotate_keys)

FileId = Annotated[int, typer.Argument(help="The file_id.", min=0)]
Size = Annotated[int | None, typer.Option(help="Bytes, or 512K, 20M, 10G.", parser=bytes_of, metavar="SIZE")]
_DAYS = ["%Y-%m-%d"]
_COLUMNS = ["file_id", "file_name", "media_type", "size", "created_at", "created_by", "due_at"]


@app.command()
def ls(
    ctx: typer.Context,
    *,
    name: Annotated[str | None, typer.Option("--name", help="Names that contain this text.")] = None,
    media_type: Annotated[str | None, typer.Option("--type", help="The media type: image/png.")] = None,
    user_id: Annotated[int | None, typer.Option(help="Of this user.", min=0)] = None,
    min_size: Size = None,
    max_size: Size = None,
    deleted: Annotated[bool, typer.Option("--deleted", help="The deleted ones instead; due_at: when they go.")] = False,
    start: Annotated[datetime | None, typer.Option("--from", help="First UTC day.", formats=_DAYS)] = None,
    end: Annotated[datetime | None, typer.Option("--to", help="Last UTC day, inclusive.", formats=_DAYS)] = None,
    page: Page = 1,
    per_page: PerPage = 20,
    count: Annotated[bool, typer.Option("--count", help="Count them all, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List files; all that is given must match."""
    which = FileQuery(
        file_name=name,
        media_type=media_type,
        created_by=user_id,
        size_min=min_size,
        size_max=max_size,
        file_state="deleted" if deleted else None,
        create_date_start=start.date() if start else None,
        create_date_end=end.date() if end else None,
    )
    with state_of(ctx).client() as client:
        found = client.files.list(which, page=page, per_page=per_page, count=count)
    print_page("files", found, _COLUMNS if deleted else _COLUMNS[:-1], as_json=as_json)


@app.command()
def info(ctx: typer.Context, file_id: FileId, as_json: AsJson = False) -> None:
    """Show what is known of a file, a deleted one too."""
    with state_of(ctx).client() as client:
        print_record(client.files.get(file_id), as_json=as_json)


@app.command()
def rename(
    ctx: typer.Context,
    *,
    file_id: FileId,
    file_name: Annotated[str, typer.Argument(help="The new name, no path.")],
    if_match: IfMatch = None,
    as_json: AsJson = False,
) -> None:
    """Give a file another name."""
    with state_of(ctx).client() as client:
        print_record(client.files.rename(file_id, file_name, if_match=if_match), as_json=as_json)


@app.command()
def rm(
    ctx: typer.Context,
    *,
    file_ids: Annotated[list[int], typer.Argument(help="The file_ids.", min=0, metavar="FILE_ID")],
    permanently: Annotated[
        bool, typer.Option("--permanently", help="Destroy their keys: nobody brings them back.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    if_match: IfMatch = None,
    as_json: AsJson = False,
) -> None:
    """Delete files; for a while they can be brought back, unless they are deleted permanently."""
    if if_match is not None and len(file_ids) != 1:
        raise typer.BadParameter("--if-match is for one file")
    if permanently and not yes:
        _ask(len(file_ids))
    batch, done = Batch(as_json), list[int]()

    def remove(file_id: int) -> None:
        client.files.delete(file_id, permanently=permanently, if_match=if_match)
        done.append(file_id)
        if not as_json:
            hint = "nobody reads it any more" if permanently else f"to bring it back: signet files undelete {file_id}"
            note(f"File {file_id} is deleted; {hint}.")

    with state_of(ctx).client() as client:
        try:
            batch.each(file_ids, "file {}".format, remove)
        finally:
            if as_json:
                print_json({"file_ids": done, "permanently": permanently, "failed": batch.failed})
    batch.end()


@app.command()
def undelete(ctx: typer.Context, file_id: FileId, as_json: AsJson = False) -> None:
    """Bring a deleted file back."""
    with state_of(ctx).client() as client:
        print_record(client.files.undelete(file_id), as_json=as_json)


@app.command()
def quota(
    ctx: typer.Context,
    *,
    user_id: Annotated[int | None, typer.Option(help="Of this user; by default your own.", min=0)] = None,
    limit: Size = None,
    no_limit: Annotated[bool, typer.Option("--default-limit", help="The limit that everybody has.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show how much a user stores and may store, in bytes, or change that. Deleted files count until they are gone."""
    if limit is not None and no_limit:
        raise typer.BadParameter("give --limit or --default-limit")
    with state_of(ctx).client() as client:
        number = client.users.me().user_id if user_id is None else user_id
        if limit is None and not no_limit:
            found = client.file_quotas.get(number)
        else:
            found = client.file_quotas.set(number, limit)
    print_record(found, as_json=as_json)


def _ask(count: int) -> None:
    """Have it confirmed at the terminal. Ends the command where nobody says yes."""
    if not sys.stdin.isatty():
        raise typer.BadParameter("nobody is there to confirm it: --permanently takes --yes")
    what = "the file" if count == 1 else f"{count} files"
    typer.confirm(f"Destroy the keys of {what}? Nobody can bring them back", abort=True, err=True)
