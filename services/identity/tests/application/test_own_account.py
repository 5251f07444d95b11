"""One's own e-mail address and phone number: with the password, and an address once it is proven. On fakes."""

import json
from dataclasses import replace

import pytest

from signet_identity.application.update_own_account import OwnUpdate, UpdateOwnAccount
from signet_identity.application.update_user import UpdateUser, UserUpdate
from signet_identity.domain.errors import CredentialsInvalid, Duplicate, FieldRefused, TooManySignIns, VersionConflict

PASSWORD, EMAIL, OTHER = "correct horse battery", "ada@example.org", "eve@example.com"


@pytest.fixture
def update(unit_of_work, clock):
    return UpdateUser(unit_of_work, clock)


@pytest.fixture
def update_own(update, prove_password, attempts):
    return UpdateOwnAccount(update, prove_password, attempts, lambda digest: f"keyed {digest}")


@pytest.fixture
def ada(add_user, passwords):
    return add_user("ada", "user", email=EMAIL, phone="12345", password_hash=passwords.hash(PASSWORD))


@pytest.mark.parametrize("contact", [{"email": OTHER}, {"email": None}, {"phone": "54321"}, {"phone": None}])
def test_another_login_takes_the_password(update, update_own, calling, ada, contact, unit_of_work):
    """A stolen session, or a key, must not become the account: not here, and not by the account's number."""
    with pytest.raises(FieldRefused) as refused:
        update_own(calling(ada, scope="own"), OwnUpdate(contact))
    assert refused.value.field == "old_password"
    with pytest.raises(FieldRefused):
        update(calling(ada, scope="own"), UserUpdate(ada.user_id, contact))
    with pytest.raises(CredentialsInvalid):
        update_own(calling(ada, scope="own"), OwnUpdate(contact, "not the password at all"))
    assert unit_of_work.store.accounts[ada.user_id].user == ada
    assert [change.operation for change in unit_of_work.changes] == ["login_failed"]
    assert update_own(calling(ada, scope="own"), OwnUpdate(contact, PASSWORD)).version == 2


def test_an_account_without_a_password_proves_nothing(update_own, calling, add_user):
    """Whoever manages it changes its contact: a machine that lost its key has lost nothing more."""
    robot = add_user("robot", "user")
    with pytest.raises(CredentialsInvalid):
        update_own(calling(robot, scope="own"), OwnUpdate({"phone": "54321"}, ""))


def test_what_changes_no_login_takes_no_password(update_own, calling, ada):
    """A display name is nothing that anybody signs in with, nor is the address that is there already."""
    own = OwnUpdate({"display_name": "Ada", "email": EMAIL, "phone": "12345"})
    assert update_own(calling(ada, scope="own"), own).display_name == "Ada"


def test_the_wanted_address_waits_and_the_old_one_is_told(update_own, calling, ada, unit_of_work):
    """Until it is confirmed it is neither a login nor where a new password goes; its owner hears of a thief."""
    changed = update_own(calling(ada, scope="own"), OwnUpdate({"email": OTHER}, PASSWORD))
    assert (changed.email, changed.pending_email) == (EMAIL, OTHER)
    [mail] = [json.loads(command.body) for command in unit_of_work.store.commands]
    assert mail == {"to": EMAIL, "template": "email_changed", "values": {"user_name": "ada"}}
    assert unit_of_work.changes[-1].changes == {"pending_email": (None, OTHER)}


def test_a_wanted_address_is_in_nobodys_way(update, update_own, calling, ada, add_user, passwords):
    """Anybody may wait for it, nobody learns that it has an owner, and an administrator can give it to its owner."""
    bob = add_user("bob", "user", password_hash=passwords.hash(PASSWORD))
    for address in (EMAIL, "new.hire@example.org"):
        changed = update_own(calling(bob, scope="own"), OwnUpdate({"email": address}, PASSWORD))
        assert (changed.email, changed.pending_email) == (None, address)
    hire, admin = add_user("hire"), add_user("admin", "administrator")
    given = update(calling(admin), UserUpdate(hire.user_id, {"email": "new.hire@example.org"}))
    assert (given.email, given.pending_email) == ("new.hire@example.org", None)


def test_the_address_that_somebody_gives_takes_the_place_of_a_wanted_one(update, update_own, calling, ada, add_user):
    """Who manages the account has the last word, and its owner's mailbox is told of that, too."""
    update_own(calling(ada, scope="own"), OwnUpdate({"email": OTHER}, PASSWORD))
    admin = add_user("admin", "administrator")
    given = update(calling(admin), UserUpdate(ada.user_id, {"email": "lovelace@example.org"}))
    assert (given.email, given.pending_email) == ("lovelace@example.org", None)


def test_numbers_cannot_be_tried_out(update_own, calling, ada, add_user, passwords):
    """Whose phone is known here is not for users to find out; proving the own password in between clears nothing."""
    add_user("bob", phone="99999")
    caller = calling(ada, scope="own")
    for number in range(5):
        if number < 4:
            update_own(caller, OwnUpdate({"phone": f"1234{number}"}, PASSWORD))
        with pytest.raises(Duplicate):
            update_own(caller, OwnUpdate({"phone": "99999"}, PASSWORD))
    with pytest.raises(TooManySignIns):
        update_own(caller, OwnUpdate({"phone": "77777"}, PASSWORD))


def test_refusals_for_other_reasons_count_for_nothing(update_own, calling, ada):
    """An owner with the right password is not slowed down by an If-Match that is out of date."""
    caller = calling(ada, scope="own")
    for _ in range(8):
        with pytest.raises(VersionConflict):
            update_own(caller, OwnUpdate({"phone": "77777"}, PASSWORD, frozenset({7})))
    assert update_own(caller, OwnUpdate({"phone": "77777"}, PASSWORD)).phone == "77777"


def test_a_password_that_changed_meanwhile_proves_nothing(update, calling, ada, unit_of_work):
    """Its owner may just have thrown the thief out."""
    before = unit_of_work.store.accounts[ada.user_id]
    unit_of_work.store.accounts[ada.user_id] = replace(before, password_hash="another")
    with pytest.raises(VersionConflict):
        update(calling(ada, scope="own"), UserUpdate(ada.user_id, {"phone": "77777"}), before)


def test_no_plain_digest_of_a_password_is_under_an_idempotency_key(update_own, calling, ada, unit_of_work):
    """A key's row keeps a digest of the body, against which a thief of the database could guess the password."""
    caller = replace(calling(ada, scope="own"), idempotency_key="once", body_sha256="digest")
    update_own(caller, OwnUpdate({"phone": "77777"}, PASSWORD))
    assert "keyed digest" in unit_of_work.bodies
    assert "digest" not in [
        body for (key, _), body in zip(unit_of_work.executed[-3:], unit_of_work.bodies[-3:], strict=True) if key
    ]
