"""From rows to identity's objects, and what every reader of them shares."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from signet_common.sql.columns import BigId
from signet_identity.adapters.outbound.tables import API_KEYS, ROLE_PERMISSIONS, ROLES, USER_ROLES, USERS
from signet_identity.domain.credentials import ApiKey
from signet_identity.domain.permissions import Permission, Rights, Scope
from signet_identity.domain.roles import Role
from signet_identity.domain.users import State, User

USER_COLUMNS = [column for column in USERS.c if column is not USERS.c.password_hash]
API_KEY_COLUMNS = [column for column in API_KEYS.c if column is not API_KEYS.c.secret]

_ROLE_NAMES = (
    select(USER_ROLES.c.user_id, ROLES.c.role_name)
    .join_from(USER_ROLES, ROLES)
    .where(USER_ROLES.c.user_id.in_(bindparam("user_ids", expanding=True, type_=BigId)))
    .order_by(ROLES.c.role_name)
)
_ROLES_AND_RIGHTS = (
    select(ROLES.c.role_name, ROLE_PERMISSIONS.c.permission, ROLE_PERMISSIONS.c.scope)
    .select_from(USER_ROLES.join(ROLES).outerjoin(ROLE_PERMISSIONS, ROLE_PERMISSIONS.c.role_id == ROLES.c.role_id))
    .where(USER_ROLES.c.user_id == bindparam("user_id", type_=BigId))
    .order_by(ROLES.c.role_name)
)
_PERMISSIONS = select(ROLE_PERMISSIONS).order_by(ROLE_PERMISSIONS.c.permission)


def role_names(connection: Connection, user_ids: Collection[int]) -> dict[int, tuple[str, ...]]:
    """Return the names of the roles of each user, in alphabetical order; users without roles are absent."""
    names: dict[int, tuple[str, ...]] = {}
    if user_ids:
        for user_id, role_name in connection.execute(_ROLE_NAMES, {"user_ids": list(user_ids)}):
            names[user_id] = (*names.get(user_id, ()), role_name)
    return names


def roles_and_rights(connection: Connection, user_id: int) -> tuple[tuple[str, ...], Rights]:
    """Return the names of a user's roles and everything that they permit together."""
    rows = connection.execute(_ROLES_AND_RIGHTS, {"user_id": user_id}).all()
    permissions = [Permission(permission, Scope(scope)) for _, permission, scope in rows if permission is not None]
    return tuple(dict.fromkeys(role_name for role_name, _, _ in rows)), Rights.of(permissions)


def permissions_by_role(connection: Connection) -> dict[int, tuple[Permission, ...]]:
    """Return what each role permits."""
    permissions: dict[int, tuple[Permission, ...]] = {}
    for role_id, name, scope in connection.execute(_PERMISSIONS):
        permissions[role_id] = (*permissions.get(role_id, ()), Permission(name, Scope(scope)))
    return permissions


def user_of(row: Row[Any], names: Mapping[int, tuple[str, ...]]) -> User:
    """Build a user from a row that has at least `USER_COLUMNS`."""
    return User(
        user_id=row.user_id,
        user_name=row.user_name,
        email=row.email,
        phone=row.phone,
        display_name=row.display_name,
        user_state=State(row.user_state),
        roles=names.get(row.user_id, ()),
        email_confirmed_at=row.email_confirmed_at,
        password_changed_at=row.password_changed_at,
        version=row.version,
        created_at=row.created_at,
        created_by=row.created_by,
        updated_at=row.updated_at,
        updated_by=row.updated_by,
        pending_email=row.pending_email,
    )


def api_key_of(row: Row[Any]) -> ApiKey:
    """Build an API key from a row that has at least `API_KEY_COLUMNS`."""
    return ApiKey(
        api_key_id=row.api_key_id,
        user_id=row.user_id,
        api_key=row.api_key,
        key_name=row.key_name or row.api_key,
        description=row.description,
        permissions=limit_from(row.permissions),
        api_key_state=State(row.api_key_state),
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        version=row.version,
        created_at=row.created_at,
        created_by=row.created_by,
        updated_at=row.updated_at,
        updated_by=row.updated_by,
    )


def limit_from(stored: str | None) -> tuple[str, ...] | None:
    """Read the names that a key is limited to."""
    return None if stored is None else tuple(json.loads(stored))


def role_of(row: Row[Any], permissions: Mapping[int, tuple[Permission, ...]]) -> Role:
    """Build a role from its row."""
    return Role(
        role_id=row.role_id,
        role_name=row.role_name,
        description=row.description,
        permissions=permissions.get(row.role_id, ()),
        version=row.version,
        created_at=row.created_at,
        created_by=row.created_by,
        updated_at=row.updated_at,
        updated_by=row.updated_by,
    )
