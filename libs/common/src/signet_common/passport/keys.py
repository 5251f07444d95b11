"""Passport keys: one per (issuer, audience) pair and key id, derived from a master that no service ever holds."""

import base64
import binascii
from collections.abc import Mapping

PassportKeys = Mapping[str, Mapping[str, bytes]]
"""Peer name → key id → key of 32 bytes; the first key id of a peer is the one that signs."""

KEY_BYTES = 32


class KeysMalformed(ValueError):
    """The text of a passport key setting is not `peer:key_id:base64url,…`."""


def derive_key(master: bytes, issuer: str, audience: str) -> bytes:
    """The key that `issuer` signs with for `audience`: HKDF-SHA256 (RFC 5869), empty salt, 32 bytes.

    Services only read finished keys, and each of their processes saves some megabytes by not loading OpenSSL for this.
    """
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), KEY_BYTES, salt=None, info=f"passport|{issuer}|{audience}".encode()).derive(master)


def parse_keys(text: str) -> PassportKeys:
    """Read a key setting; several key ids for one peer serve while a key is rotated. Raises KeysMalformed."""
    keys: dict[str, dict[str, bytes]] = {}
    for number, entry in enumerate(filter(None, text.split(",")), start=1):
        match entry.strip().split(":"):
            case [peer, key_id, encoded] if peer and key_id:
                keys.setdefault(peer, {})[key_id] = _decode(encoded, number)
            case _:
                raise KeysMalformed(f"passport key {number} is not of the form peer:key_id:base64url")
    return keys


def format_keys(keys: PassportKeys) -> str:
    """The inverse of `parse_keys`."""
    return ",".join(
        f"{peer}:{key_id}:{base64.urlsafe_b64encode(key).rstrip(b'=').decode()}"
        for peer, by_id in keys.items()
        for key_id, key in by_id.items()
    )


def _decode(encoded: str, number: int) -> bytes:
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise KeysMalformed(f"passport key {number} is not base64url") from None
    if len(key) != KEY_BYTES:
        raise KeysMalformed(f"passport key {number} has {len(key)} bytes instead of {KEY_BYTES}")
    return key
