"""API keys, sign-in, sign-out and grants, on fakes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from signet_identity.application.create_api_key import ApiKeyRequest, CreateApiKey
from signet_identity.application.first_run import FirstRun, new_first_account
from signet_identity.application.issue_grant import IssueGrant
from signet_identity.application.revoke_api_key import RevokeApiKey
from signet_identity.application.sign_in import SignIn
from signet_identity.application.sign_out import SignOut
from signet_identity.application.update_user import UpdateUser, UserUpdate
from signet_identity.domain.credentials import SessionLifetime
from signet_identity.domain.errors import AccountInactive, CredentialsInvalid, FieldRefused, NotFound, PrivilegeExceeded
from signet_identity.domain.users import State
from signet_protocol.signing import signing_key

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"


@pytest.fixture
def create(unit_of_work, clock):
    return CreateApiKey(unit_of_work, {"demo:create", "demo:query"}, clock)


@pytest.fixture
def revoke(unit_of_work, clock):
    return RevokeApiKey(unit_of_work, clock)


@pytest.fixture
def sign_in(unit_of_work, credentials, attempts, passwords, clock):
    return SignIn(
        credentials,
        unit_of_work,
        attempts,
        passwords,
        clock,
        lifetime=SessionLifetime(timedelta(hours=12), timedelta(hours=12)),
    )


@pytest.fixture
def grant(credentials, clock):
    return IssueGrant(credentials, {"demo:create", "record:query"}, clock)


@pytest.fixture
def admin(add_user):
    return add_user("admin", "administrator")


@pytest.fixture
def ada(add_user, passwords):
    return add_user("ada", "user", email="ada@example.org", phone="+49301", password_hash=passwords.hash(PASSWORD))


def test_a_key_is_made_for_its_caller(create, calling, ada, unit_of_work):
    """The common case names nobody; the event holds no secret."""
    api_key, credential = create(calling(ada, scope="own"), ApiKeyRequest(description="laptop"))
    assert (api_key.user_id, api_key.api_key, api_key.description) == (ada.user_id, credential.credential, "laptop")
    (change,) = unit_of_work.changes
    assert (change.resource, change.operation, change.object_id) == ("api_key", "insert", str(api_key.api_key_id))
    assert credential.secret not in str(change)
    assert unit_of_work.executed[-1] == ("", True)


def test_a_key_for_somebody_else_needs_scope_any_and_all_their_rights(create, calling, ada, admin, add_user):
    """A key speaks for its user: making one for somebody is becoming that somebody."""
    assert create(calling(admin), ApiKeyRequest(user_id=ada.user_id))[0].user_id == ada.user_id
    with pytest.raises(NotFound):
        create(calling(ada, scope="own"), ApiKeyRequest(user_id=admin.user_id))
    with pytest.raises(PrivilegeExceeded):
        create(calling(add_user("olga", "operator")), ApiKeyRequest(user_id=admin.user_id))


def test_a_key_cannot_come_expired(create, calling, ada):
    """The caller meant another time."""
    with pytest.raises(FieldRefused):
        create(calling(ada), ApiKeyRequest(expires_at=NOW))


def test_a_revoked_key_is_inactive_and_gone_for_its_owner(create, revoke, calling, ada, grant, unit_of_work):
    """Whoever still signs with it must learn that it is inactive, so the grant says so."""
    api_key, credential = create(calling(ada), ApiKeyRequest())
    revoke(calling(ada, scope="own"), api_key.api_key_id)
    assert grant("api_key", credential.credential).credential_state is State.INACTIVE
    assert [change.operation for change in unit_of_work.changes] == ["insert", "delete"]
    with pytest.raises(NotFound):
        revoke(calling(ada, scope="own"), api_key.api_key_id)


def test_nobody_revokes_a_key_out_of_reach(create, revoke, calling, ada, admin, add_user):
    """Neither of others under scope own, nor of those who may do more."""
    of_admin = create(calling(admin), ApiKeyRequest())[0].api_key_id
    with pytest.raises(NotFound):
        revoke(calling(ada, scope="own"), of_admin)
    with pytest.raises(PrivilegeExceeded):
        revoke(calling(add_user("olga", "operator")), of_admin)


@pytest.mark.parametrize("login", ["ada", "ada@example.org", "+49301"])
def test_name_address_and_number_all_sign_in(sign_in, calling, ada, login, unit_of_work):
    """One user, three logins; the event speaks for the user and keeps the secrets out."""
    signed_in = sign_in(calling(None), login, PASSWORD)
    assert signed_in.session.user_id == ada.user_id
    assert signed_in.session.expires_at == NOW + timedelta(hours=12)
    ((change, actor),) = unit_of_work.store.recorded
    assert (change.resource, change.operation) == ("session", "insert")
    assert (actor.user_id, actor.user_name, actor.authentication) == (ada.user_id, "ada", "password")
    assert signed_in.credential.secret not in str(change)
    assert signed_in.credential.credential not in str(change)


@pytest.mark.parametrize("login", ["ADA", "Ada@example.org", "nobody", "no@body.org", "+1", ""])
def test_an_unknown_login_costs_a_verification_too(sign_in, calling, ada, passwords, login):
    """The time of an answer must not tell who has an account: each attempt verifies exactly one hash."""
    with pytest.raises(CredentialsInvalid):
        sign_in(calling(None), login, PASSWORD)
    assert passwords.verified == [None]


def test_an_account_without_password_cannot_be_signed_in_to(sign_in, calling, add_user, passwords):
    """It has API keys only; the attempt costs and says the same as any other."""
    add_user("robot", "user")
    with pytest.raises(CredentialsInvalid):
        sign_in(calling(None), "robot", "")
    assert passwords.verified == [None]


@pytest.mark.parametrize(("login", "reason"), [("ada", "wrong_password"), ("nobody", "unknown_login")])
def test_a_refused_sign_in_leaves_an_event_without_what_was_typed(sign_in, calling, ada, unit_of_work, login, reason):
    """The log says what really happened; people type passwords into the wrong field."""
    with pytest.raises(CredentialsInvalid):
        sign_in(calling(None), login, "not the password at all")
    (change,) = unit_of_work.changes
    assert (change.operation, change.object_version) == ("login_failed", None)
    assert change.changes["reason"] == (None, reason)
    assert "nobody" not in str(change)
    assert "not the password" not in str(change)


def test_an_inactive_user_learns_it_after_the_right_password_only(sign_in, calling, ada, admin, unit_of_work, clock):
    """Otherwise anybody could ask who was switched off."""
    UpdateUser(unit_of_work, clock)(calling(admin), UserUpdate(ada.user_id, user_state=State.INACTIVE))
    with pytest.raises(CredentialsInvalid):
        sign_in(calling(None), "ada", "not the password at all")
    with pytest.raises(AccountInactive):
        sign_in(calling(None), "ada", PASSWORD)
    assert unit_of_work.changes[-1].changes["reason"] == (None, "user_inactive")


def test_a_user_disabled_while_the_hash_was_computed_gets_no_session(
    unit_of_work, credentials, attempts, passwords, calling, ada, admin, clock
):
    """A hash takes long enough for an administrator to press the button."""

    class DisablesMeanwhile:
        def hash(self, password: str) -> str:
            return passwords.hash(password)

        def is_outdated(self, password_hash: str) -> bool:
            return False

        def verify(self, password_hash: str | None, password: str) -> bool:
            UpdateUser(unit_of_work, clock)(calling(admin), UserUpdate(ada.user_id, user_state=State.INACTIVE))
            return passwords.verify(password_hash, password)

    sign_in = SignIn(
        credentials,
        unit_of_work,
        attempts,
        DisablesMeanwhile(),
        clock,
        lifetime=SessionLifetime(timedelta(hours=1), timedelta(hours=1)),
    )
    with pytest.raises(CredentialsInvalid):
        sign_in(calling(None), "ada", PASSWORD)
    assert unit_of_work.store.sessions == {}


def test_composed_and_decomposed_passwords_sign_in_alike(
    unit_of_work, credentials, attempts, passwords, clock, add_user, calling
):
    """A phone and a laptop encode é differently."""
    add_user("zoe", password_hash=passwords.hash("caf\u00e9 caf\u00e9 caf\u00e9"))
    sign_in = SignIn(
        credentials,
        unit_of_work,
        attempts,
        passwords,
        clock,
        lifetime=SessionLifetime(timedelta(hours=1), timedelta(hours=1)),
    )
    assert sign_in(calling(None), "zoe", "cafe\u0301 cafe\u0301 cafe\u0301").session.session_id


def test_an_outdated_hash_is_replaced_at_sign_in(sign_in, calling, add_user, unit_of_work):
    """Stronger parameters reach old accounts only while their password is at hand; nobody else is touched."""
    zoe = add_user("zoe", password_hash=f"old:{PASSWORD[::-1]}")
    with pytest.raises(CredentialsInvalid):
        sign_in(calling(None), "zoe", "not the password at all")
    assert unit_of_work.store.accounts[zoe.user_id].password_hash == f"old:{PASSWORD[::-1]}"
    sign_in(calling(None), "zoe", PASSWORD)
    assert unit_of_work.store.accounts[zoe.user_id].password_hash == PASSWORD[::-1]
    assert unit_of_work.store.accounts[zoe.user_id].user == zoe


def test_signing_out_ends_the_session_of_the_request(sign_in, grant, calling, ada, unit_of_work):
    """The token is unknown from then on."""
    signed_in = sign_in(calling(None), "ada", PASSWORD)
    assert grant("token", signed_in.credential.credential).user_id == ada.user_id
    caller = calling(ada, credential_id=f"session/{signed_in.session.session_id}")
    SignOut(unit_of_work)(caller)
    assert grant("token", signed_in.credential.credential) is None
    assert (unit_of_work.changes[-1].operation, unit_of_work.changes[-1].object_version) == ("delete", 2)
    with pytest.raises(NotFound):
        SignOut(unit_of_work)(caller)


def test_an_api_key_has_no_session_to_end(calling, ada, unit_of_work):
    """Its number must not be mistaken for a session's."""
    with pytest.raises(NotFound):
        SignOut(unit_of_work)(calling(ada, credential_id="api_key/1"))


