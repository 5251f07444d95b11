"""The commands for users, roles, sessions, access and one's own account: what they send, and what they keep quiet."""

from typing import Any

import pytest

USER = {"user_id": 7, "user_name": "ada", "user_state": "active", "roles": ["user"], "email": "ada@example.org"}
ROLE = {
    "role_id": 5,
    "role_name": "reader",
    "description": "Reads",
    "permissions": [{"name": "demo:query", "scope": "any"}],
    "version": 2,
}
KEY = {"api_key_id": 3, "api_key": "ak_7Q2mJ0vS4kXn8bTz", "key_name": "laptop", "permissions": ["demo:query"]}
SESSION = {"session_id": 9, "user_id": 7, "expires_at": "2036-01-01T12:00:00Z", "client_ip": "192.0.2.1"}
OLD, NEW = "the old password 1", "the new password 2"


def sent(gateway: Any) -> tuple[str, str, object]:
    received = gateway.received[-1]
    return received.method, received.target, received.json if received.body else None


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("users", "get"), ("GET", "/api/v1/users/me", None)),
        (("users", "get", "7"), ("GET", "/api/v1/users/7", None)),
        (
            ("users", "update", "me", "--display-name", "Ada"),
            ("PATCH", "/api/v1/users/me", {"display_name": "Ada"}),
        ),
        (
            ("users", "update", "7", "--state", "inactive", "--clear", "email", "--role", "user"),
            ("PATCH", "/api/v1/users/7", {"user_state": "inactive", "roles": ["user"], "email": None}),
        ),
    ],
)
def test_users_are_shown_and_changed(
    signet: Any, gateway: Any, arguments: tuple[str, ...], expected: tuple[str, str, object]
) -> None:
    gateway.reply(USER)
    result = signet(*arguments)
    assert result.exit_code == 0, result.output
    assert "ada@example.org" in result.stdout
    assert sent(gateway) == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("users", "delete", "7", "--if-match", "3"), ("DELETE", "/api/v1/users/7", None)),
        (("roles", "delete", "5"), ("DELETE", "/api/v1/roles/5", None)),
        (("sessions", "end", "9"), ("DELETE", "/api/v1/sessions/9", None)),
        (("sessions", "end-all"), ("DELETE", "/api/v1/sessions", None)),
        (("sessions", "end-all", "--user-id", "7"), ("DELETE", "/api/v1/sessions?user_id=7", None)),
        (("email", "request"), ("POST", "/api/v1/users/me/email-confirmations", None)),
    ],
)
def test_what_has_no_answer_is_confirmed_on_standard_error(
    signet: Any, gateway: Any, arguments: tuple[str, ...], expected: tuple[str, str, object]
) -> None:
    gateway.reply(None)
    result = signet(*arguments)
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    assert result.stderr
    assert sent(gateway) == expected


def test_a_version_that_is_named_travels_as_if_match(signet: Any, gateway: Any) -> None:
    gateway.reply(None)
    assert signet("users", "delete", "7", "--if-match", "3").exit_code == 0
    assert gateway.received[-1].headers["if-match"] == '"3"'


@pytest.mark.parametrize(
    "arguments",
    [
        ("users", "update", "7"),
        ("users", "update", "7", "--clear", "user_name"),
        ("users", "update", "7", "--clear", "email", "--email", "a@b.c"),
        ("users", "get", "seven"),
        ("roles", "update", "5"),
        ("keys", "update", "3"),
        ("keys", "update", "3", "--all-permissions", "--permission", "demo:query"),
        ("roles", "create", "reader", "--permission", "demo"),
        ("roles", "create", "reader", "--permission", "demo:query:all"),
    ],
)
def test_bad_usage_sends_nothing(signet: Any, gateway: Any, arguments: tuple[str, ...]) -> None:
    result = signet(*arguments)
    assert result.exit_code == 2, result.output
    assert gateway.received == []


def test_a_role_is_created_from_permissions_with_and_without_scope(signet: Any, gateway: Any) -> None:
    """What is not said to reach everybody's rows reaches the holder's own."""
    gateway.reply(ROLE)
    result = signet("roles", "create", "reader", "--permission", "demo:query:any", "--permission", "demo:create")
    assert result.exit_code == 0, result.output
    assert sent(gateway)[2] == {
        "role_name": "reader",
        "permissions": [
            {"permission": "demo:query", "scope": "any"},
            {"permission": "demo:create", "scope": "own"},
        ],
    }
    assert "demo:query:any" in result.stdout


