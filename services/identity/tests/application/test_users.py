"""Who may create and change whom: rights never grow on their way down."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from signet_identity.application.create_user import CreateUser
from signet_identity.application.update_user import UpdateUser, UserUpdate
from signet_identity.domain.errors import (
    Duplicate,
    FieldRefused,
    LastAdministrator,
    NotFound,
    PrivilegeExceeded,
    VersionConflict,
)
from signet_identity.domain.permissions import Permission, Scope
from signet_identity.domain.roles import RoleSeed
from signet_identity.domain.users import NewUser, State


@pytest.fixture
def create(unit_of_work, hash_password, clock):
    return CreateUser(unit_of_work, hash_password, clock, lambda digest: f"keyed {digest}")


@pytest.fixture
def update(unit_of_work, clock):
    return UpdateUser(unit_of_work, clock)


@pytest.fixture
def admin(add_user):
    return add_user("admin", "administrator")


@pytest.fixture
def manager(unit_of_work, add_user, calling):
    """Somebody who manages users and may do what the role `user` may, and nothing else."""
    manages = tuple(Permission(f"user:{operation}", Scope.ANY) for operation in ("create", "query", "update"))
    seeds = {"manager": RoleSeed("", manages)}
    unit_of_work.execute(
        calling(None), lambda transaction: transaction.roles.seed(seeds, at=datetime(2026, 1, 1, tzinfo=UTC)), list
    )
    return add_user("manager", "manager", "user")


def test_an_administrator_creates_users_of_any_role(create, calling, admin):
    """The wildcard covers every role."""
    user = create(calling(admin), NewUser("ada", roles=("operator", "auditor")))
    assert (user.user_name, user.roles, user.created_by) == ("ada", ("auditor", "operator"), admin.user_id)


def test_nobody_creates_a_user_who_may_do_more(create, calling, manager, unit_of_work):
    """Otherwise a manager would make an account with more rights and sign in as it."""
    assert create(calling(manager), NewUser("bob", roles=("user",))).roles == ("user",)
    for role in ("operator", "administrator"):
        with pytest.raises(PrivilegeExceeded):
            create(calling(manager), NewUser("eve", roles=(role,)))
    assert "eve" not in [account.user.user_name for account in unit_of_work.store.accounts.values()]


def test_rights_are_those_of_the_moment_and_not_of_the_passport(create, update, calling, admin, manager):
    """A passport was made before the demotion that its owner may try to outrun."""
    caller = replace(calling(manager), roles=("administrator",))
    with pytest.raises(PrivilegeExceeded):
        create(caller, NewUser("eve", roles=("administrator",)))


def test_a_new_user_leaves_an_event_without_the_password(create, calling, admin, unit_of_work):
    """The event is kept for ever, and the password is nobody's to read."""
    create(calling(admin), NewUser("ada", email="ada@example.org", password="correct horse battery"))
    (change,) = unit_of_work.changes
    assert (change.resource, change.operation, change.object_version) == ("user", "insert", 1)
    assert change.changes["email"] == (None, "ada@example.org")
    assert "correct horse" not in str(change)
    assert "correct horse"[::-1] not in str(change)


@pytest.mark.parametrize(
    ("new", "field"),
    [
        (NewUser("a@b"), "user_name"),
        (NewUser("ada", email="nowhere"), "email"),
        (NewUser("ada", roles=("emperor",)), "roles"),
        (NewUser("ada", password="short"), "password"),
        (NewUser("ada lovelace", password="i am Ada Lovelace!"), "password"),
    ],
)
def test_a_refusal_names_its_field(create, calling, admin, new, field):
    """A client shows the message beside the field."""
    with pytest.raises(FieldRefused) as refused:
        create(calling(admin), new)
    assert refused.value.field == field


@pytest.mark.parametrize("field", ["user_name", "email", "phone"])
def test_what_identifies_one_user_cannot_identify_another(create, calling, admin, field):
    """A login has one owner."""
    contact = {"email": "ada@example.org", "phone": "+49301234"}
    create(calling(admin), NewUser("ada", **contact))
    again = {"user_name": "bob", field: {"user_name": "ada", **contact}[field]}
    with pytest.raises(Duplicate) as refused:
        create(calling(admin), NewUser(**again))
    assert refused.value.field == field


