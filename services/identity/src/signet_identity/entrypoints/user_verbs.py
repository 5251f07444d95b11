"""`signet-identity user …`: for the day when nobody who could help can sign in any more."""

import sys
from typing import Annotated

import typer

from signet_common.settings import load_or_exit
from signet_identity.bootstrap.commands import account_recovery, deployment
from signet_identity.entrypoints.one_line import refusals_in_one_line
from signet_identity.settings import Settings

app = typer.Typer(help="Recover an account; each change is an event of the deployment.", no_args_is_help=True)

UserName = Annotated[str, typer.Argument(help="The user's name.")]


@app.command("set-password")
def set_password(name: UserName) -> None:
    """Set a password, asked for on the terminal or read from standard input, and end the user's sessions."""
    settings = load_or_exit(Settings)
    # Never an argument: other users of the machine see those, and shells remember them.
    if sys.stdin.isatty():
        password = typer.prompt("New password", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    with refusals_in_one_line():
        account_recovery(settings).set_password(deployment("user set-password"), name, password)
    typer.echo(f"identity: {name} has a new password and no session")


@app.command()
def activate(name: UserName) -> None:
    """Switch an account on again."""
    settings = load_or_exit(Settings)
    with refusals_in_one_line():
        account_recovery(settings).activate(deployment("user activate"), name)
    typer.echo(f"identity: {name} is active")


@app.command("grant-role")
def grant_role(name: UserName, role: Annotated[str, typer.Argument(help="The role to add.")]) -> None:
    """Give a user one role more."""
    settings = load_or_exit(Settings)
    with refusals_in_one_line():
        user = account_recovery(settings).grant_role(deployment("user grant-role"), name, role)
    typer.echo(f"identity: {name} has the roles {', '.join(user.roles)}")
