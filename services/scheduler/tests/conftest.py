"""Rows of runs on each engine, and on SQLite alone."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from services.scheduler.tests.runs.house import House

from signet_common.sql.administration import migrations_folder
from signet_common.sql.database import Database
from signet_common.sql.migrations import upgrade
from signet_scheduler import __file__ as package_file


@contextmanager
def house_at(url: str) -> Iterator[House]:
    upgrade(url, migrations_folder(package_file))
    database = Database.open(url, grouped=False)
    yield House(database)
    database.close()


@pytest.fixture
def house(tmp_path) -> Iterator[House]:
    """On SQLite."""
    with house_at(f"sqlite:///{tmp_path / 'scheduler.sqlite3'}") as house:
        yield house


@pytest.fixture
def any_house(database_url: str) -> Iterator[House]:
    """On every engine."""
    with house_at(database_url) as house:
        yield house
