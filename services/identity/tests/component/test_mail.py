"""A forgotten password and an e-mail address, through the views and what they store, on every engine."""

from datetime import timedelta

import jsonschema
import pytest
from sqlalchemy import delete, func, select, update

from signet_common.messaging.asyncapi_commands import command_schema
from signet_identity.adapters.outbound.command_map import COMMANDS as COMMAND_TYPES
from signet_identity.adapters.outbound.tables import COMMANDS, SINGLE_USE_TOKENS
from signet_identity.bootstrap.commands import account_recovery, deployment

RESETS = "/api/v1/password-resets"
COMPLETE = f"{RESETS}/complete"
CONFIRMATIONS = "/api/v1/email-confirmations"
MINE = "/api/v1/users/me/email-confirmations"
OLD, NEW = "correct horse battery", "staple of another stable"
EMAIL = "ada@example.org"


@pytest.fixture
def ada(api):
    return api.user("ada", "user", email=EMAIL, password=OLD)


def as_user(user):
    return {"user_id": user["user_id"], "user_name": user["user_name"], "scope": "own"}


def sign_in(api, password):
    return api.code("POST", "/api/v1/sessions", {"login": "ada", "password": password})


def age_tokens(api, **values):
    api.service.database.write(lambda c: c.execute(update(SINGLE_USE_TOKENS).values(**values)) and None)


def test_a_forgotten_password_is_set_anew(api, ada):
    """From the request to the new password: the old one and every session are over."""
    session = api.data("POST", "/api/v1/sessions", {"login": "ada", "password": OLD})
    assert api.data("POST", RESETS, {"login": EMAIL}) is None
    [mail] = api.mails()
    assert (mail["to"], mail["template"], mail["values"]["user_name"]) == (EMAIL, "password_reset", "ada")
    token = mail["values"]["token"]
    assert api.data("POST", COMPLETE, {"token": token, "new_password": NEW}) is None
    assert (sign_in(api, OLD), sign_in(api, NEW)) == (401011, 200)
    grant = {"kind": "token", "credential": session["token"]}
    assert api.data("POST", "/internal/grants", grant) is None
    assert api.code("POST", COMPLETE, {"token": token, "new_password": NEW}) == 401009
    [ended] = api.events("session.delete")
    assert ended["subject"] == f"session/{session['session_id']}"
    [completed] = api.events("password_reset.complete")
    assert completed["data"]["actor"]["user_id"] == ada["user_id"]


def test_no_secret_is_in_an_event_nor_in_the_database_once_the_command_has_left(api, ada):
    """The mail is the only place where the token is."""
    api.call("POST", RESETS, {"login": "ada"})
    api.call("POST", MINE, **as_user(ada))
    tokens = [mail["values"]["token"] for mail in api.mails()]
    assert len(tokens) == 2
    assert not any(token in str(api.events()) for token in tokens)
    api.service.database.write(lambda c: c.execute(delete(COMMANDS)) and None)  # as the relay does
    assert not any(token in api.everything_stored() for token in tokens)


def test_unknown_logins_are_answered_like_known_ones_and_leave_the_same_rows(api, ada):
    """Nobody learns who has an account; the log knows."""
    api.user("bare", password=OLD)
    for login in ("nobody", "bare", "ada"):
        assert api.call("POST", RESETS, {"login": login}).json == {"return_code": 200, "return_msg": "", "data": None}
    database = api.service.database
    count = select(func.count())
    assert database.read(lambda c: c.scalar(count.select_from(SINGLE_USE_TOKENS))) == 3
    assert database.read(lambda c: c.scalar(count.select_from(COMMANDS))) == 3
    assert len(api.mails()) == 1
    assert database.read(lambda c: c.scalar(count.select_from(COMMANDS))) == 1
    told = [event["data"]["changes"]["outcome"][1] for event in api.events("password_reset.insert")]
    assert told == ["unknown_login", "no_email", "mailed"]


def test_an_account_is_mailed_a_few_times_an_hour(api, ada):
    """The answer stays the same; the fourth mail does not leave. What was made before that hour does not count."""
    for _ in range(5):
        assert api.code("POST", RESETS, {"login": "ada"}) == 200
    assert len(api.mails()) == 3
    database = api.service.database
    times = database.read(lambda c: c.execute(select(SINGLE_USE_TOKENS.c.created_at)).scalars().all())
    ago = min(times) - timedelta(hours=2)
    age_tokens(api, created_at=ago, expires_at=ago)
    assert api.code("POST", RESETS, {"login": "ada"}) == 200
    assert len(api.mails()) == 4


