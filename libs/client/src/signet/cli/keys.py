"""`signet keys`."""

from datetime import datetime
from typing import Annotated

import typer

from signet.cli.output import note, print_fields, print_json, print_page
from signet.cli.profiles import Profile
from signet.cli.state import AsJson, state_of

app = typer.Typer(no_args_is_help=True, help="Manage API keys.")

_COLUMNS = ["api_key_id", "api_key", "api_key_state", "description", "created_at", "expires_at"]


@app.command("list")
def list_(
    ctx: typer.Context,
    *,
    page: Annotated[int, typer.Option(min=1)] = 1,
    per_page: Annotated[int, typer.Option(min=1, max=100)] = 20,
    as_json: AsJson = False,
) -> None:
    """List API keys, without their secrets."""
    with state_of(ctx).client() as client:
        found = client.api_keys.list(page=page, per_page=per_page)
    print_page("api_keys", found, _COLUMNS, as_json=as_json)


@app.command()
def create(
    ctx: typer.Context,
    *,
    description: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    user_id: Annotated[int | None, typer.Option(help="For this user; by default for yourself.")] = None,
    expires: Annotated[datetime | None, typer.Option(help="When it ends; local time.")] = None,
    save: Annotated[str | None, typer.Option(help="Keep it in this profile and do not print it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Create an API key; its secret is shown this once."""
    state = state_of(ctx)
    if save is not None:
        state.profiles.load(save)
    with state.client() as client:
        created = client.api_keys.create(user_id=user_id, description=description, expires_at=expires)
    if save is not None:
        identity = state.identity()
        note(f"Kept in {state.profiles.save(save, Profile(identity.url, created.credential, identity.user))}")
    elif as_json:
        print_json(created)
    else:
        print_fields(created)


@app.command()
def revoke(
    ctx: typer.Context,
    *,
    api_key_id: Annotated[int, typer.Argument(help="The key's api_key_id.", min=0)],
    as_json: AsJson = False,
) -> None:
    """Make an API key useless, for good."""
    with state_of(ctx).client() as client:
        client.api_keys.revoke(api_key_id)
    if as_json:
        print_json({"api_key_id": api_key_id})
    else:
        note(f"API key {api_key_id} is revoked.")
