"""API keys, sessions and grants through the views, on every engine."""

import json
import time
from datetime import UTC, datetime

import pytest

from signet_protocol.signing import signing_key, utc_day

KEYS = "/api/v1/api-keys"
SESSIONS = "/api/v1/sessions"
GRANTS = "/internal/grants"
PASSWORD = "correct horse battery"


@pytest.fixture
def grant(api):
    """What the gateway is told about a credential."""
    return lambda kind, credential: api.data("POST", GRANTS, {"kind": kind, "credential": credential})


def test_an_api_key_shows_its_secret_once(api, grant):
    """Afterwards nobody sees it: not its owner, not whoever steals the database."""
    created = api.data("POST", KEYS, {"description": "laptop", "expires_at": "2999-01-01T00:00:00+01:00"})
    assert created["expires_at"] == "2998-12-31T23:00:00Z"
    assert grant("api_key", created["api_key"])["credential_id"] == f"api_key/{created['api_key_id']}"
    listed = api.data("GET", KEYS)["api_keys"]
    assert [key["api_key"] for key in listed] == [api.first["api_key"], created["api_key"]]
    assert "secret" not in listed[0]
    assert created["secret"] not in api.everything_stored()
    assert api.first["secret"] not in api.everything_stored()
    assert api.first["password"] not in api.everything_stored()


def test_a_key_made_under_an_idempotency_key_cannot_be_had_twice(api):
    """The answer held a secret, which is kept nowhere; and no second key is made."""
    assert api.code("POST", KEYS, {}, idempotency_key="once") == 200
    assert api.code("POST", KEYS, {}, idempotency_key="once") == 409001
    assert len(api.data("GET", KEYS)["api_keys"]) == 2


def test_a_revoked_key_stays_listed_and_signs_nothing(api, grant):
    """Its user can be told that it is inactive, because its signature can still be proven."""
    created = api.data("POST", KEYS, {})
    assert api.code("DELETE", f"{KEYS}/{created['api_key_id']}") == 200
    assert api.code("DELETE", f"{KEYS}/{created['api_key_id']}") == 404001
    assert api.data("GET", KEYS)["api_keys"][1]["api_key_state"] == "inactive"
    granted = grant("api_key", created["api_key"])
    assert (granted["credential_state"], granted["user_state"]) == ("inactive", "active")
    deleted = api.events("api_key.delete")[0]
    assert (deleted["subject"], deleted["sequence"]) == (f"api_key/{created['api_key_id']}", 2)


def test_keys_of_others_are_out_of_scope(api):
    """A user lists, makes and revokes the own keys alone."""
    ada = api.user("ada", "user")["user_id"]
    own = {"scope": "own", "user_id": ada}
    mine = api.data("POST", KEYS, {}, **own)
    assert [key["user_id"] for key in api.data("GET", KEYS, **own)["api_keys"]] == [ada]
    assert api.data("GET", f"{KEYS}?user_id=1", **own)["api_keys"] == []
    assert [key["api_key_id"] for key in api.data("GET", f"{KEYS}?user_id={ada}")["api_keys"]] == [mine["api_key_id"]]
    assert api.code("POST", KEYS, {"user_id": 1}, **own) == 404001
    assert api.code("DELETE", f"{KEYS}/1", **own) == 404001


def test_signing_in_and_out(api, grant):
    """The token opens what the user may do, until it is handed back."""
    ada = api.user("ada", "user", email="ada@example.org", phone="+49301", password=PASSWORD)["user_id"]
    for login in ("ada", "ada@example.org", "+49301"):
        session = api.data("POST", SESSIONS, {"login": login, "password": PASSWORD})
        assert session["user_id"] == ada
    remaining = datetime.fromisoformat(session["expires_at"]).timestamp() - time.time()
    assert 43_100 < remaining <= 43_200
    assert session["token"] not in api.everything_stored()
    assert session["secret"] not in api.everything_stored()
    granted = grant("token", session["token"])
    assert (granted["user_id"], granted["credential_id"]) == (ada, f"session/{session['session_id']}")
    assert granted["permissions"]["session:delete"] == "own"
    caller = {"user_id": ada, "scope": "own", "authentication": "token", "credential_id": granted["credential_id"]}
    assert api.code("DELETE", f"{SESSIONS}/current", **caller) == 200
    assert grant("token", session["token"]) is None
    assert api.code("DELETE", f"{SESSIONS}/current", **caller) == 404001
    assert len(api.events("session.insert")) == 3
    assert api.events("session.insert")[0]["data"]["actor"]["user_id"] == ada
    assert api.events("session.delete")[0]["subject"] == f"session/{session['session_id']}"