def test_too_many_mails_are_told_when_to_come_back(api, ada):
    """429001 with Retry-After: until the oldest of the three is an hour old."""
    for _ in range(3):
        assert api.code("POST", MINE, **as_user(ada)) == 200
    refused = api.call("POST", MINE, **as_user(ada))
    assert refused.json["return_code"] == 429001
    assert 3500 < int(refused.headers["Retry-After"]) <= 3600


@pytest.mark.usefixtures("standing_still")
def test_a_reset_frees_the_owner_of_failed_attempts_and_nobody_else(api, ada):
    """Whoever forgot a password has tried some; whoever guessed from elsewhere, or at others, has proven nothing."""
    sessions, home, attacker = "/api/v1/sessions", "192.0.2.7", "198.51.100.7"

    def tries(login, password, client_ip):
        return api.code("POST", sessions, {"login": login, "password": password}, client_ip=client_ip)

    for login, place in (("ada", home), (EMAIL, home), ("bob", home), ("ada", attacker)):
        assert [tries(login, "wrong", place) for _ in range(6)] == [401011] * 5 + [429001]
    api.call("POST", RESETS, {"login": "ada"})
    [mail] = api.mails()
    completion = {"token": mail["values"]["token"], "new_password": NEW}
    assert api.code("POST", COMPLETE, completion, client_ip=home) == 200
    assert tries("bob", "wrong", home) == 429001
    assert tries("ada", NEW, attacker) == 429001
    assert (tries("ada", NEW, home), tries(EMAIL, NEW, home)) == (200, 200)


def test_an_address_is_confirmed(api, ada):
    """Bound to the address: a change afterwards takes the confirmation away, one in between voids the token."""
    own, me = as_user(ada), f"/api/v1/users/{ada['user_id']}"
    assert api.data("POST", MINE, **own) is None
    [mail] = api.mails()
    assert (mail["to"], mail["template"]) == (EMAIL, "email_confirmation")
    token = {"token": mail["values"]["token"]}
    assert api.data("POST", CONFIRMATIONS, token) is None
    assert api.data("GET", me)["email_confirmed_at"] is not None
    assert api.code("POST", CONFIRMATIONS, token) == 401009
    assert api.code("POST", MINE, **own) == 400002
    assert api.data("PATCH", me, {"email": "new@example.org"})["email_confirmed_at"] is None
    assert api.data("POST", MINE, **own) is None
    token = {"token": api.mails()[-1]["values"]["token"]}
    api.data("PATCH", me, {"email": "newer@example.org"})
    assert api.code("POST", CONFIRMATIONS, token) == 401009


def test_a_token_that_is_over_is_refused(api, ada):
    """By the database's rows, on every engine."""
    api.call("POST", RESETS, {"login": "ada"})
    [mail] = api.mails()
    database = api.service.database
    made = database.read(lambda c: c.execute(select(SINGLE_USE_TOKENS.c.created_at)).scalar_one())
    age_tokens(api, expires_at=made)
    assert api.code("POST", COMPLETE, {"token": mail["values"]["token"], "new_password": NEW}) == 401009
    assert sign_in(api, OLD) == 200


def test_a_token_of_another_purpose_is_none(api, ada):
    """Reading a mailbox proves an address; it sets a password only where somebody asked for that."""
    api.call("POST", RESETS, {"login": "ada"})
    api.call("POST", MINE, **as_user(ada))
    reset, confirmation = (mail["values"]["token"] for mail in api.mails())
    assert api.code("POST", COMPLETE, {"token": confirmation, "new_password": NEW}) == 401009
    assert api.code("POST", CONFIRMATIONS, {"token": reset}) == 401009
    assert sign_in(api, OLD) == 200


def test_a_refused_password_is_named_and_the_token_still_works(api, ada):
    """As at creation and change: one policy."""
    api.call("POST", RESETS, {"login": "ada"})
    token = api.mails()[0]["values"]["token"]
    answer = api.call("POST", COMPLETE, {"token": token, "new_password": "my name is ada!"})
    assert answer.json["return_code"] == 400002
    assert answer.json["data"]["errors"][0]["field"] == "new_password"
    assert api.code("POST", COMPLETE, {"token": token, "new_password": NEW}) == 200


@pytest.mark.parametrize("token", ["", "x", "x" * 44, "x" * 42 + "!", 7, None])
def test_what_is_no_token_is_refused_before_it_is_looked_for(sqlite_api, token):
    """The shape is public; a token of the right shape that nobody made is 401009."""
    assert sqlite_api.code("POST", CONFIRMATIONS, {"token": token}) == 400002
    assert sqlite_api.code("POST", CONFIRMATIONS, {"token": "x" * 43}) == 401009


