"""An id that was audited, or that something is bound to, never names something else."""

import sqlite3
from contextlib import closing
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

from signet_common.sql.administration import migrations_folder
from signet_common.sql.migrations import upgrade


def metadata_of(tables: ModuleType) -> MetaData:
    """Of the one root that the rows of a service have."""
    (root,) = [each for each in vars(tables).values() if isinstance(each, type) and DeclarativeBase in each.__bases__]
    metadata: MetaData = root.metadata
    return metadata


@pytest.mark.parametrize("service", ["identity", "resources", "files", "audit", "scheduler"])
def test_sqlite_never_numbers_two_rows_alike(service: str, tmp_path: Path) -> None:
    """A migration that makes a table anew, as changes on SQLite do, easily forgets AUTOINCREMENT.

    Then the highest id is given again once its row is gone.
    """
    file = tmp_path / "migrated.sqlite3"
    upgrade(f"sqlite:///{file}", migrations_folder(str(import_module(f"signet_{service}").__file__)))
    metadata = metadata_of(import_module(f"signet_{service}.adapters.outbound.tables"))
    with closing(sqlite3.connect(file)) as connection:
        made = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
    numbered = {name for name, table in metadata.tables.items() if table.autoincrement_column is not None}
    assert numbered
    assert {name for name in numbered if "AUTOINCREMENT" not in made[name]} == set()
