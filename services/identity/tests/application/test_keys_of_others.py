"""A key that somebody made for somebody else never gets to more than its maker: the secret may still be known there."""

import pytest

from signet_identity.application.create_api_key import ApiKeyRequest, CreateApiKey
from signet_identity.application.manage_roles import ManageRoles, RoleUpdate
from signet_identity.application.recover_account import RecoverAccount
from signet_identity.application.update_api_key import ApiKeyUpdate, UpdateApiKey
from signet_identity.application.update_user import UpdateUser, UserUpdate
from signet_identity.domain.errors import PrivilegeExceeded
from signet_identity.domain.permissions import Permission, Scope
from signet_identity.domain.roles import NewRole
from signet_identity.domain.users import State

OPERATIONS = frozenset({"demo:create", "demo:query", "demo:delete"})


@pytest.fixture
def create(unit_of_work, clock):
    return CreateApiKey(unit_of_work, OPERATIONS, clock)


@pytest.fixture
def admin(add_user):
    return add_user("admin", "administrator")


@pytest.fixture
def helper(add_user):
    """Somebody who may manage users, and otherwise what the role `user` may."""
    return add_user("helper", "user")


@pytest.fixture
def target(add_user):
    return add_user("target")


def states(unit_of_work):
    return [key.api_key_state for key, _ in unit_of_work.store.api_keys.values()]


@pytest.fixture
def promote(unit_of_work, calling, clock, admin, credentials, hash_password):
    """Gives the target a role, in one of the ways that there are."""

    def by_update(target, role):
        UpdateUser(unit_of_work, clock)(calling(admin), UserUpdate(target.user_id, roles=(role,)))

    def by_deployment(target, role):
        RecoverAccount(credentials, unit_of_work, hash_password, clock).grant_role(calling(None), "target", role)

    return {"update": by_update, "deployment": by_deployment}


@pytest.mark.parametrize("how", ["update", "deployment"])
def test_a_key_ends_when_its_user_gets_what_its_maker_lacks(
    create, calling, promote, helper, target, unit_of_work, how
):
    """Otherwise the helper, who made it while the user was nobody, holds the key of an administrator."""
    create(calling(helper), ApiKeyRequest(user_id=target.user_id))
    promote[how](target, "administrator")
    assert states(unit_of_work) == [State.INACTIVE]
    assert [change.operation for change in unit_of_work.changes if change.resource == "api_key"] == ["insert", "delete"]


def test_keys_stay_where_the_maker_could_do_the_same(create, calling, promote, admin, helper, target, unit_of_work):
    """The user's own key, an administrator's, one within its limit, and all of them where nothing was gained."""
    create(calling(target), ApiKeyRequest())
    create(calling(admin), ApiKeyRequest(user_id=target.user_id))
    create(calling(helper), ApiKeyRequest(user_id=target.user_id, key_name="free"))
    promote["update"](target, "user")
    assert set(states(unit_of_work)) == {State.ACTIVE}
    promote["update"](target, "operator")
    assert states(unit_of_work) == [State.ACTIVE, State.ACTIVE, State.INACTIVE]


def test_a_limit_counts_with_the_scope_that_the_user_got(create, calling, promote, helper, target, unit_of_work):
    """The helper deletes demos of one user, not of all: a limit by name does not hold the wider scope off."""
    create(calling(helper), ApiKeyRequest(user_id=target.user_id, permissions=("demo:delete",)))
    promote["update"](target, "user")
    assert states(unit_of_work) == [State.ACTIVE]
    promote["update"](target, "operator")
    assert states(unit_of_work) == [State.INACTIVE]


def test_a_role_that_grows_ends_the_keys_of_its_holders(
    create, calling, promote, admin, helper, target, add_user, unit_of_work, clock
):
    """It gives all of them more at once; keys for others stay."""
    roles = ManageRoles(unit_of_work, OPERATIONS, clock)
    role = roles.create(calling(admin), NewRole("clerk", "", (Permission("demo:query", Scope.OWN),)))
    promote["update"](target, "clerk")
    create(calling(helper), ApiKeyRequest(user_id=target.user_id))
    create(calling(helper), ApiKeyRequest(user_id=add_user("other").user_id))
    roles.update(calling(admin), RoleUpdate(role.role_id, permissions=(Permission("demo:query", Scope.ANY),)))
    assert states(unit_of_work) == [State.INACTIVE, State.ACTIVE]


def test_a_limit_is_lifted_where_the_maker_may_do_the_same(create, calling, admin, helper, target, unit_of_work, clock):
    """An administrator's key for somebody, and one's own."""
    update = UpdateApiKey(unit_of_work, OPERATIONS, clock)
    for maker, user in ((admin, target), (helper, helper)):
        key, _ = create(calling(maker), ApiKeyRequest(user_id=user.user_id, permissions=("demo:query",)))
        assert update(calling(maker), ApiKeyUpdate(key.api_key_id, {"permissions": None})).permissions is None


def test_lifting_the_limit_of_somebody_elses_key_is_refused(
    create, calling, promote, admin, helper, target, unit_of_work, clock
):
    """The key stayed because its limit held; without the limit it would not have."""
    key, _ = create(calling(helper), ApiKeyRequest(user_id=target.user_id, permissions=("demo:create",)))
    roles, update = ManageRoles(unit_of_work, OPERATIONS, clock), UpdateApiKey(unit_of_work, OPERATIONS, clock)
    roles.create(calling(admin), NewRole("reader", "", (Permission("demo:query", Scope.ANY),)))
    promote["update"](target, "reader")
    assert states(unit_of_work) == [State.ACTIVE]
    with pytest.raises(PrivilegeExceeded):
        update(calling(admin), ApiKeyUpdate(key.api_key_id, {"permissions": None}))
    assert update(calling(admin), ApiKeyUpdate(key.api_key_id, {"permissions": ()})).permissions == ()
