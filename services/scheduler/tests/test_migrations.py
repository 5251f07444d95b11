"""The migrations and the row classes say the same, on every engine."""

from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect

from signet_common.sql.administration import migrations_folder
from signet_common.sql.engines import open_engine
from signet_common.sql.migrations import head, upgrade
from signet_scheduler import __file__ as package_file
from signet_scheduler.adapters.outbound.tables import Row

FOLDER = migrations_folder(package_file)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    upgrade(database_url, FOLDER)
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


def test_a_migrated_database_is_what_the_code_expects(engine: Engine) -> None:
    """A column that one of the two forgot fails in production only."""
    with engine.connect() as connection:
        found = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(found, Row.metadata) == []


def test_migrating_twice_changes_nothing(engine: Engine, database_url: str) -> None:
    """Every start may try."""
    assert upgrade(database_url, FOLDER) == head(FOLDER)


def test_every_table_and_column_explains_itself(engine: Engine) -> None:
    """Whoever looks at the database of somebody else's service reads the comments; SQLite keeps none."""
    if engine.dialect.name == "sqlite":
        tables = Row.metadata.sorted_tables
        assert all(table.comment and all(column.comment for column in table.columns) for table in tables)
        return
    inspector = inspect(engine)
    for table in Row.metadata.tables:
        assert inspector.get_table_comment(table)["text"]
        assert all(column["comment"] for column in inspector.get_columns(table))
