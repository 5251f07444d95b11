"""A service is named in files that no code can derive; here each of them is compared with the folders of services/."""

import json
import re
import tomllib
from collections.abc import Iterable
from configparser import ConfigParser, RawConfigParser

import pytest
from deploy.local.layout import ROOT
from deploy.local.options import SERVICES, STATEFUL

from signet_scheduler.application.shipped_jobs import PURGES
from signet_testing.broker_users import DEFINITIONS

FOLDERS = {project.parent.name for project in ROOT.glob("services/*/pyproject.toml")}


@pytest.fixture(scope="module")
def rules() -> ConfigParser:
    parser = ConfigParser(interpolation=None)
    parser.read(ROOT / ".importlinter")
    return parser


def named(text: str) -> set[str]:
    """The services whose packages a text names."""
    return set(re.findall(r"\bsignet_(\w+)", text)) - {"common", "fastdfs", "protocol"}


def services_in(names: Iterable[str], prefix: str) -> set[str]:
    return {name.removeprefix(prefix) for name in names if name.removeprefix(prefix) in FOLDERS}


def test_a_service_with_migrations_has_a_database_and_a_background_process() -> None:
    """`make run` and `make migrate` ask nobody else."""
    assert set(SERVICES) == FOLDERS
    assert {service for service in FOLDERS if (ROOT / "services" / service / "migrations").is_dir()} == set(STATEFUL)


def test_the_workspace_installs_and_types_every_service() -> None:
    """One that is left out is found by nobody until production."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    tool = project["tool"]
    assert services_in(project["dependency-groups"]["dev"], "signet-") == FOLDERS
    assert services_in(tool["uv"]["sources"], "signet-") == FOLDERS
    assert {f"services/{service}/src" for service in FOLDERS} <= set(tool["mypy"]["mypy_path"])


@pytest.mark.parametrize(
    ("contract", "key"),
    [("services", "containers"), ("apart", "modules"), ("libraries", "layers"), ("pure", "source_modules")],
)
def test_every_service_is_held_to_the_rules_of_the_house(rules: ConfigParser, contract: str, key: str) -> None:
    """A service that no contract names may import whatever it likes."""
    assert named(rules[f"importlinter:contract:{contract}"][key]) == FOLDERS
    assert named(rules["importlinter"]["root_packages"]) == FOLDERS


def test_no_background_process_loads_what_only_views_need(rules: ConfigParser) -> None:
    """Each of them runs all day; pydantic alone would cost it 17 MB. The scheduler's checks the arguments of jobs."""
    light = set(rules["importlinter:contract:light"]["source_modules"].split())
    assert {f"signet_{service}.bootstrap.background" for service in STATEFUL if service != "scheduler"} <= light


def test_both_adapters_of_every_service_are_held_apart(rules: ConfigParser) -> None:
    """Both sides have to be named, or there is nothing to compare."""
    sides = set(rules["importlinter:contract:adapters"]["modules"].split())
    assert sides == {f"signet_{service}.adapters.{side}" for service in FOLDERS for side in ("inbound", "outbound")}


def test_supervisor_runs_every_service() -> None:
    """The template of production names every process."""
    template = RawConfigParser()
    template.read(ROOT / "deploy" / "supervisor" / "signet.conf")
    webs = {f"program:{service}-web" for service in FOLDERS}
    backgrounds = {f"program:{service}-background" for service in STATEFUL}
    assert set(template.sections()) == webs | backgrounds | {"program:scheduler-worker"}


def test_the_scheduler_has_every_service_erase_what_is_over() -> None:
    """One that is not asked falls back on its own loop, and nobody sees in the runs that it did."""
    assert set(PURGES) == set(STATEFUL)


def test_the_broker_has_a_user_with_rights_for_every_service() -> None:
    """Without one a service cannot publish, and its outbox grows."""
    definitions = json.loads(DEFINITIONS.read_text())
    assert services_in((user["name"] for user in definitions["users"]), "signet-") == FOLDERS
    for rights in ("permissions", "topic_permissions"):
        assert services_in((right["user"] for right in definitions[rights]), "signet-") == FOLDERS
    hashes = {user["name"]: user["password_hash"] for user in definitions["users"]}
    assert hashes == {f"signet-{service}": f"@{service.upper()}_PASSWORD_HASH@" for service in FOLDERS}
    guide = (DEFINITIONS.parent / "README.md").read_text()
    assert {marker.lower() for marker in re.findall(r"s\|@(\w+)_PASSWORD_HASH@\|", guide)} == FOLDERS
