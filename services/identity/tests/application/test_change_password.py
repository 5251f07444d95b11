"""Changing one's own password, on fakes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from signet_identity.application.change_password import ChangePassword
from signet_identity.application.sign_in import SignIn
from signet_identity.domain.credentials import SessionLifetime
from signet_identity.domain.errors import CredentialsInvalid, FieldRefused, NotFound

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
OLD, NEW = "correct horse battery", "staple of another stable"


@pytest.fixture
def change(unit_of_work, prove_password, attempts, hash_password, clock):
    return ChangePassword(unit_of_work, prove_password, attempts, hash_password, clock)


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
def ada(add_user, passwords):
    return add_user("ada", "user", email="lovelace@example.org", password_hash=passwords.hash(OLD))


def test_the_new_password_signs_in_and_the_old_one_does_not(change, sign_in, calling, ada):
    """Which is all that its owner wants to know."""
    change(calling(ada, scope="own"), OLD, NEW)
    assert sign_in(calling(None), "ada", NEW).session.user_id == ada.user_id
    with pytest.raises(CredentialsInvalid):
        sign_in(calling(None), "ada", OLD)


def test_every_session_but_the_callers_ends(change, sign_in, calling, ada, unit_of_work):
    """Whoever knew the old password may sit in one of the others; each end is told, so that its grants drop."""
    mine, other, third = (sign_in(calling(None), "ada", OLD).session.session_id for _ in range(3))
    change(calling(ada, scope="own", credential_id=f"session/{mine}"), OLD, NEW)
    assert list(unit_of_work.store.sessions) == [mine]
    ended = [change.object_id for change in unit_of_work.changes if change.operation == "delete"]
    assert ended == [str(other), str(third)]


def test_with_an_api_key_every_session_ends(change, sign_in, calling, ada, unit_of_work):
    """`api_key/1` is not session 1."""
    sign_in(calling(None), "ada", OLD)
    change(calling(ada, scope="own", credential_id="api_key/1"), OLD, NEW)
    assert unit_of_work.store.sessions == {}


def test_a_wrong_old_password_changes_nothing_and_is_told(change, calling, ada, unit_of_work):
    """A stolen session must not become the account."""
    with pytest.raises(CredentialsInvalid):
        change(calling(ada, scope="own"), "not the password at all", NEW)
    assert [change.operation for change in unit_of_work.changes] == ["login_failed"]
    assert unit_of_work.store.accounts[ada.user_id].password_hash == OLD[::-1]


@pytest.mark.parametrize("password", ["short", "lovelace and friends", "I am ADA, really", "QwertyQwerty"])
def test_a_new_password_obeys_the_rules(change, calling, ada, password, unit_of_work):
    """The same ones as at creation, and the refusal names the field."""
    with pytest.raises(FieldRefused) as refused:
        change(calling(ada, scope="own"), OLD, password)
    assert refused.value.field == "new_password"
    assert unit_of_work.changes == []


def test_the_event_names_the_time_and_no_secret(change, calling, ada, unit_of_work):
    """The log keeps for years what it is told."""
    change(calling(ada, scope="own"), OLD, NEW)
    (told,) = unit_of_work.changes
    assert (told.resource, told.operation, told.object_version) == ("user", "update", 2)
    assert told.changes == {"password_changed_at": (None, NOW)}


def test_no_digest_of_a_password_is_kept_under_an_idempotency_key(change, calling, ada, unit_of_work):
    """A key's row holds a fast digest of the body; the passwords could be guessed against it."""
    change(replace(calling(ada, scope="own"), idempotency_key="once"), OLD, NEW)
    with pytest.raises(CredentialsInvalid):
        change(replace(calling(ada, scope="own"), idempotency_key="once"), OLD, NEW)
    assert {key for key, _ in unit_of_work.executed} == {""}


def test_nobody_has_no_password(change, calling, ada, unit_of_work):
    """Neither a passport that speaks for nobody, nor an account that has just gone."""
    with pytest.raises(NotFound):
        change(calling(None), OLD, NEW)
    with pytest.raises(NotFound):
        change(calling(replace(ada, user_id=99)), OLD, NEW)
