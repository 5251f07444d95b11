"""Users, and what becomes of their addresses."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from signet_identity.domain.roles import ADMINISTRATOR


class State(StrEnum):
    """Whether a user, or a credential, works."""

    ACTIVE = "active"
    INACTIVE = "inactive"


@dataclass(frozen=True, slots=True)
class NewUser:
    """What an account begins with; `password` is None for one that signs in with nothing, only with API keys."""

    user_name: str
    email: str | None = None
    phone: str | None = None
    display_name: str | None = None
    roles: tuple[str, ...] = ()
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class User:
    """A person or a machine with an account. Roles are names in alphabetical order; times are UTC.

    `email` is a login and receives password resets: its owner confirmed it, or somebody who manages the account set it.
    `pending_email` is what the owner wants it to be. Until confirmed it is nobody's, so any number may wait for one.
    """

    user_id: int
    user_name: str
    email: str | None
    phone: str | None
    display_name: str | None
    user_state: State
    roles: tuple[str, ...]
    email_confirmed_at: datetime | None
    password_changed_at: datetime | None
    version: int
    created_at: datetime
    created_by: int | None
    updated_at: datetime
    updated_by: int | None
    pending_email: str | None = None

    @property
    def is_active_administrator(self) -> bool:
        return self.user_state is State.ACTIVE and ADMINISTRATOR in self.roles


def with_wanted_email(user: User, wanted: str | None) -> User:
    """The user who asked for another address, or for none."""
    if wanted is None:
        return replace(user, email=None, email_confirmed_at=None, pending_email=None)
    return replace(user, pending_email=None if wanted == user.email else wanted)


def with_given_email(user: User, given: str | None) -> User:
    """The user whom somebody else gave another address, or none; the same one stays confirmed."""
    confirmed_at = user.email_confirmed_at if given == user.email else None
    return replace(user, email=given, email_confirmed_at=confirmed_at, pending_email=None)


def with_confirmed_email(user: User, now: datetime) -> User:
    """The user who has proven to read the address that waited, or the own one where none did."""
    return replace(user, email=user.pending_email or user.email, email_confirmed_at=now, pending_email=None)
