"""`signet password` and `signet email`: what people do with their own accounts."""

from typing import Annotated

import typer

from signet.cli.output import note
from signet.cli.passwords import ask_password, ask_token
from signet.cli.state import State, state_of
from signet.client import Client
from signet.errors import NotSignedIn

password = typer.Typer(no_args_is_help=True, help="Change or reset your password.")
email = typer.Typer(no_args_is_help=True, help="Confirm your e-mail address.")


@password.command()
def change(ctx: typer.Context) -> None:
    """Change your password; your other sessions end. Both are asked for, or read as two lines of standard input."""
    old = ask_password("Old password")
    new = ask_password("New password", confirm=True)
    with state_of(ctx).client() as client:
        client.users.change_password(old, new)
    note("The password is changed; other sessions have ended.")


@password.command()
def forgot(ctx: typer.Context, login: Annotated[str, typer.Argument(help="User name, e-mail or phone.")]) -> None:
    """Ask for a mail with a token that sets a new password."""
    with _public(state_of(ctx)) as client:
        client.users.request_password_reset(login)
    note("If that account is active, with a password and an address, a mail is on its way.")


@password.command()
def reset(ctx: typer.Context) -> None:
    """Set a new password by the token of a mail; both are asked for, or read as two lines of standard input."""
    token = ask_token()
    new = ask_password("New password", confirm=True)
    with _public(state_of(ctx)) as client:
        client.users.reset_password(token, new)
    note("The password is set; every session has ended. Sign in: signet login")


@email.command("request")
def request_(ctx: typer.Context) -> None:
    """Ask for a mail with a token that confirms your address."""
    with state_of(ctx).client() as client:
        client.users.request_email_confirmation()
    note("A mail is on its way.")


@email.command()
def confirm(ctx: typer.Context) -> None:
    """Confirm an address by the token of a mail; it is asked for, or read from standard input."""
    token = ask_token()
    with _public(state_of(ctx)) as client:
        client.users.confirm_email(token)
    note("The address is confirmed.")


def _public(state: State) -> Client:
    """A client for operations that take no credential, at the gateway that was named or is kept."""
    first_run = state.first_run_file()
    kept = state.profiles.load(state.profile_name)
    url = state.gateway_url() or (first_run.url if first_run else kept.url if kept else None)
    if not url:
        raise NotSignedIn("Set SIGNET_URL, or give --url: no gateway is known.")
    return state.client_for(url, None)
