"""`signet users`."""

from typing import Annotated

import typer

from signet.cli.options import IfMatch, Page, PerPage
from signet.cli.output import print_done, print_page, print_record
from signet.cli.passwords import ask_password
from signet.cli.state import AsJson, state_of

app = typer.Typer(no_args_is_help=True, help="Manage accounts.")

_COLUMNS = ["user_id", "user_name", "user_state", "roles", "email", "phone"]
_CONTACTS = ("email", "phone", "display_name")
_PROVEN = {"email", "phone"}
"""What of one's own takes the password."""
_ME = "me"

WhichUser = Annotated[str, typer.Argument(help="The user_id, or `me`.", metavar="USER_ID|me")]
UserId = Annotated[int, typer.Argument(help="The user_id.", min=0)]
Roles = Annotated[list[str] | None, typer.Option("--role", help="A role; may be repeated.")]
Contact = Annotated[str | None, typer.Option()]


@app.command("list")
def list_(ctx: typer.Context, *, page: Page = 1, per_page: PerPage = 20, as_json: AsJson = False) -> None:
    """List accounts."""
    with state_of(ctx).client() as client:
        found = client.users.list(page=page, per_page=per_page)
    print_page("users", found, _COLUMNS, as_json=as_json)


@app.command()
def get(ctx: typer.Context, *, user: WhichUser = _ME, as_json: AsJson = False) -> None:
    """Show an account, by default your own."""
    number = _number_of(user)
    with state_of(ctx).client() as client:
        print_record(client.users.me() if number is None else client.users.get(number), as_json=as_json)


@app.command()
def create(
    ctx: typer.Context,
    *,
    user_name: Annotated[str, typer.Argument(help="What the user signs in with.")],
    role: Roles = None,
    email: Contact = None,
    phone: Contact = None,
    no_password: Annotated[bool, typer.Option("--no-password", help="Signs with API keys only.")] = False,
    as_json: AsJson = False,
) -> None:
    """Create an account; the password is asked for, or read from standard input."""
    password = None if no_password else ask_password(f"Password of {user_name}", confirm=True)
    with state_of(ctx).client() as client:
        user = client.users.create(user_name, password, email=email, phone=phone, roles=role or ())
    print_record(user, as_json=as_json)


@app.command()
def update(
    ctx: typer.Context,
    *,
    user: WhichUser,
    email: Contact = None,
    phone: Contact = None,
    display_name: Contact = None,
    clear: Annotated[list[str] | None, typer.Option(help="A contact to remove: email, phone, display_name.")] = None,
    state: Annotated[str | None, typer.Option("--state", help="active or inactive.")] = None,
    role: Roles = None,
    if_match: IfMatch = None,
    as_json: AsJson = False,
) -> None:
    """Change an account; roles that are given take the place of those that it has.

    Another e-mail or phone of your own takes your password, which is asked for or read from standard input.
    """
    given = {"email": email, "phone": phone, "display_name": display_name, "user_state": state, "roles": role}
    changes: dict[str, object] = {name: value for name, value in given.items() if value is not None}
    for name in clear or ():
        if name not in _CONTACTS or name in changes:
            raise typer.BadParameter(f"--clear takes one of {', '.join(_CONTACTS)} that is not set as well")
        changes[name] = None
    if not changes:
        raise typer.BadParameter("nothing to change: see --help")
    number = _number_of(user)
    proof = ask_password("Password") if number is None and changes.keys() & _PROVEN else None
    with state_of(ctx).client() as client:
        if number is None:
            changed = client.users.update_me(changes, old_password=proof, if_match=if_match)
        else:
            changed = client.users.update(number, changes, if_match=if_match)
    print_record(changed, as_json=as_json)


@app.command()
def delete(ctx: typer.Context, *, user_id: UserId, if_match: IfMatch = None, as_json: AsJson = False) -> None:
    """Remove an account with its keys and sessions."""
    with state_of(ctx).client() as client:
        client.users.delete(user_id, if_match=if_match)
    print_done(f"User {user_id} is deleted.", {"user_id": user_id}, as_json=as_json)


def _number_of(user: str) -> int | None:
    if user == _ME:
        return None
    if not (user.isascii() and user.isdecimal()):
        raise typer.BadParameter(f"{user!r} is neither a user_id nor `me`")
    return int(user)