def test_a_grant_holds_the_dated_keys_and_never_the_secret(create, calling, ada, grant):
    """Keys die with their day; a secret would not."""
    _, credential = create(calling(ada), ApiKeyRequest())
    granted = grant("api_key", credential.credential)
    assert granted.keys == {"20260101": signing_key(credential.secret, "20260101").hex()}
    assert (granted.user_name, granted.roles, granted.expires_at) == ("ada", ("user",), None)
    assert granted.permissions["demo:create"] == "own"
    assert credential.secret not in str(granted)
    assert granted.keys["20260101"] not in repr(granted)


@pytest.mark.parametrize(
    ("now", "days"),
    [
        (datetime(2026, 1, 1, 23, 54, 59, tzinfo=UTC), ["20260101"]),
        (datetime(2026, 1, 1, 23, 55, 0, tzinfo=UTC), ["20260101", "20260102"]),
        (datetime(2026, 1, 2, 0, 5, 0, tzinfo=UTC), ["20260102"]),
        (datetime(2026, 1, 2, 0, 4, 59, tzinfo=UTC), ["20260101", "20260102"]),
    ],
)
def test_keys_are_of_the_days_inside_the_window(create, calling, ada, credentials, now, days):
    """A timestamp may lie 300 seconds off, across midnight; no other day's key leaves."""
    _, credential = create(calling(ada), ApiKeyRequest())
    assert list(IssueGrant(credentials, (), lambda: now)("api_key", credential.credential).keys) == days


