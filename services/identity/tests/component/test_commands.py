"""`signet-identity` as a deployment types it: every mistake is one line and a code."""

import json
import stat
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from signet_identity.bootstrap.commands import keyring_rotation
from signet_identity.entrypoints.admin import app


@pytest.fixture
def home(tmp_path, template, monkeypatch):
    """A folder and the environment of a deployment."""
    monkeypatch.setenv("IDENTITY_DATABASE_URL", f"sqlite:///{tmp_path}/identity.sqlite3")
    monkeypatch.setenv("IDENTITY_BUS_URL", f"sqlite:{tmp_path}/bus.sqlite3")
    monkeypatch.setenv("IDENTITY_KEYRING", str(tmp_path / "keyring.json"))
    monkeypatch.setenv("IDENTITY_CONTRACTS_DIR", str(template / "contracts"))
    return tmp_path


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.output


def test_an_installation_from_nothing(home):
    """Keyring, migration, first run; once more changes nothing."""
    first_run = home / "first-run.json"
    furnish = ["first-run", "--url", "http://127.0.0.1:8080", "--out", first_run]
    assert run("keyring", "create")[0] == 0
    assert stat.S_IMODE((home / "keyring.json").stat().st_mode) == 0o600
    assert run("db", "upgrade")[0] == 0
    code, output = run(*furnish)
    document = json.loads(first_run.read_text())
    assert code == 0
    assert document["password"] not in output
    assert document["secret"] not in output
    assert run(*furnish) == (0, "identity: there is an administrator\n")
    assert json.loads(first_run.read_text()) == document


def test_a_keyring_is_never_overwritten(home):
    """Everything that lies under it would be lost."""
    out = home / "other.json"
    assert run("keyring", "create", "--out", out)[0] == 0
    code, output = run("keyring", "create", "--out", out)
    assert (code, output.count("\n")) == (1, 1)
    assert "other.json" in output


def test_a_first_run_without_tables_says_so_in_one_line(home):
    """Somebody forgot `db upgrade`."""
    run("keyring", "create")
    code, output = run("first-run", "--url", "http://x", "--out", home / "first-run.json")
    assert (code, output.count("\n")) == (1, 1)
    assert not (home / "first-run.json").exists()


def test_a_first_run_without_keyring_names_it(home):
    """Secrets have nothing to lie under."""
    run("db", "upgrade")
    code, output = run("first-run", "--url", "http://x", "--out", home / "first-run.json")
    assert (code, output.count("\n")) == (1, 1)
    assert "keyring.json" in output


def test_the_contract_names_every_operation_and_no_internal_one():
    """What the gateway routes is in the contract; grants are not."""
    code, output = run("openapi")
    assert code == 0
    assert "/api/v1/users/{user_id}:" in output
    assert "internal" not in output


def test_every_event_that_is_told_is_declared(sqlite_api):
    """Consumers read the declarations, not this code."""
    declared = {f"{event['resource']}.{event['operation']}" for event in json.loads(run("events")[1])}
    sqlite_api.user("ada", "user", password="correct horse battery", email="ada@example.org")
    sqlite_api.call("PATCH", "/api/v1/users/2", {"phone": "12345"})
    sqlite_api.call("POST", "/api/v1/users/me/email-confirmations", user_id=2)
    sqlite_api.call("POST", "/api/v1/password-resets", {"login": "ada"})
    reset = {"token": sqlite_api.mails()[-1]["values"]["token"], "new_password": "correct horse battery"}
    sqlite_api.call("POST", "/api/v1/password-resets/complete", reset)
    session = sqlite_api.data("POST", "/api/v1/sessions", {"login": "ada", "password": "correct horse battery"})
    sqlite_api.call("POST", "/api/v1/sessions", {"login": "ada", "password": "wrong"})
    sqlite_api.call("DELETE", "/api/v1/sessions/current", credential_id=f"session/{session['session_id']}")
    sqlite_api.call("DELETE", "/api/v1/users/2")
    role = sqlite_api.data("POST", "/api/v1/roles", {"role_name": "reader"})["role_id"]
    sqlite_api.data("PATCH", f"/api/v1/roles/{role}", {"description": "Reads"})
    sqlite_api.data("DELETE", f"/api/v1/roles/{role}")
    sqlite_api.data("PATCH", "/api/v1/api-keys/1", {"key_name": "the first"})
    for target in ("users", "roles", "api-keys", "sessions", "access/explain?permission=demo:create"):
        sqlite_api.data("GET", f"/api/v1/{target}")
    refused = dict.fromkeys(("reason", "credential", "client_ip", "operation", "request_id", "method", "target"), "x")
    refused |= {"return_code": 401006, "proven": False, "count": 1, "user_id": None}
    refused |= dict.fromkeys(("since", "until"), "2026-01-01T00:00:00+00:00")
    service = {"authentication": "service", "user_id": None, "permission": "", "scope": "", "credential_id": ""}
    sqlite_api.data("POST", "/internal/refusals", {"refusals": [refused]}, **service)
    an_hour_ago = lambda: datetime.now(UTC) - timedelta(hours=1)  # noqa: E731
    keyring_rotation(sqlite_api.settings, "keyring rotate", clock=an_hour_ago).rotate(print)
    keyring_rotation(sqlite_api.settings, "keyring retire").retire("k1", print)
    sqlite_api.data("DELETE", "/api/v1/api-keys/1")
    assert {event["type"].split(".", 2)[2][:-3] for event in sqlite_api.events()} == declared
