"""The `db` verbs of every service's command line, and how mistakes look there: one line, no traceback."""

import sys
from collections.abc import Callable
from pathlib import Path

import typer
from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError

from signet_common.sql import migrations
from signet_common.sql.engines import DatabaseUrlInvalid

NEWER_DATABASE = 4
OUT_OF_DATE = 5


def migrations_folder(package_file: str) -> Path:
    """The migrations of a package, by its `__file__`: inside it in a built wheel, beside `src` in a checkout."""
    package = Path(package_file).resolve().parent
    inside = package / "migrations"
    return inside if inside.is_dir() else package.parents[1] / "migrations"


def database_commands(service: str, database_url: Callable[[], str], folder: Path) -> typer.Typer:
    """`upgrade`, `check` and `migrate` for one service's database."""
    commands = typer.Typer(help=f"The database of {service}.", no_args_is_help=True)

    @commands.command()
    def upgrade() -> None:
        """Bring the database to the newest revision."""
        with _one_line(service):
            typer.echo(f"{service}: database is at revision {migrations.upgrade(database_url(), folder)}")

    @commands.command()
    def check() -> None:
        """Say which revision the database has; exit code 5 when it is not the newest."""
        with _one_line(service):
            revision, newest = migrations.current(database_url(), folder)
        typer.echo(f"{service}: database is at revision {revision}, the newest is {newest}")
        if revision != newest:
            raise typer.Exit(OUT_OF_DATE)

    @commands.command()
    def migrate(message: str) -> None:
        """Draft a revision from the difference between the row classes and the database, to be reviewed."""
        with _one_line(service):
            typer.echo(f"{service}: drafted {migrations.draft(database_url(), folder, message)}")

    return commands


class _one_line:  # noqa: N801 - reads as what it does: with _one_line(...)
    """Turns what can go wrong with a database into one line on stderr and an exit code."""

    def __init__(self, service: str) -> None:
        self._service = service

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, migrations.NewerDatabase):
            _fail(f"{self._service}: {error}: upgrade the software", NEWER_DATABASE)
        if isinstance(error, SQLAlchemyError):
            _fail(f"{self._service}: {_first_line(error)}", 1)
        if isinstance(error, CommandError | DatabaseUrlInvalid | migrations.MigrationLockBusy | OSError):
            _fail(f"{self._service}: {error}", 1)


def _first_line(error: SQLAlchemyError) -> str:
    original = getattr(error, "orig", None) or error
    return str(original).strip().splitlines()[0]


def _fail(line: str, code: int) -> None:
    print(line, file=sys.stderr)  # noqa: T201 - this is a command line
    raise typer.Exit(code)
