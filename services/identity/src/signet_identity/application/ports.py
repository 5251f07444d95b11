"""What identity's intentions need from the outside, in their own words.

One transaction is one call of `UnitOfWork.execute`: the work gets the repositories of that transaction, and may be
run again from its beginning when the database had to roll it back. So it changes nothing but through them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from signet_common.messaging.command import Command
from signet_common.messaging.recording import Change
from signet_common.passport import Passport
from signet_identity.application.repositories import (
    Account,
    ApiKeys,
    Roles,
    Sessions,
    SignInThrottles,
    SingleUseTokens,
    Users,
)
from signet_identity.domain.logins import LoginKind
from signet_identity.domain.permissions import Rights
from signet_identity.domain.single_use_tokens import Purpose, SingleUseToken
from signet_identity.domain.users import State, User

T = TypeVar("T")

USE_NOTED_EVERY = timedelta(minutes=1)
"""How exactly it is known when a credential was used last."""

Fingerprint = Callable[[str], str]
"""Makes, of the digest of a body that holds a password, one against which no password can be guessed."""

Clock = Callable[[], datetime]
"""Tells the time, in UTC."""


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
        self,
        caller: Passport,
        work: Callable[[Transaction], T],
        result: type[T],
        *,
        secret: bool = False,
        again: Callable[[Transaction, T], None] | None = None,
    ) -> T:
        """Do the work, or return the first answer to the caller's Idempotency-Key; `result` is what it returns.

        `again` stands before that answer: it raises what keeps the caller from it by now, and records a read.

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
