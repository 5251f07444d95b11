"""Grants, remembered for some seconds and dropped when identity says that they have changed.

A grant lives at most 30 seconds, an unknown credential 5, as long as identity is heard to have told of every change. In
silence neither is believed for longer than `SILENCE_SECONDS`, whoever it is that is silent: the bus, the tail, or the
process that publishes for identity. So a change takes effect within a second, told or not.

A fetch that is in flight when its user or credential changes may carry the old state: its answer is thrown away and
fetched again, for everybody who waits for it.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from gevent.event import AsyncResult

from signet_gateway.adapters.outbound.rate_limits import Limiter
from signet_gateway.application.errors import GrantsUnavailable
from signet_gateway.application.grants import Credential, Grant
from signet_gateway.application.traffic import rate_limited

KNOWN_SECONDS = 30.0
UNKNOWN_SECONDS = 5.0
SILENCE_SECONDS = 0.75
"""How long silence is no news, and how old a grant may get in it: a pulse is due every quarter of a second."""

MOST_ENTRIES = 10_000
_FETCHES = 3
_WITHOUT_KEY_SECONDS = 1.0


class GrantFetcher(Protocol):
    """Asks whoever knows."""

    def fetch(self, credential: Credential) -> Grant | None:
        """Return the grant of this moment; raises GrantsUnavailable."""


@dataclass(frozen=True, slots=True)
class Change:
    """Something of identity's that changed; `resource` is `user`, `api_key` or `session`, or empty for anything."""

    resource: str = ""
    object_id: str = ""

    def concerns(self, grant: Grant | None) -> bool:
        """Whether a grant may differ after this change. Of an unknown credential nobody can say: it may."""
        if grant is None or not self.resource:
            return True
        if self.resource == "user":
            return str(grant.user_id) == self.object_id
        return grant.credential_id == f"{self.resource}/{self.object_id}"


@dataclass(frozen=True, slots=True)
class _Entry:
    grant: Grant | None
    fetched_at: float


@dataclass(slots=True)
class _Flight:
    """A fetch that others may wait for, and what changed since it was sent."""

    result: AsyncResult = field(default_factory=AsyncResult)
    changes: list[Change] = field(default_factory=list)

    def outdated(self, grant: Grant | None) -> bool:
        return any(change.concerns(grant) for change in self.changes)


class GrantCache:
    """A GrantSource for one worker process; used by greenlets of one thread.

    `unknown_limit` counts the credentials that an address made up. One that was good when it was last asked for never
    counts, even if its entry has gone: who makes credentials up must not lock out real ones behind the same address.
    """

    def __init__(self, fetcher: GrantFetcher, unknown_limit: Limiter, monotonic: Callable[[], float]) -> None:
        self._fetcher = fetcher
        self._unknown_limit = unknown_limit
        self._monotonic = monotonic
        self._entries: OrderedDict[Credential, _Entry] = OrderedDict()
        self._flights: dict[Credential, _Flight] = {}
        self._known: OrderedDict[Credential, None] = OrderedDict()
        self._told_until = float("-inf")

    def grant(self, credential: Credential, day: str, client_ip: str) -> Grant | None:
        """See the port."""
        entry = self._entries.get(credential)
        if entry is None or not self._serves(entry, day):
            return self._fetched(credential, client_ip)
        self._entries.move_to_end(credential)
        return entry.grant

    def drop(self, change: Change) -> None:
        """Forget what a change concerns, and distrust the fetches in flight."""
        for flight in self._flights.values():
            flight.changes.append(change)
        for credential in [key for key, entry in self._entries.items() if change.concerns(entry.grant)]:
            del self._entries[credential]

    def listening(self) -> None:
        """Whatever identity tells from now on is heard: forget what was learnt before."""
        self.forget()

    def forget(self) -> None:
        """Ask identity anew for everybody."""
        self.drop(Change())

    def told(self) -> None:
        """Everything that had changed a moment ago has been told: what is here holds, and for a while it will."""
        self._told_until = self._monotonic() + SILENCE_SECONDS

    def deaf(self) -> None:
        """Nothing is heard from now on."""
        self._told_until = float("-inf")
        self.drop(Change())

    def _serves(self, entry: _Entry, day: str) -> bool:
        """Whether an entry may still be used. One without the day's key is asked for anew, once a second."""
        now = self._monotonic()
        age = now - entry.fetched_at
        if now >= self._told_until and age >= SILENCE_SECONDS:
            return False
        if entry.grant is None:
            return age < UNKNOWN_SECONDS
        return age < (KNOWN_SECONDS if day in entry.grant.keys else _WITHOUT_KEY_SECONDS)

    def _fetched(self, credential: Credential, client_ip: str) -> Grant | None:
        """Fetch, or wait for the fetch that is under way."""
        flight = self._flights.get(credential)
        if flight is not None:
            waited_for: Grant | None = flight.result.get()
            return waited_for
        known = credential in self._known
        if not known and not (allowance := self._unknown_limit.take(client_ip)).granted:
            raise rate_limited(allowance)
        flight = self._flights[credential] = _Flight()
        try:
            grant = self._fetch(credential, flight)
        except BaseException as error:
            flight.result.set_exception(error if isinstance(error, Exception) else GrantsUnavailable("fetch ended"))
            raise
        finally:
            del self._flights[credential]
        flight.result.set(grant)
        self._note(credential, known=grant is not None)
        if grant is not None and not known:
            self._unknown_limit.give_back(client_ip)
        return grant

    def _fetch(self, credential: Credential, flight: _Flight) -> Grant | None:
        for _ in range(_FETCHES):
            flight.changes.clear()
            fetched_at = self._monotonic()
            grant = self._fetcher.fetch(credential)
            if not flight.outdated(grant):
                self._remember(credential, _Entry(grant, fetched_at))
                return grant
            if grant is None:
                return None  # true when it was asked, which is all that this request may know; not remembered
        raise GrantsUnavailable("a grant kept changing while it was fetched")

    def _note(self, credential: Credential, *, known: bool) -> None:
        """Remember that a credential was good, or that it no longer is."""
        self._known.pop(credential, None)
        if known:
            self._known[credential] = None
            if len(self._known) > MOST_ENTRIES:
                self._known.popitem(last=False)

    def _remember(self, credential: Credential, entry: _Entry) -> None:
        self._entries[credential] = entry
        self._entries.move_to_end(credential)
        if len(self._entries) > MOST_ENTRIES:
            self._entries.popitem(last=False)
