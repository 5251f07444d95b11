"""The public half of sealing keys: JWK (RFC 7517), thumbprints (RFC 7638), and how a new key is announced.

A client pins thumbprints. It takes a new key only under a JWS (RFC 7515, compact, PS256) that a pinned key has made
over the new one's JWK. The signer's own JWK stands in the JWS, so that a client which knows no more than a thumbprint,
and comes back after its key has left the set, can still follow from key to key.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256

from signet_protocol import base64url
from signet_protocol.errors import ProtocolError
from signet_protocol.sealing import LEAST_KEY_BITS

Jwk = dict[str, str]

_MOST_KEY_BITS = 8192
_HEADER = {"alg": "PS256", "typ": "signet-sealing-key"}
_SALT_BYTES = 32


class SealingKeyInvalid(ProtocolError):
    """A JWK or an announcement is not one that sealing may rely on."""

    def __init__(self, message: str) -> None:
        super().__init__("X-Key-Id", message)


def public_jwk(key: RSAPublicKey) -> Jwk:
    """Describe a key as it stands in `GET /api/v1/keys`; `kid` is its thumbprint and what `X-Key-Id` says."""
    numbers = key.public_numbers()
    required = {"e": _integer(numbers.e), "kty": "RSA", "n": _integer(numbers.n)}
    return {**required, "use": "enc", "alg": "RSA-OAEP-256", "kid": _thumbprint(required)}


def thumbprint(key: RSAPublicKey) -> str:
    """Return the RFC 7638 thumbprint: base64url SHA-256, 43 characters."""
    return public_jwk(key)["kid"]


def read_jwk(jwk: object) -> RSAPublicKey:
    """Read a JWK; raises SealingKeyInvalid unless it is RSA of 3072 bits or more and named by its own thumbprint."""
    if not isinstance(jwk, Mapping) or jwk.get("kty") != "RSA":
        raise SealingKeyInvalid("The sealing key is not an RSA key.")
    try:
        n, e = (int.from_bytes(base64url.decode(str(jwk[name]))) for name in ("n", "e"))
        if not LEAST_KEY_BITS <= n.bit_length() <= _MOST_KEY_BITS:
            raise SealingKeyInvalid("The sealing key has too few bits, or too many.")
        key = RSAPublicNumbers(e, n).public_key()
    except (KeyError, ValueError) as error:
        if isinstance(error, SealingKeyInvalid):
            raise
        raise SealingKeyInvalid("The sealing key cannot be read.") from None
    if jwk.get("kid") != thumbprint(key):
        raise SealingKeyInvalid("The sealing key is not named by its thumbprint.")
    return key


def announce(new: RSAPublicKey, signer: RSAPrivateKey) -> str:
    """Return the JWS in which the holder of `signer` says that `new` is a key of the same gateway."""
    header = {**_HEADER, "jwk": public_jwk(signer.public_key())}
    signed = f"{_part(header)}.{_part(public_jwk(new))}"
    signature = signer.sign(signed.encode("ascii"), _pss(), SHA256())
    return f"{signed}.{base64url.encode(signature)}"


def announced_by(announcement: str) -> tuple[str, Jwk]:
    """Return the thumbprint of the signer and the JWK that it announces; raises SealingKeyInvalid.

    The signature is proven by the key inside. Whether that key may be believed is what the caller's pins say.
    """
    try:
        head, body, signature = announcement.split(".")
        header, jwk = (json.loads(base64url.decode(part)) for part in (head, body))
        proof = base64url.decode(signature)
    except ValueError:
        raise SealingKeyInvalid("The announcement of a sealing key is not a compact JWS.") from None
    if not isinstance(header, dict) or header != {**_HEADER, "jwk": header.get("jwk")}:
        raise SealingKeyInvalid("The announcement of a sealing key is of another kind.")
    signer = read_jwk(header.get("jwk"))
    read_jwk(jwk)
    try:
        signer.verify(proof, f"{head}.{body}".encode("ascii"), _pss(), SHA256())
    except InvalidSignature:
        raise SealingKeyInvalid("The announcement of a sealing key is forged.") from None
    return thumbprint(signer), jwk


def trusted(pins: Iterable[str], announcements: Iterable[str]) -> set[str]:
    """Return the pinned thumbprints and those that a chain of announcements leads to from them.

    An announcement that proves nothing is passed over: it gives nobody trust, and must not take any away.
    """
    links = []
    for announcement in announcements:
        try:
            signer, jwk = announced_by(announcement)
        except SealingKeyInvalid:
            continue
        links.append((signer, jwk["kid"]))
    believed = set(pins)
    while new := {key for signer, key in links if signer in believed} - believed:
        believed |= new
    return believed


def _thumbprint(required: Mapping[str, str]) -> str:
    text = json.dumps(required, sort_keys=True, separators=(",", ":"))
    return base64url.encode(hashlib.sha256(text.encode("ascii")).digest())


def _integer(number: int) -> str:
    return base64url.encode(number.to_bytes((number.bit_length() + 7) // 8))


def _part(value: Mapping[str, Any]) -> str:
    return base64url.encode(json.dumps(value, separators=(",", ":")).encode("ascii"))


def _pss() -> PSS:
    return PSS(mgf=MGF1(SHA256()), salt_length=_SALT_BYTES)
