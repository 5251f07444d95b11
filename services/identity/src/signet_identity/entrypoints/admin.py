"""`signet-identity`: the database, the keyring, the first run, the contracts."""

import json
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from sqlalchemy.exc import SQLAlchemyError

from signet_common.settings import load_or_exit
from signet_common.sql.administration import database_commands, migrations_folder
from signet_common.sql.database import DatabaseUnavailable
from signet_common.web.openapi import to_yaml
from signet_identity import __file__ as package_file
from signet_identity.adapters.inbound.admin import FirstRunFileExists
from signet_identity.adapters.outbound.keyring import KeyringUnusable, create_keyring
from signet_identity.bootstrap.commands import first_run_command
from signet_identity.bootstrap.contracts import contract, declared_events
from signet_identity.settings import Settings

app = typer.Typer(help="Administer identity.", no_args_is_help=True, pretty_exceptions_enable=False)
keyring = typer.Typer(help="The keyring that secrets at rest lie under.", no_args_is_help=True)


def _database_url() -> str:
    return load_or_exit(Settings).database_url


app.add_typer(database_commands("identity", _database_url, migrations_folder(package_file)), name="db")
app.add_typer(keyring, name="keyring")


@keyring.callback()
def _verbs() -> None:
    """Keep `create` a verb of its own, though it is the only one."""


@keyring.command()
def create(
    out: Annotated[Path | None, typer.Option(help="The file to write; IDENTITY_KEYRING without it.")] = None,
) -> None:
    """Create a keyring, mode 0600. An existing file is never overwritten: what lies under it would be lost."""
    path = out or load_or_exit(Settings).keyring
    try:
        create_keyring(path)
    except KeyringUnusable as refused:
        _fail(refused)
    typer.echo(f"identity: created keyring {path}")


@app.command("first-run")
def first_run(
    url: Annotated[str, typer.Option(help="Where clients will find the gateway.")],
    out: Annotated[Path, typer.Option(help="The file that will hold the way in, mode 0600.")],
) -> None:
    """Create the roles, the administrator `admin` and an API key; nothing where an administrator exists."""
    try:
        created = first_run_command(load_or_exit(Settings))(url, out)
    except (KeyringUnusable, FirstRunFileExists, OSError) as refused:
        _fail(refused)
    except (SQLAlchemyError, DatabaseUnavailable) as refused:
        reason = refused.__cause__ or refused
        _fail(getattr(reason, "orig", None) or reason)
    typer.echo(f"identity: created the administrator, see {out}" if created else "identity: there is an administrator")


@app.command()
def openapi() -> None:
    """Print the HTTP contract, OpenAPI 3.1 in YAML."""
    typer.echo(to_yaml(contract()), nl=False)


@app.command()
def events() -> None:
    """Print the declarations of the events that this service tells, in JSON."""
    typer.echo(json.dumps(declared_events(), indent=2))


def main() -> None:
    """Run the command line."""
    app()


def _fail(refused: object) -> NoReturn:
    print(f"identity: {str(refused).strip().splitlines()[0]}", file=sys.stderr)
    raise typer.Exit(1)
