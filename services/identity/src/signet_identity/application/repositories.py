"""What one transaction of identity reaches: users, roles, credentials, and what is counted about sign-ins.

A unit of work hands them out (`ports.Transaction`); they see what the transaction sees.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from signet_identity.domain.credentials import ApiKey, EndingApiKey, NewApiKey, NewCredential, Session, SessionLifetime
from signet_identity.domain.permissions import Rights
from signet_identity.domain.roles import NewRole, Role, RoleSeed
from signet_identity.domain.single_use_tokens import Purpose, SingleUseToken
from signet_identity.domain.throttling import Throttle
from signet_identity.domain.users import NewUser, User


@dataclass(frozen=True, slots=True)
class Account:
    """A user with what proves it at sign-in. `password_hash` is None where no password was ever set."""

    user: User
    password_hash: str | None = field(repr=False)


class Users(Protocol):
    """The users, inside one transaction."""

    def get(self, user_id: int) -> User | None: ...

    def account(self, user_id: int) -> Account | None: ...

    def add(self, user: NewUser, *, password_hash: str | None, by: int | None, at: datetime) -> User:
        """Insert; Duplicate where the name, the address or the number belongs to somebody."""
        ...

    def save(self, user: User) -> None:
        """Write a changed user over the version before it; Duplicate, or VersionConflict where that one is gone.

        Mailed tokens that went to an address which the user has no more are void, of an inactive one all.
        """
        ...

    def set_password(self, user: User, password_hash: str) -> None:
        """Write another password over the version before that of `user`; VersionConflict where that one is gone.

        It voids every mailed token of the user, so that no way of setting a password can forget to.
        """
        ...

    def rehash(self, user_id: int, old_hash: str, new_hash: str) -> None:
        """Replace the hash of a password that stays the same; nothing where it is `old_hash` no more."""
        ...

    def delete(self, user: User) -> None:
        """Remove an account that has neither sessions nor API keys; VersionConflict where it has just changed."""
        ...

    def count_active_administrators(self) -> int: ...

    def any_administrator(self) -> bool: ...


class Roles(Protocol):
    """The roles, inside one transaction."""

    def named(self, names: Collection[str]) -> Mapping[str, Role]:
        """Return those of the names that exist."""
        ...

    def rights_of(self, user_id: int) -> Rights: ...

    def lock_administration(self) -> None:
        """Hold off everybody else who is about to change who administers, until this transaction ends."""
        ...

    def get(self, role_id: int) -> Role | None: ...

    def add(self, new: NewRole, *, by: int | None, at: datetime) -> Role:
        """Insert; Duplicate where the name is taken."""
        ...

    def save(self, role: Role) -> None:
        """Write a changed role over the version before it; VersionConflict where that one is gone."""
        ...

    def delete(self, role: Role) -> None:
        """Remove the role; RoleInUse where somebody holds it, VersionConflict where it has just changed."""
        ...

    def seed(self, roles: Mapping[str, RoleSeed], *, at: datetime) -> list[Role]:
        """Insert the roles that are missing and return those."""
        ...


class ApiKeys(Protocol):
    """The API keys, inside one transaction."""

    def get(self, api_key_id: int) -> ApiKey | None: ...

    def add(self, credential: NewCredential, new: NewApiKey, *, by: int | None, at: datetime) -> ApiKey:
        """Insert; Duplicate where the user has a key of that name."""
        ...

    def save(self, api_key: ApiKey) -> None:
        """Write a changed key over the version before it; Duplicate, or VersionConflict where that one is gone."""
        ...

    def made_by_others(self, *, user_id: int | None = None, role_name: str | None = None) -> list[ApiKey]:
        """Return the active keys that a user made for another one: for `user_id`, for whoever holds `role_name`."""
        ...

    def ending(self, *, after: datetime, before: datetime, most: int) -> list[EndingApiKey]:
        """Return active keys of active users with a confirmed address that end in between.

        Only those whose owner was not reminded of that very end: those of the owners whose keys end first, each owner's
        together, in the order of their ends. Until the transaction ends nobody else gets them.
        """
        ...

    def note_reminded(self, api_keys: Sequence[EndingApiKey]) -> None:
        """Note that their owners are reminded of these ends; of another one they will be again."""
        ...

    def delete_all(self, user_id: int) -> list[ApiKey]:
        """Remove every key of a user, revoked ones too, and return those that were not revoked."""
        ...


class Sessions(Protocol):
    """The sessions, inside one transaction."""

    def add(
        self, credential: NewCredential, lifetime: SessionLifetime, *, user_id: int, client_ip: str, at: datetime
    ) -> Session: ...

    def get(self, session_id: int) -> Session | None:
        """Return the session, which may be past its time."""
        ...

    def end(self, session_id: int) -> bool:
        """Forget the session; False where there is none."""
        ...

    def end_all(self, user_id: int, *, but: int | None = None) -> list[int]:
        """Forget every session of a user except `but`, and return the ids of those that ended."""
        ...


class SignInThrottles(Protocol):
    """The counts of attempts to sign in, inside one transaction."""

    def read(self, keys: Collection[str], now: datetime) -> Mapping[str, Throttle]:
        """Return the counts that mean something at `now`, and keep everybody else from them until the end."""
        ...

    def write(self, key: str, throttle: Throttle, *, forget_at: datetime) -> None: ...


class SingleUseTokens(Protocol):
    """The mailed tokens, by their digests, inside one transaction."""

    def add(self, token_sha256: str, token: SingleUseToken, *, at: datetime) -> None: ...

    def made_at(self, user_id: int | None, purpose: Purpose, *, since: datetime) -> Sequence[datetime]:
        """Return when tokens were made for a user after `since`, the oldest first; two who ask at once take turns."""
        ...

    def use(self, token_sha256: str, purpose: Purpose, now: datetime) -> SingleUseToken | None:
        """Use an open token up and return it as it was; None where there is none, or somebody else just did."""
        ...
