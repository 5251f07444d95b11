"""Deleting accounts, on fakes."""

from datetime import timedelta

import pytest

from signet_identity.application.create_api_key import ApiKeyRequest, CreateApiKey
from signet_identity.application.delete_user import DeleteUser
from signet_identity.application.issue_grant import IssueGrant
from signet_identity.application.revoke_api_key import RevokeApiKey
from signet_identity.application.sign_in import SignIn
from signet_identity.domain.credentials import SessionLifetime
from signet_identity.domain.errors import LastAdministrator, NotFound, PrivilegeExceeded, VersionConflict

PASSWORD = "correct horse battery"


@pytest.fixture
def delete(unit_of_work):
    return DeleteUser(unit_of_work)


@pytest.fixture
def admin(add_user):
    return add_user("admin", "administrator")


def test_a_deleted_user_leaves_no_credential_behind(
    delete, calling, admin, add_user, passwords, credentials, unit_of_work, clock, attempts
):
    """Sessions and keys go with the account; each that worked is told, so that its grants drop."""
    ada = add_user("ada", "user", password_hash=passwords.hash(PASSWORD))
    create = CreateApiKey(unit_of_work, (), clock)
    revoked, _ = create(calling(ada), ApiKeyRequest())
    kept, key = create(calling(ada), ApiKeyRequest())
    RevokeApiKey(unit_of_work, clock)(calling(ada), revoked.api_key_id)
    session = SignIn(
        credentials,
        unit_of_work,
        attempts,
        passwords,
        clock,
        lifetime=SessionLifetime(timedelta(hours=1), timedelta(hours=1)),
    )(calling(None), "ada", PASSWORD)
    before = len(unit_of_work.changes)
    delete(calling(admin), ada.user_id)
    grant = IssueGrant(credentials, (), clock)
    assert grant("api_key", key.credential) is None
    assert grant("token", session.credential.credential) is None
    told = [(c.resource, c.operation, c.object_id, c.object_version) for c in unit_of_work.changes[before:]]
    assert told == [
        ("session", "delete", str(session.session.session_id), 2),
        ("api_key", "delete", str(kept.api_key_id), 2),
        ("user", "delete", str(ada.user_id), 2),
    ]
    assert unit_of_work.changes[-1].changes["user_name"] == ("ada", None)
    with pytest.raises(NotFound):
        delete(calling(admin), ada.user_id)


def test_nobody_deletes_someone_who_may_do_more(delete, calling, admin, add_user):
    """Nor anybody out of scope."""
    with pytest.raises(PrivilegeExceeded):
        delete(calling(add_user("olga", "operator")), admin.user_id)
    with pytest.raises(NotFound):
        delete(calling(add_user("bob", "user"), scope="own"), admin.user_id)


def test_the_last_active_administrator_cannot_be_deleted(delete, calling, admin, add_user, unit_of_work):
    """Not even by themselves; with a second one they can."""
    with pytest.raises(LastAdministrator):
        delete(calling(admin), admin.user_id)
    add_user("grace", "administrator")
    delete(calling(admin), admin.user_id)
    assert admin.user_id not in unit_of_work.store.accounts


def test_an_account_that_changed_meanwhile_is_kept(delete, calling, admin, add_user):
    """Whoever decided on an older state decides again."""
    ada = add_user("ada", "user")
    with pytest.raises(VersionConflict):
        delete(calling(admin), ada.user_id, frozenset({2}))
    delete(calling(admin), ada.user_id, frozenset({1}))
