"""The migrations and the row classes say the same, on every engine."""

from datetime import UTC, datetime

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import column as sql_column
from sqlalchemy import inspect, select, text
from sqlalchemy import table as sql_table

import signet_identity
from signet_common.sql.administration import migrations_folder
from signet_common.sql.engines import open_engine
from signet_common.sql.migrations import head, upgrade
from signet_identity.adapters.outbound.tables import ROLES, USERS, Tables

FOLDER = migrations_folder(signet_identity.__file__)


@pytest.fixture
def engine(database_url):
    upgrade(database_url, FOLDER)
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


def test_a_migrated_database_is_what_the_code_expects(engine):
    """A column that one of the two forgot fails in production only."""
    with engine.connect() as connection:
        found = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(found, Tables.metadata) == []


def test_migrating_twice_changes_nothing(engine, database_url):
    """Every start may try."""
    assert upgrade(database_url, FOLDER) == head(FOLDER)


def test_every_table_and_column_explains_itself(engine):
    """Whoever looks at the database of somebody else's service reads the comments; SQLite keeps none."""
    if engine.dialect.name == "sqlite":
        tables = Tables.metadata.sorted_tables
        assert all(table.comment and all(column.comment for column in table.columns) for table in tables)
        return
    inspector = inspect(engine)
    for table in Tables.metadata.tables:
        assert inspector.get_table_comment(table)["text"]
        assert all(column["comment"] for column in inspector.get_columns(table))


def test_what_was_there_before_stays_usable(database_url):
    """A column that rows must fill gets something true for rows that were there first."""
    engine = open_engine(database_url)
    with engine.connect() as connection:
        config = Config()
        config.set_main_option("script_location", str(FOLDER))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(text("INSERT INTO roles (role_name, description) VALUES ('clerk', 'writes')"))
        connection.commit()
    before = datetime.now(UTC)
    upgrade(database_url, FOLDER)
    with engine.connect() as connection:
        role = connection.execute(select(ROLES)).one()
    engine.dispose()
    assert (role.role_name, role.version, role.created_by) == ("clerk", 1, None)
    assert role.created_at == role.updated_at >= before


def test_names_that_are_alike_already_stay_usable(database_url):
    """The older account keeps the name to itself; the other one is not touched."""
    engine = open_engine(database_url)
    with engine.connect() as connection:
        config = Config()
        config.set_main_option("script_location", str(FOLDER))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.upgrade(config, "0005")
        names = [{"user_name": name} for name in ("Ada", "ada", "bob")]
        values = {
            "user_state": "active",
            "version": 1,
            "created_at": datetime.now(UTC),
            "updated_at": datetime.now(UTC),
        }
        columns = ("user_name", *values)
        users = sql_table("users", *(sql_column(name, USERS.c[name].type) for name in columns))
        connection.execute(users.insert(), [name | values for name in names])
        connection.commit()
    upgrade(database_url, FOLDER)
    with engine.connect() as connection:
        found = connection.execute(select(USERS.c.user_name, USERS.c.user_name_key).order_by(USERS.c.user_id)).all()
    engine.dispose()
    assert [tuple(row) for row in found] == [("Ada", "ada"), ("ada", None), ("bob", "bob")]