def test_an_update_raises_the_version_and_tells_what_changed(update, calling, admin, add_user, unit_of_work):
    """The event carries what changed, old and new, and nothing else."""
    ada = add_user("ada", "user", email="ada@example.org")
    new = update(calling(admin), UserUpdate(ada.user_id, {"email": None}, State.INACTIVE))
    assert (new.email, new.user_state, new.version, new.updated_by) == (None, State.INACTIVE, 2, admin.user_id)
    (change,) = unit_of_work.changes
    assert change.changes == {"email": ("ada@example.org", None), "user_state": ("active", "inactive")}


def test_an_update_that_changes_nothing_is_recorded_as_the_read_that_it_is(
    update, calling, admin, add_user, unit_of_work
):
    """Its answer shows the user: without a record it would be a way to read unseen."""
    ada = add_user("ada", "user", email="ada@example.org")
    assert update(calling(admin), UserUpdate(ada.user_id, {"email": ada.email}, roles=("user", "user"))) == ada
    (read,) = unit_of_work.changes
    assert (read.operation, read.object_id, read.object_version) == ("query", str(ada.user_id), None)


def test_an_update_of_another_version_is_refused(update, calling, admin, add_user):
    """If-Match: the caller decided on what it saw."""
    ada = add_user("ada")
    with pytest.raises(VersionConflict):
        update(calling(admin), UserUpdate(ada.user_id, {"email": "ada@example.org"}, expected=frozenset({2, 3})))
    assert update(calling(admin), UserUpdate(ada.user_id, {"email": "a@b.org"}, expected=frozenset({1}))).version == 2


def test_nobody_manages_somebody_who_may_do_more(update, calling, manager, add_user):
    """Changing an administrator's address is the first half of becoming that administrator."""
    operator = add_user("olga", "operator")
    with pytest.raises(PrivilegeExceeded):
        update(calling(manager), UserUpdate(operator.user_id, {"email": "eve@example.org"}))
    ulla = add_user("ulla", "user")
    assert update(calling(manager), UserUpdate(ulla.user_id, {"email": "u@example.org"})).email == "u@example.org"


def test_nobody_promotes_anybody_beyond_themselves(update, calling, manager, add_user):
    """Not others, and not oneself."""
    ulla = add_user("ulla", "user")
    for user in (ulla, manager):
        with pytest.raises(PrivilegeExceeded):
            update(calling(manager), UserUpdate(user.user_id, roles=("administrator",)))


def test_scope_own_reaches_the_own_contact_and_nothing_else(update, calling, add_user):
    """Out of scope is not found, and rights are not the own business."""
    ada, bob = add_user("ada", "user"), add_user("bob", "user")
    caller = calling(ada, scope="own")
    assert update(caller, UserUpdate(ada.user_id, {"display_name": "Ada"})).display_name == "Ada"
    with pytest.raises(NotFound):
        update(caller, UserUpdate(bob.user_id, {"phone": "12346"}))
    for change in ({"user_state": State.INACTIVE}, {"roles": ()}):
        with pytest.raises(PrivilegeExceeded):
            update(caller, UserUpdate(ada.user_id, **change))


@pytest.mark.parametrize("change", [{"user_state": State.INACTIVE}, {"roles": ("operator",)}])
def test_the_last_administrator_stays(update, calling, admin, add_user, change):
    """An installation without administrator cannot be repaired from inside."""
    add_user("olga", "operator")
    with pytest.raises(LastAdministrator):
        update(calling(admin), UserUpdate(admin.user_id, **change))


@pytest.mark.parametrize("change", [{"user_state": State.INACTIVE}, {"roles": ("operator",)}])
def test_an_administrator_may_go_while_another_is_active(update, calling, admin, add_user, change):
    """Only the last one is held, and an inactive one does not count."""
    second = add_user("grace", "administrator")
    update(calling(admin), UserUpdate(second.user_id, user_state=State.INACTIVE))
    with pytest.raises(LastAdministrator):
        update(calling(admin), UserUpdate(admin.user_id, **change))
    update(calling(admin), UserUpdate(second.user_id, user_state=State.ACTIVE))
    assert not update(calling(admin), UserUpdate(admin.user_id, **change)).is_active_administrator


def test_no_plain_digest_of_a_password_is_under_an_idempotency_key(create, calling, admin, unit_of_work):
    """A key's row keeps a digest of the body; a fast one would let a thief of the database guess the password."""
    caller = replace(calling(admin), idempotency_key="once", body_sha256="digest")
    create(caller, NewUser("ada", password="correct horse battery"))
    create(caller, NewUser("robot"))
    assert [key for key, _ in unit_of_work.executed[-2:]] == ["once", "once"]
    assert unit_of_work.bodies[-2:] == ["keyed digest", "digest"]
