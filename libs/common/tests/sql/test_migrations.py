"""Drafting a migration: what the difference between row classes and database becomes must run as it is."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import inspect

from signet_common.sql.engines import open_engine
from signet_common.sql.migrations import current, draft, upgrade

SERVICES = Path(__file__).parents[4] / "services"
TABLES = """
from sqlalchemy import Column, MetaData, String, Table

from signet_common.sql.columns import BigId, BinaryText, LongText, UtcDateTime
from signet_common.sql.migrations import run_environment

metadata = MetaData()
things = Table("things", metadata, Column("thing_id", BigId, primary_key=True), Column("label", String(5)))
"""
MORE_COLUMNS = """
things.append_column(Column("name", BinaryText(15)))
things.append_column(Column("made_at", UtcDateTime))
things.append_column(Column("body", LongText))
things.append_column(Column("owner", BigId))
"""
RUN = "run_environment(metadata)\n"


@pytest.fixture(params=["identity", "resources", "audit"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """An empty history with the template of each service in turn."""
    made = tmp_path / "migrations"
    (made / "versions").mkdir(parents=True)
    shutil.copy(SERVICES / request.param / "migrations" / "script.py.mako", made)
    return made


def test_what_is_drafted_brings_the_database_up_to_the_tables(folder: Path, tmp_path: Path) -> None:
    """Alembic names the types of other packages by their module and does not import it: such a draft cannot run."""
    url = f"sqlite:///{tmp_path}/things.sqlite3"
    environment = folder / "env.py"
    environment.write_text(TABLES + RUN)
    first = draft(url, folder, "things")
    assert upgrade(url, folder) == "0001"

    environment.write_text(TABLES + MORE_COLUMNS + RUN)
    second = draft(url, folder, "more columns")
    assert upgrade(url, folder) == "0002"

    assert [path.name for path in (first, second)] == ["0001_things.py", "0002_more_columns.py"]
    assert current(url, folder) == ("0002", "0002")
    engine = open_engine(url)
    columns = [column["name"] for column in inspect(engine).get_columns("things")]
    engine.dispose()
    assert columns == ["thing_id", "label", "name", "made_at", "body", "owner"]


def test_a_draft_names_the_types_as_people_write_them(folder: Path, tmp_path: Path) -> None:
    """The variants for each engine stay in one place, which a migration imports."""
    (folder / "env.py").write_text(TABLES + MORE_COLUMNS + RUN)
    text = draft(f"sqlite:///{tmp_path}/things.sqlite3", folder, "things").read_text()
    for column in (
        "'thing_id', BigId,",
        "'name', BinaryText(length=15),",
        "'made_at', UtcDateTime(),",
        "'body', LongText(),",
    ):
        assert column in text
    assert "with_variant" not in text
