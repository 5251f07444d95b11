"""Users and roles through the views, on every engine."""

import hashlib
import json

import pytest

USERS = "/api/v1/users"
PASSWORD = "correct horse battery"


def test_a_user_is_created_read_listed_and_changed(api):
    """The whole life of an account, as an administrator sees it."""
    created = api.user("ada", "user", email="ada@example.org", phone="+49301", display_name="Ada Lovelace")
    path = f"{USERS}/{created['user_id']}"
    assert (created["user_state"], created["roles"], created["version"]) == ("active", ["user"], 1)
    assert created["created_by"] == created["updated_by"] == 1
    assert api.data("GET", path) == created
    assert api.data("GET", f"{USERS}?user_name=ad&count=true")["total"] == 2
    assert [user["user_name"] for user in api.data("GET", f"{USERS}?user_name=da")["users"]] == ["ada"]
    changed = api.data("PATCH", path, {"user_state": "inactive", "roles": ["operator", "auditor"], "email": None})
    assert (changed["user_state"], changed["roles"], changed["email"]) == ("inactive", ["auditor", "operator"], None)
    assert (changed["phone"], changed["version"], changed["created_at"]) == ("+49301", 2, created["created_at"])
    assert api.data("GET", path) == changed
    assert [user["user_name"] for user in api.data("GET", f"{USERS}?user_state=inactive")["users"]] == ["ada"]


def test_every_change_and_read_leaves_one_event(api):
    """Who did what is the point of the house; no event holds a password or its hash."""
    user_id = api.user("ada", "user", password=PASSWORD)["user_id"]
    before = len(api.events())
    api.call("PATCH", f"{USERS}/{user_id}", {"display_name": "Ada"})
    api.call("GET", f"{USERS}/{user_id}")
    api.call("GET", f"{USERS}/me")
    api.call("GET", USERS)
    api.call("GET", "/api/v1/roles")
    api.call("GET", "/api/v1/api-keys")
    told = [(event["type"], event["subject"], event.get("sequence")) for event in api.events()[before:]]
    assert told == [
        ("signet.identity.user.update.v1", f"user/{user_id}", 2),
        ("signet.identity.user.query.v1", f"user/{user_id}", None),
        ("signet.identity.user.query.v1", "user/1", None),
        ("signet.identity.user.query.v1", "user", None),
        ("signet.identity.role.query.v1", "role", None),
        ("signet.identity.api_key.query.v1", "api_key", None),
    ]
    assert api.events("user.update")[0]["data"]["changes"] == {"display_name": [None, "Ada"]}
    assert PASSWORD not in str(api.events())
    assert "argon2" not in str(api.events())


@pytest.mark.parametrize("field", ["user_name", "email", "phone"])
def test_what_identifies_one_user_cannot_identify_another(api, field):
    """A login has one owner; a refused change leaves no event."""
    identity = {"email": "ada@example.org", "phone": "+49301"}
    api.user("ada", **identity)
    before = len(api.events())
    answer = api.call("POST", USERS, {"user_name": "bob", field: {"user_name": "ada", **identity}[field]})
    assert answer.json["return_code"] == 409001
    assert field in answer.json["return_msg"]
    assert len(api.events()) == before


def test_names_compare_by_their_bytes_on_every_engine(api):
    """Case, accents and trailing characters: an engine that folds them would mix accounts up."""
    boxes = ["ada", "Ada", "adä", "ada\u0308", "straße", "strasse"]
    names = ["ada", "bob", "adä", "eve", "straße", "kim"]
    pairs = list(zip(names, (f"{box}@example.org" for box in boxes), strict=True))
    ids = [api.user(name, email=address, password=PASSWORD)["user_id"] for name, address in pairs]
    assert len(set(ids)) == len(names)
    for logins, user_id in zip(pairs, ids, strict=True):
        for login in logins:
            session = api.data("POST", "/api/v1/sessions", {"login": login, "password": PASSWORD})
            assert session["user_id"] == user_id
    assert api.code("POST", "/api/v1/sessions", {"login": "ADA", "password": PASSWORD}) == 401011


def test_names_that_differ_in_case_alone_have_one_owner(api):
    """`Admin` in a log, or in a list of who gets a role, is read as `admin`."""
    api.user("straße")
    for name in ("Admin", "ADMIN", "STRASSE"):
        answer = api.call("POST", USERS, {"user_name": name}).json
        assert (answer["return_code"], "user_name" in answer["return_msg"]) == (409001, True)


def test_a_filter_takes_its_text_literally(api):
    """`%` and `_` are characters of names, not wildcards."""
    api.user("a_b")
    api.user("a%b")
    api.user("axb")
    for part, names in (("_", ["a_b"]), ("%25", ["a%b"]), ("A", [])):
        assert [user["user_name"] for user in api.data("GET", f"{USERS}?user_name={part}")["users"]] == names


