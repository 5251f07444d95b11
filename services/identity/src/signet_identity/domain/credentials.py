"""What requests are signed with: API keys and sessions.

An API key's name travels in the open and only says which secret signs. A session's token does both jobs of a name and
is as good as a password until its signature is asked for, so only its SHA-256 is stored.
"""

import base64
import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from signet_identity.domain.errors import FieldRefused
from signet_identity.domain.permissions import Permission, Rights, Scope
from signet_identity.domain.users import State

API_KEY_PREFIX = "ak_"
TOKEN_PREFIX = "st_"  # noqa: S105 - the visible beginning of every token, not one of them


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key as it is shown: never with its secret.

    `permissions` are the names that it is limited to, None for all of its user's. Times are UTC; None is never.
    """

    api_key_id: int
    user_id: int
    api_key: str
    key_name: str
    description: str | None
    permissions: tuple[str, ...] | None
    api_key_state: State
    expires_at: datetime | None
    last_used_at: datetime | None
    version: int
    created_at: datetime
    created_by: int | None
    updated_at: datetime
    updated_by: int | None

    @property
    def limit(self) -> Rights | None:
        """What the key is limited to, in whatever scope its user has; None: it has no limit of its own."""
        return limit_of(self.permissions)

    def state_at(self, now: datetime) -> State:
        """Active unless revoked or past its time."""
        expired = self.expires_at is not None and self.expires_at <= now
        return State.INACTIVE if expired else self.api_key_state


@dataclass(frozen=True, slots=True)
class EndingApiKey:
    """An API key that will sign nothing soon, and the confirmed address of whom it speaks for."""

    api_key_id: int
    key_name: str
    expires_at: datetime
    user_id: int
    user_name: str
    email: str


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """What a key begins with, beside the credential itself."""

    user_id: int
    key_name: str
    description: str | None = None
    permissions: tuple[str, ...] | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in user: until `expires_at` whatever happens, until `idle_expires_at` unless it signs before. UTC."""

    session_id: int
    user_id: int
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    idle_expires_at: datetime
    client_ip: str | None


@dataclass(frozen=True, slots=True)
class SessionLifetime:
    """How long a session lasts, and how long without being used."""

    absolute: timedelta
    idle: timedelta


@dataclass(frozen=True, slots=True)
class NewCredential:
    """A credential at the only moment when it is whole: shown to its owner once, and never again."""

    credential: str = field(repr=False)
    secret: str = field(repr=False)


def limit_of(names: Iterable[str] | None) -> Rights | None:
    """The limit that names of permissions make: it intersects with the rights of the moment, and adds nothing."""
    return None if names is None else Rights.of(Permission(name, Scope.ANY) for name in names)


def new_api_key() -> NewCredential:
    """Draw an API key: 96 bits of name, 256 bits of secret."""
    return NewCredential(API_KEY_PREFIX + _random(12), _random(32))


def new_session() -> NewCredential:
    """Draw a session: 256 bits of token, 256 bits of secret."""
    return NewCredential(TOKEN_PREFIX + _random(32), _random(32))


def token_digest(token: str) -> str:
    """How a token is stored and found: hex SHA-256. It has 256 random bits, so a slow hash would add nothing."""
    return hashlib.sha256(token.encode()).hexdigest()


def session_id_of(credential_id: str) -> int | None:
    """The session that a credential id like `session/9` names; None for an API key's."""
    return _numbered("session", credential_id)


def api_key_id_of(credential_id: str) -> int | None:
    """The API key that a credential id like `api_key/9` names; None for a session's."""
    return _numbered("api_key", credential_id)


def check_expiry(expires_at: datetime | None, now: datetime) -> None:
    """Check that a new credential does not come expired.

    Raises:
        FieldRefused: the time lies in the past.
    """
    if expires_at is not None and expires_at <= now:
        raise FieldRefused("expires_at", "must lie in the future")


def _numbered(wanted: str, credential_id: str) -> int | None:
    kind, _, number = credential_id.partition("/")
    return int(number) if kind == wanted and number.isdecimal() else None


def _random(size: int) -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(size)).rstrip(b"=").decode()
