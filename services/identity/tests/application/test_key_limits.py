"""A key that is limited must stay so, whatever its holder tries: each test is a way out that somebody looks for."""

from dataclasses import replace
from datetime import timedelta

import pytest

from signet_identity.application.create_api_key import ApiKeyRequest, CreateApiKey
from signet_identity.application.issue_grant import IssueGrant
from signet_identity.application.manage_roles import ManageRoles, RoleUpdate
from signet_identity.application.revoke_api_key import RevokeApiKey
from signet_identity.application.update_api_key import ApiKeyUpdate, UpdateApiKey
from signet_identity.application.update_user import UpdateUser, UserUpdate
from signet_identity.domain.errors import Duplicate, FieldRefused, PrivilegeExceeded, RoleFixed, RoleInUse
from signet_identity.domain.permissions import Permission, Scope
from signet_identity.domain.roles import NewRole

OPERATIONS = frozenset({"demo:create", "demo:query", "api_key:create", "role:create", "user:update"})


@pytest.fixture
def create(unit_of_work, clock):
    return CreateApiKey(unit_of_work, OPERATIONS, clock)


@pytest.fixture
def update(unit_of_work, clock):
    return UpdateApiKey(unit_of_work, OPERATIONS, clock)


@pytest.fixture
def roles(unit_of_work, clock):
    return ManageRoles(unit_of_work, OPERATIONS, clock)


@pytest.fixture
def admin(add_user):
    return add_user("admin", "administrator")


@pytest.fixture
def limited(create, calling, admin):
    """The administrator, signing with a key for demos and keys alone."""
    narrow = ("api_key:create", "demo:query", "user:update")
    key, _ = create(calling(admin), ApiKeyRequest(permissions=narrow))
    return calling(admin, credential_id=f"api_key/{key.api_key_id}")


def test_a_grant_is_the_rights_of_the_moment_within_the_limit(create, calling, add_user, credentials, clock):
    """The limit adds nothing that the user lacks, and keeps the scope that the user has."""
    ada = add_user("ada", "user")
    _, new = create(calling(ada), ApiKeyRequest(permissions=("demo:query", "role:create")))
    assert IssueGrant(credentials, OPERATIONS, clock)("api_key", new.credential).permissions == {"demo:query": "own"}


@pytest.mark.parametrize("wanted", [None, ("demo:create",), ("demo:query", "demo:create")])
def test_a_limited_key_makes_no_key_beyond_itself(create, limited, wanted):
    """Neither one without limits, nor one that is limited to something else."""
    with pytest.raises(PrivilegeExceeded):
        create(limited, ApiKeyRequest(permissions=wanted))


def test_a_limited_key_makes_its_own_successor(create, limited):
    """Rotation is a second key and then the end of the first."""
    assert create(limited, ApiKeyRequest(permissions=("demo:query",)))[0].permissions == ("demo:query",)


def test_a_limited_key_cannot_widen_itself_nor_end_a_wider_one(
    create, update, calling, admin, limited, unit_of_work, clock
):
    """Changing a limit is making a key; and a wider key is not its to take away."""
    own = int(limited.credential_id.partition("/")[2])
    for values in ({"permissions": None}, {"permissions": ("demo:create",)}):
        with pytest.raises(PrivilegeExceeded):
            update(limited, ApiKeyUpdate(own, values))
    wide = create(calling(admin), ApiKeyRequest())[0].api_key_id
    with pytest.raises(PrivilegeExceeded):
        RevokeApiKey(unit_of_work, clock)(limited, wide)
    assert update(limited, ApiKeyUpdate(own, {"permissions": ("demo:query",)})).version == 2


def test_a_limited_key_does_not_manage_its_own_account(unit_of_work, clock, limited, admin, add_user):
    """Another address would receive the mail that sets a new password, and the session after it has no limit."""
    change = UpdateUser(unit_of_work, clock)
    with pytest.raises(PrivilegeExceeded):
        change(limited, UserUpdate(admin.user_id, {"email": "eve@example.org"}))
    with pytest.raises(PrivilegeExceeded):
        change(limited, UserUpdate(add_user("eve").user_id, roles=("operator",)))


