"""`signet keys`."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from signet.cli.options import IfMatch, OfUser, Page, PerPage
from signet.cli.output import note, print_done, print_page, print_record
from signet.cli.profiles import Profile, ProfileInvalid
from signet.cli.state import AsJson, state_of

app = typer.Typer(no_args_is_help=True, help="Manage API keys.")

_COLUMNS = ["api_key_id", "key_name", "api_key", "api_key_state", "permissions", "expires_at", "last_used_at"]

ApiKeyId = Annotated[int, typer.Argument(help="The key's api_key_id.", min=0)]
Description = Annotated[str | None, typer.Option(help="What it is for.")]
Permissions = Annotated[
    list[str] | None, typer.Option("--permission", help="Limit it to resource:operation; may be repeated.")
]
Expires = Annotated[datetime | None, typer.Option(help="When it ends; local time.")]


@app.command("list")
def list_(
    ctx: typer.Context, *, user_id: OfUser = None, page: Page = 1, per_page: PerPage = 20, as_json: AsJson = False
) -> None:
    """List API keys, without their secrets."""
    with state_of(ctx).client() as client:
        found = client.api_keys.list(user_id=user_id, page=page, per_page=per_page)
    print_page("api_keys", found, _COLUMNS, as_json=as_json)


@app.command()
def get(ctx: typer.Context, *, api_key_id: ApiKeyId, as_json: AsJson = False) -> None:
    """Show an API key, without its secret."""
    with state_of(ctx).client() as client:
        print_record(client.api_keys.get(api_key_id), as_json=as_json)


@app.command()
def create(
    ctx: typer.Context,
    *,
    name: Annotated[str | None, typer.Option("--name", help="A name that no other key of the user has.")] = None,
    description: Description = None,
    permission: Permissions = None,
    user_id: Annotated[int | None, typer.Option(help="For this user; by default for yourself.")] = None,
    expires: Expires = None,
    save: Annotated[str | None, typer.Option(help="Keep it in this profile and do not print it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Create an API key; its secret is shown this once."""
    state = state_of(ctx)
    if save is not None:
        state.profiles.load(save)
    with state.client() as client:
        created = client.api_keys.create(
            key_name=name, user_id=user_id, description=description, permissions=permission, expires_at=expires
        )
    if save is not None:
        identity = state.identity()
        try:
            kept = state.profiles.save(save, Profile(identity.url, created.credential, identity.user))
        except ProfileInvalid:
            note(f"The secret is lost with it: signet keys revoke {created.api_key_id}")
            raise
        note(f"Kept in {kept}")
    else:
        print_record(created, as_json=as_json)


@app.command()
def update(
    ctx: typer.Context,
    *,
    api_key_id: ApiKeyId,
    name: Annotated[str | None, typer.Option("--name", help="The new name.")] = None,
    description: Description = None,
    permission: Permissions = None,
    all_permissions: Annotated[bool, typer.Option("--all-permissions", help="Limit it no more.")] = False,
    expires: Expires = None,
    if_match: IfMatch = None,
    as_json: AsJson = False,
) -> None:
    """Change an API key; permissions that are given take the place of those that it was limited to."""
    if permission and all_permissions:
        raise typer.BadParameter("--permission and --all-permissions exclude each other")
    ends = None if expires is None else expires.astimezone(UTC).isoformat()
    given = {"key_name": name, "description": description, "permissions": permission, "expires_at": ends}
    changes: dict[str, object] = {field: value for field, value in given.items() if value is not None}
    if all_permissions:
        changes["permissions"] = None
    if not changes:
        raise typer.BadParameter("nothing to change: see --help")
    with state_of(ctx).client() as client:
        print_record(client.api_keys.update(api_key_id, changes, if_match=if_match), as_json=as_json)


@app.command()
def revoke(ctx: typer.Context, *, api_key_id: ApiKeyId, as_json: AsJson = False) -> None:
    """Make an API key useless, for good."""
    with state_of(ctx).client() as client:
        client.api_keys.revoke(api_key_id)
    print_done(f"API key {api_key_id} is revoked.", {"api_key_id": api_key_id}, as_json=as_json)
