"""What identity refuses by itself, whatever the gateway did."""

import pytest

PASSWORD = "correct horse battery"
SESSION = {"login": "admin", "password": PASSWORD}
GRANT = {"kind": "api_key", "credential": "ak_x"}


@pytest.mark.parametrize("path", ["/api/v1/users", "/api/v1/sessions", "/internal/grants", "/nowhere", "/"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_nothing_is_answered_without_a_passport(shared_api, method, path):
    """A direct call learns nothing, not even which paths exist; forged identity headers change nothing."""
    forged = {"X-User-Id": "1", "X-Forwarded-User": "admin", "X-Passport": "e30.e30.e30"}
    for headers in ({}, forged):
        answer = shared_api.client.open(path, method=method, headers=headers)
        assert (answer.status_code, answer.json["return_code"]) == (401, 401016)


def test_health_needs_no_passport(shared_api):
    """Whoever supervises the process has none."""
    assert shared_api.client.get("/healthz").json == {"status": "alive"}
    assert shared_api.client.get("/readyz").json["checks"]["database"]["status"] == "ok"


@pytest.mark.parametrize(
    "claims",
    [
        {"permission": "user:create"},
        {"permission": ""},
        {"scope": ""},
        {"user_id": None},
        {"issuer": "scheduler"},
        {"target": "/api/v1/users?page=2"},
        {"method": "POST"},
        {"body_sha256": "0" * 64},
    ],
)
def test_a_passport_for_anything_else_is_refused(shared_api, claims):
    """Another permission, request, body or service: each is somebody trying."""
    assert shared_api.code("GET", "/api/v1/users", **claims) == 401016


@pytest.mark.parametrize("claims", [{"issuer": "scheduler"}, {"authentication": "api_key", "user_id": 1}])
def test_grants_are_for_the_gateway_itself(shared_api, claims):
    """A grant holds signing keys: no other service, and no user through the gateway, may have one."""
    assert shared_api.code("POST", "/internal/grants", GRANT, **claims) == 401016


def test_sign_in_takes_the_gateway_alone(shared_api):
    """Only the gateway counts attempts."""
    assert shared_api.code("POST", "/api/v1/sessions", SESSION, issuer="scheduler") == 401016


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/api/v1/users", {}, "user_name"),
        ("/api/v1/users", {"user_name": "a@b"}, "user_name"),
        ("/api/v1/users", {"user_name": "+49"}, "user_name"),
        ("/api/v1/users", {"user_name": "4711"}, "user_name"),
        ("/api/v1/users", {"user_name": "é" * 33}, "user_name"),
        ("/api/v1/users", {"user_name": "a\u0000"}, "user_name"),
        ("/api/v1/users", {"user_name": ["ada"]}, "user_name"),
        ("/api/v1/users", {"user_name": "ada", "email": "ada"}, "email"),
        ("/api/v1/users", {"user_name": "ada", "email": "a@" + "b" * 253}, "email"),
        ("/api/v1/users", {"user_name": "ada", "phone": "call me"}, "phone"),
        ("/api/v1/users", {"user_name": "ada", "display_name": "a\nb"}, "display_name"),
        ("/api/v1/users", {"user_name": "ada", "password": "short"}, "password"),
        ("/api/v1/users", {"user_name": "ada", "password": "x" * 1025}, "password"),
        ("/api/v1/users", {"user_name": "ada", "password": "ADA's long password"}, "password"),
        ("/api/v1/users", {"user_name": "ada", "roles": ["emperor"]}, "roles"),
        ("/api/v1/users", {"user_name": "ada", "roles": ["a\u0000"]}, "roles.0"),
        ("/api/v1/users", {"user_name": "ada", "user_id": 7}, "user_id"),
        ("/api/v1/users", {"user_name": "ada", "password_hash": "x"}, "password_hash"),
        ("/api/v1/api-keys", {"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ("/api/v1/api-keys", {"expires_at": "9999-12-31T23:59:59-23:59"}, "expires_at"),
        ("/api/v1/api-keys", {"expires_at": 1893456000}, "expires_at"),
        ("/api/v1/api-keys", {"expires_at": "2030-01-01 00:00:00"}, "expires_at"),
        ("/api/v1/api-keys", {"user_id": 0}, "user_id"),
        ("/api/v1/api-keys", {"user_id": 2**53}, "user_id"),
        ("/api/v1/api-keys", {"description": ""}, "description"),
        ("/api/v1/sessions", {"login": "admin"}, "password"),
        ("/api/v1/sessions", {"login": "", "password": PASSWORD}, "login"),
        ("/api/v1/sessions", {"login": "a" * 255, "password": PASSWORD}, "login"),
        ("/api/v1/sessions", {"login": "admin", "password": "x" * 1025}, "password"),
        ("/internal/grants", {"kind": "password", "credential": "x"}, "kind"),
        ("/internal/grants", {"kind": "token", "credential": "x" * 513}, "credential"),
    ],
)
def test_rubbish_is_refused_with_the_name_of_its_field(shared_api, path, body, field):
    """A 400 that names the field, never a 500, and never the value itself."""
    answer = shared_api.call("POST", path, body)
    assert (answer.status_code, answer.json["return_code"]) == (400, 400002)
    assert field in [error["field"] for error in answer.json["data"]["errors"]]


@pytest.mark.parametrize("body", [b'{"login":"\\ud800","password":"correct horse"}', b"\xff", b"{", b"[]", b"1"])
def test_text_that_is_no_text_is_refused(shared_api, body):
    """Lone surrogates, broken encodings and other shapes never reach the hash."""
    assert shared_api.code("POST", "/api/v1/sessions", body) == 400002


@pytest.mark.parametrize(
    "path", ["/api/v1/users/0", "/api/v1/users/01", "/api/v1/users/x", "/api/v1/users/", "/api/v1"]
)
def test_paths_have_one_spelling(shared_api, path):
    """Anything else is not found."""
    assert shared_api.code("GET", path) == 404001


def test_a_password_may_hold_any_character(sqlite_api):
    """NUL, controls, emoji: the hash takes bytes."""
    password = "\u0000\u0007 🐎🔋📎🔧 \u202e пароль"
    sqlite_api.user("zoe", password=password)
    assert sqlite_api.data("POST", "/api/v1/sessions", {"login": "zoe", "password": password})["user_id"] == 2
