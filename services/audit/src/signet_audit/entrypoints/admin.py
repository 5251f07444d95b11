"""`signet-audit`: the database, the contracts.

What a contract is made from is loaded by the verbs that print one: the others run at a start, which is sooner without.
"""

import json

import typer

from signet_audit import __file__ as package_file
from signet_audit.settings import Settings
from signet_common.settings import load_or_exit
from signet_common.sql.administration import database_commands, migrations_folder

app = typer.Typer(help="Administer the audit service.", no_args_is_help=True, pretty_exceptions_enable=False)


def _database_url() -> str:
    return load_or_exit(Settings).database_url


app.add_typer(database_commands("audit", _database_url, migrations_folder(package_file)), name="db")


@app.command()
def openapi() -> None:
    """Print the HTTP contract, OpenAPI 3.1 in YAML."""
    from signet_audit.bootstrap.contracts import contract
    from signet_common.web.openapi import to_yaml

    typer.echo(to_yaml(contract()), nl=False)


@app.command()
def events() -> None:
    """Print the declarations of the events that this service tells, in JSON."""
    from signet_audit.bootstrap.contracts import declared_events

    typer.echo(json.dumps(declared_events(), indent=2))


def main() -> None:
    """Run the command line."""
    app()
