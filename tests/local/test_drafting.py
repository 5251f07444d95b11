"""A drafted migration is for review, not for laying out by hand."""

import subprocess
import sys
from pathlib import Path

import pytest
from deploy.local.drafting import tidy
from deploy.local.layout import ROOT

from signet_common.sql.migrations import draft

ENVIRONMENT = """
from sqlalchemy import Column, MetaData, String, Table

from signet_common.sql.columns import BigId, BinaryText, UtcDateTime
from signet_common.sql.migrations import run_environment

metadata = MetaData()
columns = [Column("name", BinaryText(15), nullable=False, comment="a name"), Column("made_at", UtcDateTime)]
{tables}
run_environment(metadata)
"""
TABLES = 'Table("things", metadata, Column("thing_id", BigId, primary_key=True), *columns, comment="things")'


@pytest.mark.parametrize("tables", [TABLES, ""])
def test_a_draft_passes_the_checks_of_the_house(tmp_path: Path, tables: str) -> None:
    """Checked as if it lay among the migrations of a service; an empty draft has to pass as well."""
    folder = tmp_path / "migrations"
    (folder / "versions").mkdir(parents=True)
    (folder / "script.py.mako").write_text((ROOT / "services/resources/migrations/script.py.mako").read_text())
    (folder / "env.py").write_text(ENVIRONMENT.format(tables=tables))
    drafted = draft(f"sqlite:///{tmp_path}/things.sqlite3", folder, "things")

    tidy(drafted)

    name = f"services/resources/migrations/versions/{drafted.name}"
    for verb in (("check",), ("format", "--check")):
        checked = subprocess.run(
            [Path(sys.executable).with_name("ruff"), *verb, "--stdin-filename", name, "-"],
            cwd=ROOT, input=drafted.read_bytes(), capture_output=True, check=False,
        )  # fmt: skip
        assert checked.returncode == 0, checked.stdout.decode()