def test_pages_hold_what_was_asked_for(api):
    """Each page knows whether another follows."""
    for name in ("ada", "bob", "eve"):
        api.user(name)
    first = api.data("GET", f"{USERS}?per_page=3")
    assert ([user["user_name"] for user in first["users"]], first["has_more"]) == (["admin", "ada", "bob"], True)
    second = api.data("GET", f"{USERS}?per_page=3&page=2")
    assert ([user["user_name"] for user in second["users"]], second["has_more"]) == (["eve"], False)
    assert api.data("GET", f"{USERS}?create_date_end=2020-01-01")["users"] == []


def test_scope_own_sees_nobody_else(api):
    """Out of scope is not found, whether it exists or not."""
    ada, bob = api.user("ada", "user"), api.user("bob", "user")
    own = {"scope": "own", "user_id": ada["user_id"]}
    assert api.data("GET", f"{USERS}/{ada['user_id']}", **own) == ada
    assert api.data("GET", f"{USERS}/me", **own) == ada
    assert api.data("GET", USERS, **own)["users"] == [ada]
    assert api.code("GET", f"{USERS}/{bob['user_id']}", **own) == 404001
    assert api.code("GET", f"{USERS}/999", **own) == 404001
    assert api.code("PATCH", f"{USERS}/{bob['user_id']}", {"phone": "12345"}, **own) == 404001
    assert api.code("PATCH", f"{USERS}/{ada['user_id']}", {"roles": ["administrator"]}, **own) == 403002


def test_nobody_rises_above_themselves(api):
    """Neither by making a stronger account, nor by changing one, nor by a key for one."""
    operator = api.user("olga", "operator")["user_id"]
    as_olga = {"user_id": operator, "user_name": "olga"}
    assert api.code("POST", USERS, {"user_name": "eve", "roles": ["administrator"]}, **as_olga) == 403002
    assert api.code("PATCH", f"{USERS}/1", {"email": "olga@example.org"}, **as_olga) == 403002
    assert api.code("PATCH", f"{USERS}/{operator}", {"roles": ["auditor"]}, **as_olga) == 403002
    assert api.code("POST", "/api/v1/api-keys", {"user_id": 1}, **as_olga) == 403002
    assert api.code("DELETE", "/api/v1/api-keys/1", **as_olga) == 403002


def test_the_last_active_administrator_stays(api):
    """Nobody can lock everybody out."""
    for change in ({"user_state": "inactive"}, {"roles": ["user"]}):
        assert api.code("PATCH", f"{USERS}/1", change) == 403002
    second = api.user("grace", "administrator")["user_id"]
    assert api.code("PATCH", f"{USERS}/1", {"user_state": "inactive"}) == 200
    assert api.code("PATCH", f"{USERS}/{second}", {"roles": []}, user_id=second) == 403002


def test_a_version_is_an_etag_and_a_condition(api):
    """A change is refused where the caller decided on an older state, and a read is spared where nothing changed."""
    user_id = api.user("ada")["user_id"]
    path = f"{USERS}/{user_id}"
    tag = api.call("GET", path).headers["ETag"]
    assert api.call("GET", path, headers={"If-None-Match": tag}).status_code == 304
    assert api.code("PATCH", path, {"phone": "12345"}, headers={"If-Match": tag}) == 200
    assert api.code("PATCH", path, {"phone": "12346"}, headers={"If-Match": tag}) == 412001


def test_a_repeat_under_its_key_changes_nothing_twice(api):
    """The first answer again; another body under the key is a mistake of the client."""
    keyed = {"idempotency_key": "once"}
    first = api.data("POST", USERS, {"user_name": "robot"}, **keyed)
    assert api.data("POST", USERS, {"user_name": "robot"}, **keyed) == first
    assert api.code("POST", USERS, {"user_name": "other"}, **keyed) == 409002
    assert len(api.events("user.insert")) == 2


def test_a_user_with_a_password_is_created_once_under_a_key(api):
    """The first answer again, and no digest in the database against which the password could be guessed."""
    keyed = {"idempotency_key": "once"}
    body = {"user_name": "ada", "password": PASSWORD}
    first = api.data("POST", USERS, body, **keyed)
    assert api.data("POST", USERS, body, **keyed) == first
    assert api.code("POST", USERS, body | {"password": f"another {PASSWORD}"}, **keyed) == 409002
    sent = hashlib.sha256(json.dumps(body).encode()).hexdigest()
    guessable = hashlib.sha256(f"api_key/1\nPOST\n{USERS}\n{sent}".encode()).hexdigest()
    assert guessable not in api.everything_stored()


def test_a_repeat_shows_nothing_that_its_caller_may_not_see_any_more(api):
    """The first answer holds address and number; its user may be gone, or above the caller, within the day of a key."""
    api.data(
        "POST", "/api/v1/roles", {"role_name": "clerk", "permissions": [{"permission": "user:update", "scope": "any"}]}
    )
    clerk = {"user_id": api.user("carl", "operator", "clerk")["user_id"], "user_name": "carl"}
    ada = api.user("ada", "user", email="ada@example.org")
    path, keyed = f"{USERS}/{ada['user_id']}", {"idempotency_key": "once", "credential_id": "session/1", **clerk}
    first = api.data("PATCH", path, {"phone": "12345"}, **keyed)
    api.data("PATCH", path, {"phone": "54321"})
    before = len(api.events("user.query"))
    assert api.data("PATCH", path, {"phone": "12345"}, **keyed) == first
    assert len(api.events("user.query")) == before + 1
    assert api.code("PATCH", path, {"phone": "12345"}, **keyed | {"scope": "own"}) == 404001
    api.data("PATCH", path, {"roles": ["administrator"]})
    assert api.code("PATCH", path, {"phone": "12345"}, **keyed) == 403002
    api.data("DELETE", path)
    assert api.code("PATCH", path, {"phone": "12345"}, **keyed) == 404001


