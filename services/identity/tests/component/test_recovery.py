"""The verbs for the day when the last password is lost."""

import pytest
from typer.testing import CliRunner

from signet_identity.entrypoints.admin import app

PASSWORD = "an unheard-of pass phrase"
USER = "/api/v1/users/1"


@pytest.fixture
def verb(sqlite_api, monkeypatch):
    """Types a verb on the machine of a deployment."""
    for name in ("database_url", "bus_url", "keyring", "contracts_dir"):
        monkeypatch.setenv(f"IDENTITY_{name.upper()}", str(getattr(sqlite_api.settings, name)))

    def run(*arguments: str, typed: str = "") -> tuple[int, str]:
        result = CliRunner().invoke(app, ["user", *arguments], input=typed)
        return result.exit_code, result.output

    return run


def test_a_lost_password_is_replaced_and_every_session_ends(sqlite_api, verb):
    """Whoever had a session with the old one is out; the event says that the deployment did it, and not what."""
    first = {"login": "admin", "password": sqlite_api.first["password"]}
    token = sqlite_api.data("POST", "/api/v1/sessions", first)["token"]
    code, output = verb("set-password", "admin", typed=f"{PASSWORD}\n")
    assert code == 0
    assert PASSWORD not in output
    assert sqlite_api.data("POST", "/internal/grants", {"kind": "token", "credential": token}) is None
    assert sqlite_api.data("POST", "/api/v1/sessions", {"login": "admin", "password": PASSWORD})["user_id"] == 1
    event = sqlite_api.events("user.update")[-1]
    assert (event["data"]["actor"]["user_name"], event["data"]["actor"]["user_id"]) == ("deployment", None)
    assert PASSWORD not in str(event)


def test_an_administrator_is_made_of_somebody_else(sqlite_api, verb):
    """Where the last one left without a word."""
    sqlite_api.user("ada", "user")
    sqlite_api.data("PATCH", "/api/v1/users/2", {"user_state": "inactive"})
    assert verb("activate", "ada") == (0, "identity: ada is active\n")
    assert verb("grant-role", "ada", "administrator") == (0, "identity: ada has the roles administrator, user\n")
    assert sqlite_api.data("GET", "/api/v1/users/2")["roles"] == ["administrator", "user"]


@pytest.mark.parametrize(
    ("arguments", "typed", "named"),
    [
        (("set-password", "nobody"), f"{PASSWORD}\n", "nobody"),
        (("set-password", "admin"), "short\n", "password"),
        (("set-password", "admin"), "", "password"),
        (("activate", "nobody"), "", "nobody"),
        (("grant-role", "admin", "emperor"), "", "emperor"),
    ],
)
def test_a_refusal_is_one_line(verb, arguments, typed, named):
    """No traceback, and nothing of what was typed."""
    code, output = verb(*arguments, typed=typed)
    assert (code, output.count("\n")) == (1, 1)
    assert named in output
