"""The `db` verbs of every service's command line, and how mistakes look there: one line, no traceback.

The migration tool is loaded by these verbs alone: other verbs run at a start as well, which is sooner without it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from signet_common.sql.one_line import fail, one_line

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
        from signet_common.sql import migrations

        with _told(service):
            typer.echo(f"{service}: database is at revision {migrations.upgrade(database_url(), folder)}")

    @commands.command()
    def check() -> None:
        """Say which revision the database has; exit code 5 when it is not the newest."""
        from signet_common.sql import migrations

        with _told(service):
            revision, newest = migrations.current(database_url(), folder)
        typer.echo(f"{service}: database is at revision {revision}, the newest is {newest}")
        if revision != newest:
            raise typer.Exit(OUT_OF_DATE)

    @commands.command()
    def migrate(message: str) -> None:
        """Draft a revision from the difference between the row classes and the database, to be reviewed."""
        from signet_common.sql import migrations

        with _told(service):
            typer.echo(f"{service}: drafted {migrations.draft(database_url(), folder, message)}")

    return commands


@contextmanager
def _told(service: str) -> Iterator[None]:
    """What can go wrong with a migration as one line on stderr and an exit code."""
    from alembic.util import CommandError

    from signet_common.sql import migrations

    try:
        with one_line(service, CommandError, migrations.MigrationLockBusy):
            yield
    except migrations.NewerDatabase as newer:
        fail(service, f"{newer}: upgrade the software", NEWER_DATABASE)