@pytest.mark.parametrize("login", ["ada", "Ada", "ADA@example.org", "nobody", "no@example.org", "+1", "' OR 1=1 --"])
def test_every_refused_sign_in_answers_alike(api, login):
    """Neither code nor message tells who has an account; the log knows, without what was typed."""
    api.user("ada", "user", email="ada@example.org", password=PASSWORD)
    answer = api.call("POST", SESSIONS, {"login": login, "password": "a wrong password"})
    assert answer.status_code == 401
    assert answer.json["return_code"] == 401011
    assert answer.json == api.call("POST", SESSIONS, {"login": "somebody", "password": PASSWORD}).json
    failed = api.events("session.login_failed")
    assert failed[0]["data"]["changes"]["reason"] == [None, "wrong_password" if login == "ada" else "unknown_login"]
    assert failed[0]["data"]["request"]["client_ip"] == "192.0.2.1"
    assert "a wrong password" not in str(failed)


def test_an_inactive_user_learns_it_after_the_right_password(api, grant):
    """401013 is for somebody who proved to be the owner."""
    ada = api.user("ada", "user", password=PASSWORD)["user_id"]
    token = api.data("POST", SESSIONS, {"login": "ada", "password": PASSWORD})["token"]
    api.data("PATCH", f"/api/v1/users/{ada}", {"user_state": "inactive"})
    assert api.code("POST", SESSIONS, {"login": "ada", "password": "a wrong password"}) == 401011
    assert api.code("POST", SESSIONS, {"login": "ada", "password": PASSWORD}) == 401013
    assert grant("token", token) is None


def test_the_first_run_opens_the_house(api, grant):
    """Its password signs in, and its key signs: the keys of a grant are those of the secret, by day."""
    first = api.first
    assert api.data("POST", SESSIONS, {"login": first["user_name"], "password": first["password"]})["user_id"] == 1
    granted = grant("api_key", first["api_key"])
    today = utc_day(int(time.time()))
    assert granted["keys"][today] == signing_key(first["secret"], today).hex()
    assert len(granted["keys"]) <= 2
    assert granted["roles"] == ["administrator"]
    assert first["secret"] not in json.dumps(granted)


def test_an_administrator_may_do_what_the_contracts_name(api, grant):
    """The star of the role never leaves identity."""
    permissions = grant("api_key", api.first["api_key"])["permissions"]
    assert permissions["demo:create"] == "any"
    assert permissions["user:update"] == "any"
    assert "*:*" not in permissions


def test_rights_follow_the_roles_at_once(api, grant):
    """A grant is of the moment; the gateway drops its copy at the event."""
    ada = api.user("ada", "user")["user_id"]
    key = api.data("POST", KEYS, {"user_id": ada})["api_key"]
    assert grant("api_key", key)["permissions"]["demo:create"] == "own"
    api.data("PATCH", f"/api/v1/users/{ada}", {"roles": ["operator"]})
    assert grant("api_key", key)["permissions"]["demo:create"] == "any"
    api.data("PATCH", f"/api/v1/users/{ada}", {"roles": []})
    assert grant("api_key", key)["permissions"] == {}


@pytest.mark.parametrize("credential", ["", "ak_unknown", "st_unknown", "' OR 1=1 --", "\u00fc", "x" * 512])
def test_an_unknown_credential_is_no_error(api, grant, credential):
    """The gateway asks about whatever a client sends."""
    assert grant("api_key", credential) is None
    assert grant("token", credential) is None


def test_an_expired_key_is_inactive_and_an_expired_session_unknown(api, grant):
    """Time ends credentials without anybody writing anything."""
    from sqlalchemy import update

    from signet_identity.adapters.outbound.tables import API_KEYS
    from signet_identity.adapters.outbound.tables import SESSIONS as SESSION_ROWS

    token = api.data("POST", SESSIONS, {"login": "admin", "password": api.first["password"]})["token"]
    past = datetime(2020, 1, 1, tzinfo=UTC)
    for table in (API_KEYS, SESSION_ROWS):
        api.service.database.write(lambda connection, t=table: connection.execute(update(t).values(expires_at=past)))
    assert grant("api_key", api.first["api_key"])["credential_state"] == "inactive"
    assert grant("token", token) is None
