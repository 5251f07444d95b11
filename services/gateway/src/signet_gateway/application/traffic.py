"""How much anybody may ask: limits per address, per credential and per operation, all of them settings.

The address is counted before anything is looked at. A credential is counted once its holder has proven it: nobody can
use up what belongs to another. It is counted before the nonce is claimed, so a request that was limited may be sent
again as it is. An operation's limit counts each caller apart: the credential, or the address where nobody signs.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from signet_gateway.application.contracts import Operation
from signet_gateway.application.errors import Refusal
from signet_gateway.application.ports import Allowance, RateLimiter
from signet_gateway.application.request import Request
from signet_protocol.return_codes import ReturnCode


@dataclass(frozen=True, slots=True)
class Limits:
    """What is limited; None is unlimited. `public` counts what changes state unsigned, by address."""

    public: RateLimiter
    address: RateLimiter | None = None
    credential: RateLimiter | None = None
    operations: Mapping[str, RateLimiter] = field(default_factory=dict)
    """By operation id."""


class Traffic:
    """Counts requests, and raises Refusal 429001 for one too many. What it counted is told in every answer."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    def arrived(self, request: Request) -> None:
        """Count a request by its address."""
        if self._limits.address is not None:
            _take(request, self._limits.address, request.client_ip)

    def proven(self, request: Request, operation: Operation, credential_id: str) -> None:
        """Count a request whose signature is right."""
        if self._limits.credential is not None:
            _take(request, self._limits.credential, credential_id)
        limiter = self._limits.operations.get(operation.operation_id)
        if limiter is not None:
            _take(request, limiter, credential_id)

    def unsigned(self, request: Request, operation: Operation) -> None:
        """Count a request of a public operation; opening a seal is work that reading is not."""
        if operation.changes_state or "x-key" in request.headers:
            _take(request, self._limits.public, request.client_ip)
        limiter = self._limits.operations.get(operation.operation_id)
        if limiter is not None:
            _take(request, limiter, request.client_ip)


def rate_limited(allowance: Allowance) -> Refusal:
    """Refuse with 429001, and say when it is worth trying again."""
    return Refusal(ReturnCode.RATE_LIMITED, headers=(("Retry-After", str(_seconds(allowance.reset))),))


def limit_headers(allowances: Sequence[Allowance]) -> list[tuple[str, str]]:
    """Return `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10): q, w, r and t."""
    policies = ", ".join([f'"{one.name}";q={one.limit};w={one.window}' for one in allowances])
    states = ", ".join([f'"{one.name}";r={one.remaining};t={_seconds(one.reset)}' for one in allowances])
    return [("RateLimit-Policy", policies), ("RateLimit", states)]


def _take(request: Request, limiter: RateLimiter, key: str) -> None:
    allowance = limiter.take(key)
    request.allowances.append(allowance)
    if not allowance.granted:
        raise rate_limited(allowance)


def _seconds(seconds: float) -> int:
    return max(1, math.ceil(seconds))