def test_an_administrator_is_granted_what_the_contracts_name(create, calling, admin, grant):
    """The gateway compares names and knows no star."""
    _, credential = create(calling(admin), ApiKeyRequest())
    assert grant("api_key", credential.credential).permissions == {"demo:create": "any", "record:query": "any"}


def test_unknown_and_mistaken_credentials_have_no_grant(create, sign_in, calling, ada, grant):
    """A key is no token, and a token is no key."""
    _, credential = create(calling(ada), ApiKeyRequest())
    token = sign_in(calling(None), "ada", PASSWORD).credential.credential
    assert [grant("api_key", "ak_unknown"), grant("api_key", token), grant("token", credential.credential)] == [
        None
    ] * 3


def test_every_sign_in_is_a_new_one_whatever_key_comes_along(sign_in, calling, ada, unit_of_work):
    """Callers of a public operation share no identity, so their keys would meet each other's."""
    caller = replace(calling(None), idempotency_key="once")
    sign_in(caller, "ada", PASSWORD)
    with pytest.raises(CredentialsInvalid):
        sign_in(caller, "ada", "not the password at all")
    assert [key for key, _ in unit_of_work.executed[-2:]] == ["", ""]


def test_an_expired_session_is_unknown_and_an_expired_key_inactive(create, sign_in, calling, ada, credentials):
    """Sessions end all the time; the end of a key deserves a reason."""
    token = sign_in(calling(None), "ada", PASSWORD).credential.credential
    _, key = create(calling(ada), ApiKeyRequest(expires_at=NOW + timedelta(hours=1)))
    later = IssueGrant(credentials, (), lambda: NOW + timedelta(hours=12))
    assert later("token", token) is None
    assert later("api_key", key.credential).credential_state is State.INACTIVE


def test_the_first_run_happens_once(unit_of_work, passwords, clock, calling, grant, sign_in):
    """A second first run would be a way in."""
    unit_of_work.store.roles.clear()
    run, account = FirstRun(unit_of_work, passwords, clock), new_first_account()
    assert not run.is_done(calling(None))
    assert run(calling(None), account)
    assert run.is_done(calling(None))
    assert not run(calling(None), new_first_account())
    assert sign_in(calling(None), "admin", account.password).session.user_id == 1
    assert grant("api_key", account.api_key.credential).roles == ("administrator",)
    told = [(change.resource, change.operation) for change in unit_of_work.changes[:-1]]
    assert told == [("role", "insert")] * 4 + [("user", "insert"), ("api_key", "insert")]


def test_the_first_password_is_long_and_never_the_same() -> None:
    """It guards everything until somebody changes it."""
    first, second = new_first_account(), new_first_account()
    assert len(first.password) >= 20
    assert first.password != second.password
    assert first.password not in repr(first)
