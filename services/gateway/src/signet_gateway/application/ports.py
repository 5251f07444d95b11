"""What the pipeline needs from the outside, as it needs it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal, NamedTuple, Protocol

from signet_common.passport import Passport
from signet_gateway.application.grants import Credential, Grant


class Clock(Protocol):
    """The time, in unix seconds."""

    def __call__(self) -> float: ...


class GrantSource(Protocol):
    """Knows who a credential stands for."""

    def grant(self, credential: Credential, day: str, client_ip: str) -> Grant | None:
        """Return the grant, None for a credential that nobody has.

        The grant holds the signing key of `day` (`20260101`) if identity gives one out now. Raises GrantsUnavailable,
        and Refusal 429001 when `client_ip` has asked for too many credentials that do not exist.
        """


class Claim(Enum):
    """What became of a nonce."""

    FRESH = "fresh"
    REUSED = "reused"
    TOO_OLD = "too old"
    """The store cannot vouch for a timestamp this old: it was born, or has forgotten, later than that."""


class NonceStore(Protocol):
    """Remembers which nonces were used; shared by all workers."""

    def claim(self, owner: str, nonce: str, timestamp: int) -> Claim:
        """Claim a nonce in the name of `owner`, atomically: of any number of callers exactly one gets FRESH.

        A claim is kept until `timestamp` + 600 seconds and survives the death of the process. Raises NoncesUnavailable.
        """


class NonceForgetting(Protocol):
    """A store of nonces that has to be told to let go of what is over."""

    def forget_expired(self) -> int:
        """Forget a few nonces whose time is over; how many, 0 once none is left. Raises NoncesUnavailable."""


class Allowance(NamedTuple):
    """What one limit says of one request: at most `limit` in `window` seconds, of which `remaining` are left.

    `reset` is in how many seconds there is more: for a refused request, room for it.
    """

    name: str
    limit: int
    window: int
    remaining: int
    reset: float
    granted: bool


class RateLimiter(Protocol):
    """Counts what one address or one credential does."""

    def take(self, key: str) -> Allowance:
        """Count one if there is room for it; never raises."""


@dataclass(frozen=True, slots=True)
class SealedPart:
    """What has to be opened: `text` is None where there was no body, and only the content key is wanted."""

    key_id: str
    x_key: str = field(repr=False)
    text: str | None = field(repr=False)
    binding: bytes = field(repr=False)


class SealOpener(Protocol):
    """Holds the private keys that bodies are sealed to."""

    def open(self, owner: str, part: SealedPart) -> tuple[bytes, bytes]:
        """Return the content key, and what was sealed (nothing where there was no body).

        Off the event loop, and at one cost whatever is wrong. Raises Refusal 400003; and 429001 when too many wait, or
        too many of `owner`: nothing has been applied then.
        """


class KeyDirectory(Protocol):
    """Knows the public halves."""

    def published(self) -> dict[str, object]:
        """Return the JWK set for clients, `{"keys": [active, …], "announcements": [JWS, …]}`."""


class SealKeys(SealOpener, KeyDirectory, Protocol):
    """Both halves."""


class Passports(Protocol):
    """Signs the proof that goes to a service."""

    def issue(self, passport: Passport) -> str: ...


@dataclass(frozen=True, slots=True)
class UpstreamAnswer:
    """A service's whole answer; header names are lower-case."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes = field(repr=False)


class Upstream(Protocol):
    """One service of the house."""

    def send(self, method: str, target: str, headers: Sequence[tuple[str, str]], body: bytes) -> UpstreamAnswer:
        """Send one request; sent again only where the first try cannot have been applied.

        Raises UpstreamUnavailable and UpstreamTimeout.
        """


@dataclass(frozen=True, slots=True)
class CheckResult:
    """How one part of the platform is; `detail` is shown to everybody, so it names and explains, no more."""

    status: Literal["ok", "degraded", "failed"]
    detail: str = ""


class ReadinessProbe(Protocol):
    """Asks parts of the platform how they are."""

    def probe(self) -> dict[str, CheckResult]:
        """Return what was found, by the name of the part; bounded in time, raises nothing."""