def test_a_key_that_was_just_revoked_has_no_rights_left(create, calling, admin, limited, unit_of_work, clock):
    """Its grant may live a moment longer at the gateway; what it hands out is decided here."""
    caller = calling(admin, credential_id=f"api_key/{create(calling(admin), ApiKeyRequest())[0].api_key_id}")
    RevokeApiKey(unit_of_work, clock)(calling(admin), int(caller.credential_id.partition("/")[2]))
    for credential_id in (caller.credential_id, "api_key/999", "api_key/x", "", "other/1"):
        with pytest.raises(PrivilegeExceeded):
            create(replace(caller, credential_id=credential_id), ApiKeyRequest())


def test_a_name_is_given_once_per_user_and_a_permission_must_be_known(create, calling, admin, add_user):
    """A name that no contract asks for would wait for the day when one does; the star is nobody's limit."""
    create(calling(admin), ApiKeyRequest(key_name="laptop"))
    create(calling(add_user("ada", "user")), ApiKeyRequest(key_name="laptop"))
    with pytest.raises(Duplicate):
        create(calling(admin), ApiKeyRequest(key_name="laptop"))
    for unknown in ("made:up", "*:*"):
        with pytest.raises(FieldRefused) as refused:
            create(calling(admin), ApiKeyRequest(permissions=(unknown,)))
        assert refused.value.field == "permissions"


def test_an_unknown_permission_is_refused_with_those_that_may_have_been_meant(create, calling, admin):
    """Resources are not named as services are: the records of the audit log are `record`."""
    with pytest.raises(FieldRefused) as refused:
        create(calling(admin), ApiKeyRequest(permissions=("demos:create",)))
    assert "demo:create" in refused.value.message
    assert "/openapi.json" in refused.value.message


def test_use_is_noted_once_a_minute(create, calling, add_user, credentials, unit_of_work):
    """Every fetch of a grant is a use; a write for each would make reading dearer."""
    key, new = create(calling(add_user("ada", "user")), ApiKeyRequest())
    noted = []
    for seconds in (0, 59, 60):
        at = key.created_at + timedelta(seconds=seconds)
        IssueGrant(credentials, (), lambda at=at: at)("api_key", new.credential)
        noted.append(unit_of_work.store.api_keys[key.api_key_id][0].last_used_at)
    assert [at - key.created_at for at in noted] == [timedelta(0), timedelta(0), timedelta(seconds=60)]


def test_nobody_makes_or_changes_a_role_to_hold_what_they_lack(roles, calling, admin, limited, add_user):
    """A role is permissions for whoever holds it, its maker first."""
    reader = NewRole("reader", "", (Permission("demo:query", Scope.OWN),))
    creator = (Permission("demo:create", Scope.ANY),)
    olga = calling(add_user("olga", "auditor"))
    role = roles.create(olga, reader)
    for caller in (olga, limited):
        with pytest.raises(PrivilegeExceeded):
            roles.create(caller, NewRole("creator", "", creator))
        with pytest.raises(PrivilegeExceeded):
            roles.update(caller, RoleUpdate(role.role_id, permissions=creator))
    wide = roles.update(calling(admin), RoleUpdate(role.role_id, permissions=creator))
    for attempt in (
        lambda: roles.update(olga, RoleUpdate(wide.role_id, description="mine")),
        lambda: roles.update(olga, RoleUpdate(wide.role_id, permissions=())),
        lambda: roles.delete(olga, wide.role_id),
    ):
        with pytest.raises(PrivilegeExceeded):
            attempt()


def test_roles_that_keep_the_house_whole_stay(roles, calling, admin, unit_of_work, add_user):
    """The administrator's is what it is, seeded ones stay, and a role is not taken from its holders by deleting it."""
    seeded = {name: role.role_id for name, role in unit_of_work.store.roles.items()}
    with pytest.raises(RoleFixed):
        roles.update(calling(admin), RoleUpdate(seeded["administrator"], description="less"))
    with pytest.raises(RoleFixed):
        roles.delete(calling(admin), seeded["user"])
    with pytest.raises(FieldRefused):
        roles.create(calling(admin), NewRole("god", "", (Permission("*:*", Scope.ANY),)))
    held = roles.create(calling(admin), NewRole("held", "", ()))
    add_user("ada", "held")
    with pytest.raises(RoleInUse):
        roles.delete(calling(admin), held.role_id)
