"""`signet-identity`: the database, the keyring, the first run, lost accounts, the contracts.

What a contract is made from is loaded by the verbs that print one: the others run at a start, which is sooner without.
"""

import json
from pathlib import Path
from typing import Annotated

import typer

from signet_common.settings import load_or_exit
from signet_common.sql.administration import database_commands, migrations_folder
from signet_identity import __file__ as package_file
from signet_identity.bootstrap.commands import first_run_command
from signet_identity.entrypoints import keyring_verbs, user_verbs
from signet_identity.entrypoints.one_line import refusals_in_one_line
from signet_identity.settings import Settings

app = typer.Typer(help="Administer identity.", no_args_is_help=True, pretty_exceptions_enable=False)


def _database_url() -> str:
    return load_or_exit(Settings).database_url


app.add_typer(database_commands("identity", _database_url, migrations_folder(package_file)), name="db")
app.add_typer(keyring_verbs.app, name="keyring")
app.add_typer(user_verbs.app, name="user")


@app.command("first-run")
def first_run(
    url: Annotated[str, typer.Option(help="Where clients will find the gateway.")],
    out: Annotated[Path, typer.Option(help="The file that will hold the way in, mode 0600.")],
) -> None:
    """Create the roles, the administrator `admin` and an API key; nothing where an administrator exists."""
    with refusals_in_one_line():
        created = first_run_command(load_or_exit(Settings))(url, out)
    typer.echo(f"identity: created the administrator, see {out}" if created else "identity: there is an administrator")


@app.command()
def openapi() -> None:
    """Print the HTTP contract, OpenAPI 3.1 in YAML."""
    from signet_common.web.openapi import to_yaml
    from signet_identity.bootstrap.contracts import contract

    typer.echo(to_yaml(contract()), nl=False)


@app.command()
def events() -> None:
    """Print the declarations of the events that this service tells, in JSON."""
    from signet_identity.bootstrap.contracts import declared_events

    typer.echo(json.dumps(declared_events(), indent=2))


@app.command()
def commands() -> None:
    """Print the declarations of the commands that this service sends, in JSON."""
    from signet_identity.bootstrap.contracts import declared_commands

    typer.echo(json.dumps(declared_commands(), indent=2))


def main() -> None:
    """Run the command line."""
    app()
