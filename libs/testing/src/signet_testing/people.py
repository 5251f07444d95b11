"""Accounts that a test makes for itself, so that no test depends on what another one did."""

import secrets
from dataclasses import dataclass, field

from signet import ApiKeyCredential, Client


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account and an API key."""

    user_id: int
    user_name: str
    api_key_id: int
    credential: ApiKeyCredential
    password: str = field(repr=False)


def add_person(admin: Client, *roles: str) -> Person:
    """Make an account with these roles, a password and an API key."""
    password = secrets.token_urlsafe(18)
    user = admin.users.create(f"p{secrets.token_hex(6)}", password, roles=roles)
    key = admin.api_keys.create(user_id=user.user_id)
    return Person(user.user_id, user.user_name, key.api_key_id, key.credential, password)