def test_a_key_is_created_with_a_name_and_limits(signet: Any, gateway: Any) -> None:
    gateway.reply(KEY | {"secret": "shown-once"})
    result = signet("keys", "create", "--name", "laptop", "--permission", "demo:query")
    assert result.exit_code == 0, result.output
    assert sent(gateway)[2] == {"key_name": "laptop", "permissions": ["demo:query"]}
    assert "shown-once" in result.stdout


def test_the_limits_of_a_key_are_changed_and_lifted(signet: Any, gateway: Any) -> None:
    gateway.reply(KEY)
    assert signet("keys", "update", "3", "--permission", "demo:query").exit_code == 0
    assert sent(gateway) == ("PATCH", "/api/v1/api-keys/3", {"permissions": ["demo:query"]})
    gateway.reply(KEY)
    assert signet("keys", "update", "3", "--all-permissions").exit_code == 0
    assert sent(gateway)[2] == {"permissions": None}


def test_roles_and_sessions_are_listed(signet: Any, gateway: Any) -> None:
    gateway.reply({"roles": [ROLE], "page": 1, "per_page": 20, "has_more": False})
    assert "demo:query:any" in signet("roles", "list").stdout
    gateway.reply({"sessions": [SESSION], "page": 1, "per_page": 20, "has_more": False})
    assert "192.0.2.1" in signet("sessions", "list", "--user-id", "7").stdout
    assert sent(gateway)[1] == "/api/v1/sessions?user_id=7&page=1&per_page=20"


def test_an_explanation_shows_its_steps(signet: Any, gateway: Any) -> None:
    steps = [{"rule": "role", "outcome": "grants", "detail": "user"}]
    gateway.reply({"allowed": True, "scope": "own", "steps": steps})
    result = signet("access", "explain", "demo:create", "--user-id", "7")
    assert result.exit_code == 0, result.output
    assert "grants" in result.stdout
    assert "own" in result.stderr
    assert sent(gateway)[1] == "/api/v1/access/explain?permission=demo%3Acreate&user_id=7"


def test_passwords_are_changed_from_standard_input_and_never_shown(signet: Any, gateway: Any) -> None:
    gateway.reply(None)
    result = signet("password", "change", stdin=f"{OLD}\n{NEW}\n")
    assert result.exit_code == 0, result.output
    assert sent(gateway) == ("POST", "/api/v1/users/me/password", {"old_password": OLD, "new_password": NEW})
    assert OLD not in result.output
    assert NEW not in result.output


@pytest.mark.parametrize("change", [("--phone", "123"), ("--email", "a@example.org"), ("--clear", "email")])
def test_another_login_of_ones_own_takes_the_password(signet: Any, gateway: Any, change: tuple[str, str]) -> None:
    gateway.reply(USER)
    result = signet("users", "update", "me", *change, stdin=f"{OLD}\n")
    assert result.exit_code == 0, result.output
    method, target, body = sent(gateway)
    assert (method, target, body["old_password"]) == ("PATCH", "/api/v1/users/me", OLD)
    assert OLD not in result.output
    assert signet("users", "update", "me", *change, stdin="").exit_code == 2


def test_a_forgotten_password_is_reset_without_a_credential(signet: Any, gateway: Any) -> None:
    gateway.public |= {("POST", "/api/v1/password-resets"), ("POST", "/api/v1/password-resets/complete")}
    for name in ("SIGNET_API_KEY", "SIGNET_SECRET"):
        signet.environment[name] = None
    assert signet("password", "forgot", "ada").exit_code == 0
    assert sent(gateway)[2] == {"login": "ada"}
    result = signet("password", "reset", stdin=f"the-token\n{NEW}\n")
    assert result.exit_code == 0, result.output
    assert sent(gateway)[2] == {"token": "the-token", "new_password": NEW}
    assert "x-sign" not in gateway.received[-1].headers


def test_an_address_is_confirmed_by_the_token_of_its_mail(signet: Any, gateway: Any) -> None:
    gateway.public.add(("POST", "/api/v1/email-confirmations"))
    result = signet("email", "confirm", stdin="the-token\n")
    assert result.exit_code == 0, result.output
    assert sent(gateway) == ("POST", "/api/v1/email-confirmations", {"token": "the-token"})
