"""`signet-scheduler`: the database, the keyring, the contracts.

What a contract is made from is loaded by the verbs that print one: the others run at a start, which is sooner without.
"""

import json

import typer

from signet_common.settings import load_or_exit
from signet_common.sql.administration import database_commands, migrations_folder
from signet_scheduler import __file__ as package_file
from signet_scheduler.entrypoints import keyring_verbs
from signet_scheduler.settings import Settings

app = typer.Typer(help="Administer the scheduler.", no_args_is_help=True, pretty_exceptions_enable=False)


def _database_url() -> str:
    return load_or_exit(Settings).database_url


app.add_typer(database_commands("scheduler", _database_url, migrations_folder(package_file)), name="db")
app.add_typer(keyring_verbs.app, name="keyring")


@app.command()
def openapi() -> None:
    """Print the HTTP contract, OpenAPI 3.1 in YAML."""
    from signet_common.web.openapi import to_yaml
    from signet_scheduler.bootstrap.contracts import contract

    typer.echo(to_yaml(contract()), nl=False)


@app.command()
def events() -> None:
    """Print the declarations of the events that this service tells, in JSON."""
    from signet_scheduler.bootstrap.contracts import declared_events

    typer.echo(json.dumps(declared_events(), indent=2))


def main() -> None:
    """Run the command line."""
    app()
