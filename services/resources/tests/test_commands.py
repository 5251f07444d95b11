"""`signet-resources` as operators call it."""

import json
from pathlib import Path

import pytest
import yaml
from click.testing import Result
from typer.testing import CliRunner

from signet_common.sql.administration import OUT_OF_DATE, migrations_folder
from signet_common.sql.migrations import head
from signet_resources import __file__ as package_file
from signet_resources.domain.demos import CLIENT_FIELDS
from signet_resources.entrypoints.admin import app

NEWEST = head(migrations_folder(package_file))


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        "RESOURCES_DATABASE_URL": f"sqlite:///{tmp_path}/resources.sqlite3",
        "RESOURCES_BUS_URL": f"sqlite:{tmp_path}/bus.sqlite3",
    }


def call(environment: dict[str, str], *arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), env=environment)


def test_a_new_database_is_out_of_date_until_it_is_upgraded(environment: dict[str, str]) -> None:
    """Deployments decide by the exit code whether to migrate."""
    before = call(environment, "db", "check")
    assert (before.exit_code, f"the newest is {NEWEST}" in before.stdout) == (OUT_OF_DATE, True)
    upgraded = call(environment, "db", "upgrade")
    assert (upgraded.exit_code, upgraded.stdout) == (0, f"resources: database is at revision {NEWEST}\n")
    assert call(environment, "db", "check").exit_code == 0


def test_a_draft_against_an_old_database_is_refused_in_one_line(environment: dict[str, str]) -> None:
    """What the database lacks would be drafted a second time."""
    refused = call(environment, "db", "migrate", "anything")
    assert (refused.exit_code, refused.stderr.count("\n")) == (1, 1)
    assert refused.stderr.startswith("resources: ")


def test_the_contracts_are_printed_without_any_setting() -> None:
    """Builds write them where no database is."""
    document = yaml.safe_load(call({}, "openapi").stdout)
    assert "/api/v1/demos" in document["paths"]
    told = json.loads(call({}, "events").stdout)
    demos = {event["operation"]: event for event in told if event["resource"] == "demo"}
    assert set(demos) == {"insert", "update", "delete", "query"}
    assert set(demos["insert"]["changes"]) == set(CLIENT_FIELDS)
