"""Alembic under a lock: replicas that start together migrate once; an old program leaves a newer database alone."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from alembic import command, context
from alembic.autogenerate.api import AutogenContext
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, text

from signet_common.sql import columns
from signet_common.sql.engines import open_engine

LOCK_TIMEOUT_SECONDS = 60


class NewerDatabase(Exception):
    """The database is at a revision that this program does not know."""


class MigrationLockBusy(Exception):
    """Another process has been migrating for longer than anybody should wait."""


def upgrade(database_url: str, migrations: Path) -> str:
    """Bring the database to the newest revision of the `migrations` folder; the revision that it has then.

    Raises NewerDatabase, MigrationLockBusy, or what the database raises.
    """
    with _connected(database_url) as connection, _lock(connection):
        _refuse_newer(connection, migrations)
        with _all_or_nothing(connection):
            command.upgrade(_config(migrations, connection), "head")
    return head(migrations)


def current(database_url: str, migrations: Path) -> tuple[str | None, str]:
    """The revision that the database has, and the newest. Raises NewerDatabase."""
    with _connected(database_url) as connection:
        return _refuse_newer(connection, migrations), head(migrations)


def draft(database_url: str, migrations: Path, message: str) -> Path:
    """Write a draft of the next revision from the difference between rows' classes and the database; its file.

    Revisions are numbered: 0001, 0002, …. Raises alembic's CommandError when the database is not at the newest.
    """
    newest = _scripts(migrations).get_current_head()
    number = f"{int(newest or 0) + 1:04d}"
    with _connected(database_url) as connection:
        command.revision(_config(migrations, connection), message=message, autogenerate=True, rev_id=number)
    return Path(_scripts(migrations).get_revision(number).path)


def head(migrations: Path) -> str:
    """The newest revision of the folder."""
    return str(_scripts(migrations).get_current_head())


def run_environment(metadata: MetaData) -> None:
    """What a service's `migrations/env.py` does: run on the connection that the functions above opened."""
    connection: Connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=metadata,
        compare_type=True,
        render_as_batch=True,
        render_item=_render_column_type,
    )
    with context.begin_transaction():
        context.run_migrations()


def _render_column_type(kind: str, item: object, drafted: AutogenContext) -> str | Literal[False]:
    """A type of `columns` as people write it, imported by its name; Alembic would name its module and not import it."""
    if kind != "type":
        return False
    # BigId is a type of SQLAlchemy's with variants; the others are classes of ours.
    name = "BigId" if item is columns.BigId else type(item).__name__
    if item is not columns.BigId and type(item).__module__ != columns.__name__:
        return False
    drafted.imports.add(f"from {columns.__name__} import {name}")
    return name if item is columns.BigId else repr(item)


def _config(migrations: Path, connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _scripts(migrations: Path) -> ScriptDirectory:
    return ScriptDirectory(str(migrations))


def _refuse_newer(connection: Connection, migrations: Path) -> str | None:
    revision = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in _scripts(migrations).walk_revisions()}
    if revision is not None and revision not in known:
        raise NewerDatabase(f"database is at revision {revision}, which this version does not know")
    return revision


@contextmanager
def _connected(database_url: str) -> Iterator[Connection]:
    engine = open_engine(database_url)
    try:
        with engine.connect() as connection:
            yield connection
            connection.commit()
    finally:
        engine.dispose()


@contextmanager
def _lock(connection: Connection) -> Iterator[None]:
    family = connection.dialect.name
    if family == "sqlite":
        with _file_lock(Path(f"{connection.engine.url.database}.migrating")):
            yield
    elif family == "postgresql":
        connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT_SECONDS}s'"))
        connection.execute(text("SELECT pg_advisory_lock(hashtext('signet.migrations'))"))
        connection.commit()
        try:
            yield
        finally:
            connection.rollback()
            connection.execute(text("SELECT pg_advisory_unlock(hashtext('signet.migrations'))"))
    else:
        name = {"name": f"signet.migrations.{connection.engine.url.database}"[:64], "wait": LOCK_TIMEOUT_SECONDS}
        if connection.execute(text("SELECT GET_LOCK(:name, :wait)"), name).scalar() != 1:
            raise MigrationLockBusy("another process is migrating this database")
        try:
            yield
        finally:
            connection.execute(text("SELECT RELEASE_LOCK(:name)"), name)


@contextmanager
def _all_or_nothing(connection: Connection) -> Iterator[None]:
    """SQLite can undo a half-made migration, but its engine here opens no transactions by itself.

    Elsewhere the look at the revision has opened one, which Alembic then leaves to its owner to commit.
    """
    if connection.dialect.name != "sqlite":
        yield
        connection.commit()
        return
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.exec_driver_sql("ROLLBACK")
        raise
    connection.exec_driver_sql("COMMIT")


@contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