def test_deleting_a_user_takes_open_tokens_along(api, ada):
    """They would point to nobody."""
    api.call("POST", RESETS, {"login": "ada"})
    token = api.mails()[0]["values"]["token"]
    assert api.code("DELETE", f"/api/v1/users/{ada['user_id']}") == 200
    assert api.code("POST", COMPLETE, {"token": token, "new_password": NEW}) == 401009


def test_a_mail_fulfils_the_published_contract(sqlite_api):
    """Whoever sends the mails is no part of Signet: the schema is all that they have."""
    sqlite_api.user("grace", "user", email="grace@example.org", password=OLD)
    sqlite_api.data("POST", RESETS, {"login": "grace"})
    (command,) = COMMAND_TYPES
    validator = jsonschema.Draft7Validator(command_schema(command), format_checker=jsonschema.FormatChecker())
    (mail,) = sqlite_api.mails()
    validator.validate(mail)
    for spoilt in (mail | {"template": "greeting"}, mail | {"values": {}}, {"to": mail["to"]}):
        assert not validator.is_valid(spoilt)


@pytest.mark.parametrize("how", ["changed", "recovered", "disabled"])
def test_a_mailed_token_does_not_outlive_what_it_was_asked_for(api, ada, how):
    """Whoever had read the mailbox would set the password once more, after its owner."""
    path = f"/api/v1/users/{ada['user_id']}"
    api.call("POST", RESETS, {"login": "ada"})
    [mail] = api.mails()
    if how == "changed":
        passwords = {"old_password": OLD, "new_password": NEW}
        own = as_user(ada) | {"permission": "password:update"}
        assert api.code("POST", "/api/v1/users/me/password", passwords, **own) == 200
    elif how == "recovered":
        account_recovery(api.settings).set_password(deployment("test"), "ada", NEW)
    else:
        api.data("PATCH", path, {"user_state": "inactive"})
        api.data("PATCH", path, {"user_state": "active"})
    completion = {"token": mail["values"]["token"], "new_password": "yet another long password"}
    assert api.code("POST", COMPLETE, completion) == 401009


def test_a_wanted_address_gets_no_reset_and_becomes_the_login_once_it_is_confirmed(api, ada):
    """A thief's own mailbox must not receive the new password; the owner's new one must, once it is theirs."""
    other = "lovelace@example.org"
    own = as_user(ada) | {"permission": "user:update"}
    body = {"email": other, "old_password": OLD}
    changed = api.data("PATCH", "/api/v1/users/me", body, **own)
    assert (changed["email"], changed["pending_email"]) == (EMAIL, other)
    for login in (other, EMAIL):
        api.call("POST", RESETS, {"login": login})
    assert [(mail["to"], mail["template"]) for mail in api.mails()] == [
        (EMAIL, "email_changed"),
        (EMAIL, "password_reset"),
    ]
    api.data("POST", MINE, **as_user(ada))
    confirmation, reset = api.mails()[-1], api.mails()[1]
    assert confirmation["to"] == other
    assert api.data("POST", CONFIRMATIONS, {"token": confirmation["values"]["token"]}) is None
    now = api.data("GET", f"/api/v1/users/{ada['user_id']}")
    assert (now["email"], now["pending_email"], now["email_confirmed_at"] is None) == (other, None, False)
    assert api.code("POST", COMPLETE, {"token": reset["values"]["token"], "new_password": NEW}) == 401009
    assert api.code("POST", "/api/v1/sessions", {"login": other, "password": OLD}) == 200
    assert OLD not in api.everything_stored()


def test_an_address_that_belongs_to_somebody_is_told_to_its_reader_alone(api, ada):
    """Whoever confirms it reads that mailbox anyway."""
    bob = as_user(api.user("bob", "user", password=OLD)) | {"permission": "user:update"}
    assert api.code("PATCH", "/api/v1/users/me", {"email": EMAIL, "old_password": OLD}, **bob) == 200
    assert api.code("POST", MINE, **bob | {"permission": "email_confirmation:create"}) == 200
    [mail] = api.mails()
    assert api.code("POST", CONFIRMATIONS, {"token": mail["values"]["token"]}) == 409001


def test_the_own_address_is_refused_by_its_field_and_by_the_password(sqlite_api):
    """400002 names what is missing; a wrong one is 401011, as everywhere."""
    ada = as_user(sqlite_api.user("ada", "user", password=OLD)) | {"permission": "user:update"}
    answer = sqlite_api.call("PATCH", "/api/v1/users/me", {"phone": "77777"}, **ada).json
    assert (answer["return_code"], answer["data"]["errors"][0]["field"]) == (400002, "old_password")
    assert sqlite_api.code("PATCH", "/api/v1/users/me", {"phone": "77777", "old_password": NEW}, **ada) == 401011
