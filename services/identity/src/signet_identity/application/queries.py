"""The read port: plain reads go from the view straight here.

Each read of a client is itself in the audit log, committed before it is answered, unless `record` is False.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol, TypeVar

from signet_common.passport import Passport
from signet_identity.domain.credentials import ApiKey, Session
from signet_identity.domain.explanation import Standing
from signet_identity.domain.roles import Role
from signet_identity.domain.users import State, User

ItemT_co = TypeVar("ItemT_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a list: the page, from 1, of how many items; `count` asks for the total too."""

    page: int = 1
    per_page: int = 20
    count: bool = False


@dataclass(frozen=True, slots=True)
class UserFilter:
    """Which users a list holds; None does not narrow. `contains` is literal, the days are UTC and included."""

    contains: str | None = None
    state: State | None = None
    created_from: date | None = None
    created_to: date | None = None


class Page(Protocol[ItemT_co]):
    """One page of a list, in the order of ids."""

    @property
    def items(self) -> Sequence[ItemT_co]: ...
    @property
    def page(self) -> int: ...
    @property
    def per_page(self) -> int: ...
    @property
    def has_more(self) -> bool: ...
    @property
    def total(self) -> int | None: ...


class UserQueries(Protocol):
    """Reads of users, of any state."""

    def get(self, user_id: int, caller: Passport, *, record: bool) -> User:
        """Return a user that the caller's scope reaches. Raises NotFound."""
        ...

    def search(self, wanted: UserFilter, window: Window, caller: Passport, *, record: bool) -> Page[User]:
        """Return the page of users that the caller's scope reaches."""
        ...


class RoleQueries(Protocol):
    """Reads of roles, which are nobody's own."""

    def get(self, role_id: int, caller: Passport, *, record: bool) -> Role:
        """Return a role. Raises NotFound."""
        ...

    def search(self, window: Window, caller: Passport, *, record: bool) -> Page[Role]: ...


class ApiKeyQueries(Protocol):
    """Reads of API keys, of any state, never of their secrets."""

    def get(self, api_key_id: int, caller: Passport, *, record: bool) -> ApiKey:
        """Return a key that the caller's scope reaches. Raises NotFound."""
        ...

    def search(self, user_id: int | None, window: Window, caller: Passport, *, record: bool) -> Page[ApiKey]:
        """Return the page of keys, of one user or all, that the caller's scope reaches."""
        ...


class AccessQueries(Protocol):
    """What an explanation is made of."""

    def standing(self, user_id: int, api_key_id: int | None, caller: Passport, *, record: bool) -> Standing:
        """Return a user that the caller's scope reaches, with the roles and that key of theirs. Raises NotFound."""
        ...


class SessionQueries(Protocol):
    """Reads of sessions that are not over, never of tokens or secrets."""

    def search(self, user_id: int | None, window: Window, caller: Passport, *, record: bool) -> Page[Session]:
        """Return the page of sessions, of one user or all, that the caller's scope reaches."""
        ...
