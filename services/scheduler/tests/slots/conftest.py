"""A migrated database on each engine, and planners on it."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from services.scheduler.tests.slots.planning import Planner

from signet_common.sql.administration import migrations_folder
from signet_common.sql.database import Database
from signet_common.sql.migrations import upgrade
from signet_scheduler import __file__ as package_file


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite database, to be copied: migrating anew takes longer than most tests."""
    path = tmp_path_factory.mktemp("migrated") / "scheduler.sqlite3"
    upgrade(f"sqlite:///{path}", migrations_folder(package_file))
    return path


@pytest.fixture
def planners(migrated_file: Path, database_url: str) -> Iterator[Callable[[], Planner]]:
    """Makes replicas on one database, each with connections of its own, and one clock for all."""
    if database_url.startswith("sqlite:///"):
        shutil.copyfile(migrated_file, database_url.removeprefix("sqlite:///"))
    else:
        upgrade(database_url, migrations_folder(package_file))
    made: list[Planner] = []

    def make() -> Planner:
        planner = Planner(Database.open(database_url, grouped=False))
        if made:
            planner.time = made[0].time
        made.append(planner)
        return planner

    yield make
    for planner in made:
        planner.database.close()


@pytest.fixture
def any_planner(planners: Callable[[], Planner]) -> Planner:
    """On each engine."""
    return planners()


@pytest.fixture
def planner(migrated_file: Path, tmp_path: Path) -> Iterator[Planner]:
    """Where the engine does not matter."""
    shutil.copyfile(migrated_file, tmp_path / "scheduler.sqlite3")
    planner = Planner(Database.open(f"sqlite:///{tmp_path / 'scheduler.sqlite3'}", grouped=False))
    yield planner
    planner.database.close()
