"""`signet users`."""

from typing import Annotated

import typer

from signet.cli.output import print_fields, print_json, print_page
from signet.cli.passwords import ask_password
from signet.cli.state import AsJson, state_of

app = typer.Typer(no_args_is_help=True, help="Manage accounts.")

_COLUMNS = ["user_id", "user_name", "user_state", "roles", "email", "phone"]


@app.command("list")
def list_(
    ctx: typer.Context,
    *,
    page: Annotated[int, typer.Option(min=1)] = 1,
    per_page: Annotated[int, typer.Option(min=1, max=100)] = 20,
    as_json: AsJson = False,
) -> None:
    """List accounts."""
    with state_of(ctx).client() as client:
        found = client.users.list(page=page, per_page=per_page)
    print_page("users", found, _COLUMNS, as_json=as_json)


@app.command()
def create(
    ctx: typer.Context,
    *,
    user_name: Annotated[str, typer.Argument(help="What the user signs in with.")],
    role: Annotated[list[str] | None, typer.Option(help="A role to give; may be repeated.")] = None,
    email: Annotated[str | None, typer.Option()] = None,
    phone: Annotated[str | None, typer.Option()] = None,
    no_password: Annotated[bool, typer.Option("--no-password", help="Signs with API keys only.")] = False,
    as_json: AsJson = False,
) -> None:
    """Create an account; the password is asked for, or read from standard input."""
    password = None if no_password else ask_password(f"Password of {user_name}", confirm=True)
    with state_of(ctx).client() as client:
        user = client.users.create(user_name, password, email=email, phone=phone, roles=role or ())
    if as_json:
        print_json(user)
    else:
        print_fields(user)
