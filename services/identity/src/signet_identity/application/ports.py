"""What identity's intentions need from the outside, in their own words.

One transaction is one call of `UnitOfWork.execute`: the work gets the repositories of that transaction, and may be
run again from its beginning when the database had to roll it back. So it changes nothing but through them.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from signet_common.messaging.command import Command
from signet_common.messaging.recording import Change
from signet_common.passport import Passport
from signet_identity.domain.credentials import ApiKey, NewApiKey, NewCredential, Session, SessionLifetime
from signet_identity.domain.permissions import Rights
from signet_identity.domain.roles import NewRole, Role, RoleSeed
from signet_identity.domain.single_use_tokens import Purpose, SingleUseToken
from signet_identity.domain.throttling import Throttle
from signet_identity.domain.users import LoginKind, NewUser, State, User

T = TypeVar("T")

USE_NOTED_EVERY = timedelta(minutes=1)
"""How exactly it is known when a credential was used last."""

Fingerprint = Callable[[str], str]
"""Makes, of the digest of a body that holds a password, one against which no password can be guessed."""

Clock = Callable[[], datetime]
"""Tells the time, in UTC."""


@dataclass(frozen=True, slots=True)
class Account:
    """A user with what proves it at sign-in. `password_hash` is None where no password was ever set."""

    user: User
    password_hash: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class SigningCredential:
    """A stored credential with its secret in the clear, and whom it speaks for.

    `limit` is what it is limited to, None for nothing; `used_at` is when its use was last noted.
    """

    credential_id: str
    user_id: int
    user_name: str
    user_state: State
    credential_state: State
    expires_at: datetime | None
    secret: str = field(repr=False)
    limit: Rights | None = None
    used_at: datetime | None = None


class Users(Protocol):
    """The users, inside one transaction."""

    def get(self, user_id: int) -> User | None: ...

    def account(self, user_id: int) -> Account | None: ...

    def add(self, user: NewUser, *, password_hash: str | None, by: int | None, at: datetime) -> User:
        """Insert; Duplicate where the name, the address or the number belongs to somebody."""
        ...

    def save(self, user: User) -> None:
        """Write a changed user over the version before it; Duplicate, or VersionConflict where that one is gone."""
        ...

    def set_password(self, user: User, password_hash: str) -> None:
        """Write another password over the version before that of `user`; VersionConflict where that one is gone."""
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

    def count(self, user_id: int | None, purpose: Purpose, *, since: datetime) -> int:
        """Count the tokens made for a user after `since`; two who ask at once are asked one after the other."""
        ...

    def use(self, token_sha256: str, purpose: Purpose, now: datetime) -> SingleUseToken | None:
        """Use an open token up and return it as it was; None where there is none, or somebody else just did."""
        ...

    def void(self, user_id: int, now: datetime) -> None:
        """Use up every open token of a user."""
        ...

    def forget(self, before: datetime) -> None:
        """Remove the tokens that were over by then."""
        ...


class Transaction(Protocol):
    """Everything that one unit of work can reach."""

    @property
    def users(self) -> Users: ...

    @property
    def roles(self) -> Roles: ...

    @property
    def api_keys(self) -> ApiKeys: ...

    @property
    def sessions(self) -> Sessions: ...

    @property
    def throttles(self) -> SignInThrottles: ...

    @property
    def single_use_tokens(self) -> SingleUseTokens: ...

    def send(self, command: Command) -> None:
        """Add a command; it leaves once the transaction has committed, or not at all."""
        ...

    def record(self, change: Change, *, caller: Passport | None = None) -> None:
        """Add the event that tells of a change; it commits with the change or not at all.

        `caller` is whom it tells of, where that is not the unit of work's own caller.
        """
        ...


class UnitOfWork(Protocol):
    """One transaction per call, in the name of a caller, of whom its events tell."""

    def execute(
        self, caller: Passport, work: Callable[[Transaction], T], result: type[T], *, secret: bool = False
    ) -> T:
        """Do the work, or return the first answer to the caller's Idempotency-Key; `result` is what it returns.

        With `secret` the answer is kept nowhere, and a repeat is refused.
        """
        ...


class Accounts(Protocol):
    """Whom a login belongs to."""

    def by_login(self, kind: LoginKind, login: str) -> Account | None: ...

    def by_id(self, user_id: int) -> Account | None: ...


class MailedTokens(Protocol):
    """Whom a mailed token speaks for."""

    def find(self, token_sha256: str, purpose: Purpose) -> tuple[SingleUseToken | None, User | None]:
        """Return a token of any age, and its user."""
        ...


class Credentials(Protocol):
    """What requests are signed with, for grants."""

    def api_key(self, api_key: str, now: datetime) -> SigningCredential | None: ...

    def session(self, token_digest: str, now: datetime) -> SigningCredential | None:
        """Return the session of a token; None also where it is over. Its use is noted, at most once a minute."""
        ...

    def roles_of(self, user_id: int) -> tuple[tuple[str, ...], Rights]: ...

    def used(self, found: SigningCredential, at: datetime) -> None:
        """Note that the credential is in use, once a minute at most; a note that cannot be made is not missed."""
        ...


class Passwords(Protocol):
    """Slow hashing of passwords."""

    def hash(self, password: str) -> str: ...

    def verify(self, password_hash: str | None, password: str) -> bool:
        """Compare; None costs as much time as a real hash and never matches."""
        ...

    def is_outdated(self, password_hash: str) -> bool:
        """Whether a hash was made with other parameters than new ones are."""
        ...
