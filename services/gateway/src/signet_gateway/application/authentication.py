"""Who is calling: the grant behind the credential, and the signature that proves the caller holds its secret."""

import hashlib
from collections.abc import Mapping
from functools import lru_cache

from signet_gateway.application.credentials import Freshness
from signet_gateway.application.errors import Refusal
from signet_gateway.application.freshness import ReplayGuard
from signet_gateway.application.grants import Credential, Grant
from signet_gateway.application.ports import Clock, GrantSource
from signet_gateway.application.request import Request
from signet_protocol.return_codes import ReturnCode
from signet_protocol.signing import signature_matches, string_to_sign, utc_day

_SECONDS_PER_DAY = 86_400


class Authentication:
    """Looks callers up and proves them. What is wrong with an account is said to its proven owner alone."""

    def __init__(self, clock: Clock, grants: GrantSource, replays: ReplayGuard) -> None:
        self._clock = clock
        self._grants = grants
        self._replays = replays

    def find(self, credential: Credential, freshness: Freshness, client_ip: str) -> tuple[Grant, bytes]:
        """Return the grant and the signing key of the timestamp's day.

        Raises Refusal 401006 for an unknown key, 401009 for an unknown token, 401005 where identity gives no key out
        for that day, and GrantsUnavailable.
        """
        day = _day(freshness.timestamp // _SECONDS_PER_DAY)
        grant = self._grants.grant(credential, day, client_ip)
        if grant is None or (credential.kind == "token" and self._expired(grant)):
            raise Refusal(ReturnCode.SIGN_INVALID if credential.kind == "api_key" else ReturnCode.TOKEN_INVALID)
        key = grant.keys.get(day)
        if key is None:
            raise self._replays.expired()
        return grant, key

    def check_account(self, grant: Grant) -> None:
        """Raise Refusal 401013 or 401014 for a proven caller who may not call any more."""
        if not grant.user_active:
            raise Refusal(ReturnCode.USER_INACTIVE)
        if not grant.credential_active or self._expired(grant):
            raise Refusal(ReturnCode.USER_API_INACTIVE)

    def _expired(self, grant: Grant) -> bool:
        return grant.expires_at is not None and grant.expires_at <= self._clock()


def prove(
    key: bytes,
    presented: str,
    request: Request,
    *,
    credential: Credential,
    freshness: Freshness,
    headers: Mapping[str, str],
    body_sha256: str,
) -> str:
    """Return the SHA-256 (hex) of the signed string if `presented` is its signature; raises Refusal 401006."""
    text = string_to_sign(
        timestamp=str(freshness.timestamp),
        nonce=freshness.nonce,
        credential=credential.value,
        method=request.method,
        target=request.target,
        headers=headers,
        body_sha256=body_sha256,
    )
    if not signature_matches(key, text, presented):
        raise Refusal(ReturnCode.SIGN_INVALID)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


@lru_cache(maxsize=4)
def _day(day: int) -> str:
    return utc_day(day * _SECONDS_PER_DAY)
