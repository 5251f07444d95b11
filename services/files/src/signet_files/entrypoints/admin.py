"""`signet-files`: the database, the keyring, the contracts.

What a contract is made from is loaded by the verbs that print one: the others run at a start, which is sooner without.
"""

import json
from dataclasses import asdict

import typer

from signet_common.settings import load_or_exit
from signet_common.sql.administration import database_commands, migrations_folder
from signet_files import __file__ as package_file
from signet_files.bootstrap.commands import collect_orphans
from signet_files.entrypoints import keyring_verbs
from signet_files.settings import Settings

app = typer.Typer(help="Administer the files service.", no_args_is_help=True, pretty_exceptions_enable=False)


def _database_url() -> str:
    return load_or_exit(Settings).database_url


app.add_typer(database_commands("files", _database_url, migrations_folder(package_file)), name="db")
app.add_typer(keyring_verbs.app, name="keyring")


@app.command("collect-orphans")
def collect_orphans_now() -> None:
    """Remove what nobody will ask for any more, and print what that was; exit with 1 where something would not go."""
    collected = collect_orphans(load_or_exit(Settings))()
    for name, count in asdict(collected).items():
        if isinstance(count, int) and not isinstance(count, bool):
            typer.echo(f"{name}: {count}")
    raise typer.Exit(1 if collected.failed else 0)


@app.command()
def openapi() -> None:
    """Print the HTTP contract, OpenAPI 3.1 in YAML."""
    from signet_common.web.openapi import to_yaml
    from signet_files.bootstrap.contracts import contract

    typer.echo(to_yaml(contract()), nl=False)


@app.command()
def events() -> None:
    """Print the declarations of the events that this service tells, in JSON."""
    from signet_files.bootstrap.contracts import declared_events

    typer.echo(json.dumps(declared_events(), indent=2))


def main() -> None:
    """Run the command line."""
    app()
