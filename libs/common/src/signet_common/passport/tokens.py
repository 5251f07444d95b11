"""Issuing and verifying passports: compact JWTs (RFC 7519) under HS256, made with the standard library's hmac.

A JWT library costs ten times as much on this, the hottest path of the house; the tests read these tokens with one. The
algorithm is pinned: a token is never asked how it wants to be verified.
"""

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable
from typing import Any

import orjson

from signet_common.passport.claims import Passport
from signet_common.passport.keys import PassportKeys

LIFETIME_SECONDS = 30
LEEWAY_SECONDS = 30
MAX_TOKEN_CHARACTERS = 16_384

_CLAIM_OF_FIELD = {
    "request_id": "rid",
    "method": "mth",
    "target": "tgt",
    "body_sha256": "dig",
    "user_id": "uid",
    "user_name": "name",
    "roles": "roles",
    "permission": "perm",
    "scope": "scope",
    "authentication": "amr",
    "credential_id": "cred",
    "client_ip": "ip",
    "request_digest": "rdg",
    "idempotency_key": "idk",
}


class PassportInvalid(Exception):
    """The token is no passport for this request; the reason is for the log, never for the caller."""


class PassportIssuer:
    """Signs passports in the name of one service, with one key per audience."""

    def __init__(self, issuer: str, keys: PassportKeys, clock: Callable[[], float] = time.time) -> None:
        self.issuer = issuer
        self._signers = {audience: _Signer(*next(iter(by_id.items()))) for audience, by_id in keys.items()}
        self._clock = clock

    def issue(self, passport: Passport) -> str:
        """The token for `passport.audience`. Raises KeyError when this issuer has no key for that audience."""
        now = int(self._clock())
        claims: dict[str, Any] = {claim: getattr(passport, field) for field, claim in _CLAIM_OF_FIELD.items()}
        claims |= {"iss": self.issuer, "aud": passport.audience, "iat": now, "exp": now + LIFETIME_SECONDS}
        return self._signers[passport.audience].token(claims)


class PassportVerifier:
    """Verifies passports addressed to one service, from the issuers that it has keys for."""

    def __init__(self, audience: str, keys: PassportKeys, clock: Callable[[], float] = time.time) -> None:
        self._audience = audience
        # By the one header that each key id has: a header that says anything else is not even read.
        self._keys: dict[bytes, dict[Any, bytes]] = {}
        for issuer, by_id in keys.items():
            for key_id, key in by_id.items():
                self._keys.setdefault(_head(key_id), {})[issuer] = key
        self._clock = clock

    def verify(self, token: str, *, method: str, target: str, body_sha256: str) -> Passport:
        """The proven caller of exactly this request. Raises PassportInvalid."""
        claims = self._proven_claims(token)
        now = self._clock()
        try:
            if claims["aud"] != self._audience:
                raise PassportInvalid("made for another service")
            if not claims["iat"] - LEEWAY_SECONDS <= now <= claims["exp"] + LEEWAY_SECONDS:
                raise PassportInvalid("out of its time")
            if (claims["mth"], claims["tgt"], claims["dig"]) != (method, target, body_sha256):
                raise PassportInvalid("made for another request")
            fields = {field: claims[claim] for field, claim in _CLAIM_OF_FIELD.items()}
            fields["roles"] = tuple(fields["roles"])
            return Passport(issuer=claims["iss"], audience=claims["aud"], **fields)
        except (KeyError, TypeError) as malformed:
            raise PassportInvalid("claims are malformed") from malformed

    def _proven_claims(self, token: str) -> dict[str, Any]:
        if len(token) > MAX_TOKEN_CHARACTERS or not token.isascii():
            raise PassportInvalid("not a token")
        signed, _, signature = token.encode().rpartition(b".")
        head, _, payload = signed.partition(b".")
        by_issuer = self._keys.get(head)
        if by_issuer is None:
            raise PassportInvalid("header is not ours, or its key is unknown")
        claims = _decode_object(payload)
        key = by_issuer.get(claims.get("iss"))
        if key is None:
            raise PassportInvalid("issuer is unknown, or has no such key")
        if not hmac.compare_digest(_encode(hmac.digest(key, signed, hashlib.sha256)), signature):
            raise PassportInvalid("signature does not match")
        return claims


class _Signer:
    """One key with its encoded JOSE header, which never changes."""

    def __init__(self, key_id: str, key: bytes) -> None:
        self.head = _head(key_id)
        self._key = key

    def token(self, claims: dict[str, Any]) -> str:
        signed = self.head + b"." + _encode_object(claims)
        return (signed + b"." + _encode(hmac.digest(self._key, signed, hashlib.sha256))).decode()


def _head(key_id: str) -> bytes:
    return _encode_object({"alg": "HS256", "kid": key_id, "typ": "JWT"})


def _encode(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _encode_object(data: dict[str, Any]) -> bytes:
    return _encode(orjson.dumps(data))


def _decode_object(encoded: bytes) -> dict[str, Any]:
    try:
        decoded = orjson.loads(base64.b64decode(encoded + b"=" * (-len(encoded) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        raise PassportInvalid("not a token") from None
    if not isinstance(decoded, dict):
        raise PassportInvalid("not a token")
    return decoded
