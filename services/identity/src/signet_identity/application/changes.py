"""What events say about identity's objects: each field that may be told, none that is secret."""

from typing import Any

from signet_common.messaging.recording import Change
from signet_identity.domain.credentials import ApiKey, Session
from signet_identity.domain.roles import Role
from signet_identity.domain.users import User

USER_FIELDS = (
    "user_name",
    "email",
    "phone",
    "display_name",
    "user_state",
    "roles",
    "email_confirmed_at",
    "pending_email",
    "password_changed_at",
)
API_KEY_FIELDS = ("user_id", "api_key", "key_name", "description", "permissions", "api_key_state", "expires_at")


def inserted_user(user: User) -> Change:
    """Tell of a new account."""
    return Change("user", "insert", str(user.user_id), user.version, _inserted(user, USER_FIELDS))


def updated_user(old: User, new: User) -> Change:
    """Tell of the fields that changed, and of those alone."""
    return Change("user", "update", str(new.user_id), new.version, _changed(old, new, USER_FIELDS))


def deleted_user(user: User) -> Change:
    """Tell of an account that is gone, and what it was."""
    changes = {name: (old, None) for name, (_, old) in _inserted(user, USER_FIELDS).items()}
    return Change("user", "delete", str(user.user_id), user.version + 1, changes)


def queried_user(user: User) -> Change:
    """Tell that a user was read."""
    return Change("user", "query", str(user.user_id))


def inserted_role(role: Role) -> Change:
    """Tell of a new role and what it permits."""
    return Change("role", "insert", str(role.role_id), role.version, {n: (None, v) for n, v in _told(role).items()})


def updated_role(old: Role, new: Role) -> Change:
    """Tell of the fields that changed, and of those alone."""
    before, after = _told(old), _told(new)
    changes = {name: (before[name], after[name]) for name in before if before[name] != after[name]}
    return Change("role", "update", str(new.role_id), new.version, changes)


def deleted_role(role: Role) -> Change:
    """Tell of a role that nobody can hold any more."""
    changes = {name: (value, None) for name, value in _told(role).items()}
    return Change("role", "delete", str(role.role_id), role.version + 1, changes)


def queried_role(role: Role) -> Change:
    """Tell that a role was read."""
    return Change("role", "query", str(role.role_id))


def inserted_api_key(api_key: ApiKey) -> Change:
    """Tell of a new key; its secret is not among its fields."""
    return Change("api_key", "insert", str(api_key.api_key_id), api_key.version, _inserted(api_key, API_KEY_FIELDS))


def updated_api_key(old: ApiKey, new: ApiKey) -> Change:
    """Tell of the fields that changed, and of those alone."""
    return Change("api_key", "update", str(new.api_key_id), new.version, _changed(old, new, API_KEY_FIELDS))


def queried_api_key(api_key: ApiKey) -> Change:
    """Tell that a key was read."""
    return Change("api_key", "query", str(api_key.api_key_id))


def revoked_api_key(api_key: ApiKey, version: int) -> Change:
    """Tell of a key that signs nothing any more."""
    changes = {"user_id": (api_key.user_id, None), "api_key": (api_key.api_key, None)}
    return Change("api_key", "delete", str(api_key.api_key_id), version, changes)


def rotated_keyring(before: str, current: str) -> Change:
    """Tell that every stored secret lies under another key; the keys have names, and nothing else is told."""
    return Change("keyring", "update", "keyring", changes={"current": (before, current)})


def retired_key(key_id: str) -> Change:
    """Tell that a key of the keyring is forgotten."""
    return Change("keyring", "delete", "keyring", changes={"key": (key_id, None)})


def opened_session(session: Session) -> Change:
    """Tell of a sign-in."""
    changes = {"user_id": (None, session.user_id), "expires_at": (None, session.expires_at)}
    return Change("session", "insert", str(session.session_id), 1, changes)


def ended_session(session_id: int, user_id: int) -> Change:
    """Tell of a sign-out."""
    return Change("session", "delete", str(session_id), 2, {"user_id": (user_id, None)})


def failed_login(user: User | None, reason: str) -> Change:
    """Tell of a refused sign-in: whose, where that is known.

    The login itself is not told: people type passwords there.
    """
    changes: dict[str, tuple[Any, Any]] = {"reason": (None, reason)}
    if user is not None:
        changes |= {"user_id": (None, user.user_id), "user_name": (None, user.user_name)}
    return Change("session", "login_failed", changes=changes)


def requested_password_reset(user: User | None, outcome: str) -> Change:
    """Tell that a password reset was asked for, and whether a mail left; the login itself is not told."""
    changes: dict[str, tuple[Any, Any]] = {"outcome": (None, outcome)}
    if user is not None:
        changes |= {"user_id": (None, user.user_id), "user_name": (None, user.user_name)}
    return Change("password_reset", "insert", changes=changes)


def completed_password_reset(user: User) -> Change:
    """Tell that a password was set anew with a token from a mail."""
    changes = {"user_id": (None, user.user_id), "user_name": (None, user.user_name)}
    return Change("password_reset", "complete", changes=changes)


def requested_email_confirmation(user: User, address: str) -> Change:
    """Tell that a user asked to confirm an address, and which."""
    changes = {"user_id": (None, user.user_id), "email": (None, address)}
    return Change("email_confirmation", "insert", changes=changes)


def _inserted(row: object, fields: tuple[str, ...]) -> dict[str, tuple[Any, Any]]:
    return {name: (None, _plain(getattr(row, name))) for name in fields if getattr(row, name) is not None}


def _told(role: Role) -> dict[str, Any]:
    permissions = sorted(f"{permission.name} {permission.scope}" for permission in role.permissions)
    return {"role_name": role.role_name, "description": role.description, "permissions": permissions}


def _changed(old: object, new: object, fields: tuple[str, ...]) -> dict[str, tuple[Any, Any]]:
    return {
        name: (_plain(getattr(old, name)), _plain(getattr(new, name)))
        for name in fields
        if getattr(old, name) != getattr(new, name)
    }


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