def test_roles_are_listed_with_what_they_permit(api):
    """Four are seeded; whoever grants one sees what it carries."""
    roles = {role["role_name"]: role["permissions"] for role in api.data("GET", "/api/v1/roles")["roles"]}
    assert set(roles) == {"administrator", "operator", "auditor", "user"}
    assert roles["administrator"] == [{"name": "*:*", "scope": "any"}]
    assert {"name": "demo:query", "scope": "own"} in roles["user"]


def test_a_user_is_deleted_with_everything_that_signs(api):
    """On every engine: rows that point at the account go first; the name is free again, the id is not."""
    user_id = api.user("ada", "user", email="lovelace@example.org", password=PASSWORD)["user_id"]
    api.data("POST", "/api/v1/api-keys", {"user_id": user_id})
    api.data("POST", "/api/v1/sessions", {"login": "ada", "password": PASSWORD})
    tag = api.call("GET", f"{USERS}/{user_id}").headers["ETag"]
    assert api.code("DELETE", f"{USERS}/{user_id}", headers={"If-Match": '"7"'}) == 412001
    assert api.code("DELETE", f"{USERS}/{user_id}", headers={"If-Match": tag}) == 200
    assert api.code("GET", f"{USERS}/{user_id}") == 404001
    assert api.code("DELETE", f"{USERS}/{user_id}") == 404001
    assert api.code("POST", "/api/v1/sessions", {"login": "ada", "password": PASSWORD}) == 401011
    told = [event["type"] for event in api.events() if event["type"].endswith(".delete.v1")]
    assert told == [f"signet.identity.{resource}.delete.v1" for resource in ("session", "api_key", "user")]
    assert api.user("ada")["user_id"] > user_id
    assert api.code("DELETE", f"{USERS}/1") == 403002


def test_the_own_account_is_changed_within_limits(api):
    """Contact alone, with the password; another address waits to be confirmed, and somebody's number is taken."""
    ada = api.user("ada", "user", email="ada@example.org", password=PASSWORD)
    api.user("bob", "user", phone="12345")
    own = {"scope": "own", "user_id": ada["user_id"], "permission": "user:update"}
    wanted = {"display_name": "Ada", "email": "lovelace@example.org", "old_password": PASSWORD}
    changed = api.data("PATCH", f"{USERS}/me", wanted, **own)
    assert (changed["display_name"], changed["pending_email"], changed["version"]) == ("Ada", wanted["email"], 2)
    assert api.code("PATCH", f"{USERS}/me", {"phone": "12345", "old_password": PASSWORD}, **own) == 409001
    assert api.code("PATCH", f"{USERS}/me", {"display_name": "ä" * 65}, **own) == 400002
    for forbidden in ({"roles": ["administrator"]}, {"user_state": "inactive"}, {"user_name": "eve"}):
        assert api.code("PATCH", f"{USERS}/me", forbidden, **own) == 400002


def test_a_password_is_changed_and_the_other_sessions_end(api):
    """The caller stays signed in; nothing that is stored or told shows either password."""
    user_id = api.user("ada", "user", password=PASSWORD)["user_id"]
    login = {"login": "ada", "password": PASSWORD}
    mine, other = (api.data("POST", "/api/v1/sessions", login) for _ in range(2))
    new = "staple of another stable"
    body = {"old_password": PASSWORD, "new_password": new}
    own = {"scope": "own", "user_id": user_id, "credential_id": f"session/{mine['session_id']}"}
    own["permission"] = "password:update"
    path = f"{USERS}/me/password"
    assert api.code("POST", path, body | {"old_password": "not the password"}, **own) == 401011
    refused = api.call("POST", path, body | {"new_password": "password1234"}, **own)
    assert (refused.json["return_code"], refused.json["data"]["errors"][0]["field"]) == (400002, "new_password")
    assert api.code("POST", path, body, **own) == 200
    tokens = [{"kind": "token", "credential": session["token"]} for session in (mine, other)]
    assert [api.data("POST", "/internal/grants", token) is None for token in tokens] == [False, True]
    assert api.code("POST", "/api/v1/sessions", login) == 401011
    assert api.code("POST", "/api/v1/sessions", login | {"password": new}) == 200
    assert api.data("GET", f"{USERS}/{user_id}")["password_changed_at"]
    stored = api.everything_stored()
    assert PASSWORD not in stored
    assert new not in stored


def test_a_common_password_is_refused_at_creation(api):
    """The list is wired where passwords are set."""
    answer = api.call("POST", USERS, {"user_name": "ada", "password": "passwordpassword"})
    assert (answer.json["return_code"], answer.json["data"]["errors"][0]["field"]) == (400002, "password")
