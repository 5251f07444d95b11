"""Sessions through the views, on every engine."""

import pytest

SESSIONS = "/api/v1/sessions"
PASSWORD = "correct horse battery"


@pytest.fixture
def ada(api):
    return api.user("ada", "user", password=PASSWORD)


@pytest.fixture
def sign_in(api, ada):
    """Signs ada in: the session, with its token."""
    return lambda login="ada": api.data("POST", SESSIONS, {"login": login, "password": PASSWORD})


def works(api, session):
    """Whether the gateway would get a grant for it."""
    return api.data("POST", "/internal/grants", {"kind": "token", "credential": session["token"]}) is not None


def test_sessions_are_listed_without_what_signs(api, ada, sign_in):
    """People see where they are signed in; with scope `own` nobody sees others."""
    first, second = sign_in(), sign_in()
    api.user("bob", "user", password=PASSWORD)
    sign_in("bob")
    own = {"scope": "own", "user_id": ada["user_id"]}
    listed = api.data("GET", SESSIONS, **own)["sessions"]
    assert [session["session_id"] for session in listed] == [first["session_id"], second["session_id"]]
    assert set(listed[0]) == {
        "session_id", "user_id", "created_at", "last_used_at", "expires_at", "idle_expires_at", "client_ip"
    }  # fmt: skip
    assert listed[0]["client_ip"] == "192.0.2.1"
    assert listed[0]["idle_expires_at"] < listed[0]["expires_at"]
    assert len(api.data("GET", SESSIONS)["sessions"]) == 3
    assert api.data("GET", f"{SESSIONS}?user_id={ada['user_id']}&count=true")["total"] == 2
    assert api.data("GET", f"{SESSIONS}?user_id=1", **own)["sessions"] == []
    assert [event["subject"] for event in api.events("session.query")] == ["session"] * 4


def test_one_session_is_ended_and_no_other(api, ada, sign_in):
    """The lost telephone, from the laptop; the event drops its grants."""
    lost, kept = sign_in(), sign_in()
    own = {"scope": "own", "user_id": ada["user_id"]}
    path = f"{SESSIONS}/{lost['session_id']}"
    assert api.code("DELETE", path, **own) == 200
    assert (works(api, lost), works(api, kept)) == (False, True)
    assert api.code("DELETE", path, **own) == 404001
    (event,) = api.events("session.delete")
    assert (event["subject"], event["sequence"]) == (f"session/{lost['session_id']}", 2)


def test_all_sessions_of_a_user_are_ended(api, ada, sign_in):
    """By their user, or by an administrator; nobody else's end with them."""
    api.user("bob", "user", password=PASSWORD)
    of_bob, mine = sign_in("bob"), [sign_in(), sign_in()]
    assert api.code("DELETE", SESSIONS, scope="own", user_id=ada["user_id"]) == 200
    assert [works(api, session) for session in (*mine, of_bob)] == [False, False, True]
    again = sign_in()
    assert api.code("DELETE", f"{SESSIONS}?user_id={ada['user_id']}") == 200
    assert [works(api, session) for session in (again, of_bob)] == [False, True]
    assert api.code("DELETE", f"{SESSIONS}?user_id=999") == 404001
    assert len(api.events("session.delete")) == 3


def test_nobody_ends_a_session_out_of_reach(api, ada, sign_in):
    """Neither of others under scope `own`, nor of those who may do more."""
    api.user("grace", "administrator", password=PASSWORD)
    of_grace = sign_in("grace")
    path, own = f"{SESSIONS}/{of_grace['session_id']}", {"scope": "own", "user_id": ada["user_id"]}
    grace = of_grace["user_id"]
    assert api.code("DELETE", path, **own) == 404001
    assert api.code("DELETE", f"{SESSIONS}?user_id={grace}", **own) == 404001
    olga = {"user_id": api.user("olga", "operator")["user_id"]}
    assert api.code("DELETE", path, **olga) == 403002
    assert api.code("DELETE", f"{SESSIONS}?user_id={grace}", **olga) == 403002
    assert works(api, of_grace)


def test_disabling_an_account_ends_its_sessions_for_good(api, ada, sign_in):
    """What was stolen before must not come back to life with the account."""
    stolen, path = sign_in(), f"/api/v1/users/{ada['user_id']}"
    api.data("PATCH", path, {"user_state": "inactive"})
    (event,) = api.events("session.delete")
    assert event["subject"] == f"session/{stolen['session_id']}"
    api.data("PATCH", path, {"user_state": "active"})
    assert not works(api, stolen)
    assert works(api, sign_in())
