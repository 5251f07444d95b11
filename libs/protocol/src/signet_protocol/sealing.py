"""Sealed bodies: what is between the client and the gateway is read by nobody, not even where TLS ends early.

A fresh 32-byte content key travels in `X-Key`, wrapped by RSA-OAEP (SHA-256 for hash and MGF1, empty label; RFC 8017
7.1) to the gateway's key that `X-Key-Id` names. Two keys are derived from it by HKDF-SHA256 (RFC 5869, empty salt), one
for each direction, and a sealed part is base64url(nonce 12 ‖ AES-256-GCM ciphertext ‖ tag 16).

The associated data tie a sealed request to everything of it that is signed but its digest, so that a sealed body
cannot be signed again by somebody else, and a sealed answer to the request's nonce and to its own return code.
"""

import secrets
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from signet_protocol import base64url
from signet_protocol.errors import ProtocolError
from signet_protocol.signing import string_to_sign

LEAST_KEY_BITS = 3072
CONTENT_KEY_BYTES = 32
OVERHEAD_BYTES = 28
"""What sealing adds before the encoding: nonce and tag."""

_NONCE_BYTES = 12
_REQUEST = "SIGNET1-SEAL-REQUEST"
_RESPONSE = "SIGNET1-SEAL-RESPONSE"
_REQUEST_KEY = b"SIGNET1 request"
_RESPONSE_KEY = b"SIGNET1 response"


class SealInvalid(ProtocolError):
    """A seal cannot be opened. It never says why: each reason more would be an oracle."""

    def __init__(self) -> None:
        super().__init__("X-Key", "The sealed body cannot be opened.")


def new_content_key() -> bytes:
    """Draw the key of one request and its answer; it is never used for another."""
    return secrets.token_bytes(CONTENT_KEY_BYTES)


def wrap(key: RSAPublicKey, content_key: bytes) -> str:
    """Return `X-Key`. Raises ValueError for a key of less than 3072 bits: nothing is sealed to it."""
    if key.key_size < LEAST_KEY_BITS:
        raise ValueError(f"a sealing key has at least {LEAST_KEY_BITS} bits")
    return base64url.encode(key.encrypt(content_key, _oaep()))


def unwrap(key: RSAPrivateKey, x_key: str) -> bytes:
    """Return the content key in `X-Key`; raises SealInvalid.

    Whatever it is given, it costs one private RSA operation on as many bytes: what has the wrong size, or is no
    number below the modulus, is replaced by one that is and fails as well.
    """
    modulus = key.public_key().public_numbers().n
    size = (key.key_size + 7) // 8
    try:
        block = base64url.decode(x_key)
    except ValueError:
        block = b""
    if len(block) != size or int.from_bytes(block) >= modulus:
        block = secrets.randbelow(modulus).to_bytes(size)
    try:
        content_key = key.decrypt(block, _oaep())
    except ValueError:
        raise SealInvalid from None
    if len(content_key) != CONTENT_KEY_BYTES:
        raise SealInvalid
    return content_key


def request_binding(
    *, timestamp: str, nonce: str, credential: str, method: str, target: str, headers: Mapping[str, str]
) -> bytes:
    """Return the associated data of a sealed request: lines 2 to 14 of its string to sign, under a name of their own.

    `credential` is empty on public operations. The headers hold `x-key` and `x-key-id`, under lower-case names.
    """
    lines = string_to_sign(
        timestamp=timestamp,
        nonce=nonce,
        credential=credential,
        method=method,
        target=target,
        headers=headers,
        body_sha256="",
    ).split("\n")
    return "\n".join([_REQUEST, *lines[1:-1]]).encode("ascii")


def answer_binding(nonce: str, return_code: int) -> bytes:
    """Return the associated data of a sealed answer: the request's nonce and the answer's return code."""
    return f"{_RESPONSE}\n{nonce}\n{return_code}".encode("ascii")


def seal_request(content_key: bytes, plaintext: bytes, binding: bytes) -> str:
    """Seal a request's body."""
    return _seal(_derive(content_key, _REQUEST_KEY), plaintext, binding, secrets.token_bytes(_NONCE_BYTES))


def open_request(content_key: bytes, sealed: str, binding: bytes) -> bytes:
    """Open a request's body; raises SealInvalid."""
    return _open(_derive(content_key, _REQUEST_KEY), sealed, binding)


def seal_answer(content_key: bytes, plaintext: bytes, binding: bytes) -> str:
    """Seal an answer's `data`, given as JSON text; `null` is sealed like everything else."""
    return _seal(_derive(content_key, _RESPONSE_KEY), plaintext, binding, secrets.token_bytes(_NONCE_BYTES))


def open_answer(content_key: bytes, sealed: str, binding: bytes) -> bytes:
    """Open an answer's `data`, which is JSON text; raises SealInvalid."""
    return _open(_derive(content_key, _RESPONSE_KEY), sealed, binding)


def _oaep() -> OAEP:
    return OAEP(mgf=MGF1(SHA256()), algorithm=SHA256(), label=None)


def _derive(content_key: bytes, label: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=CONTENT_KEY_BYTES, salt=None, info=label).derive(content_key)


def _seal(key: bytes, plaintext: bytes, binding: bytes, nonce: bytes) -> str:
    return base64url.encode(nonce + AESGCM(key).encrypt(nonce, plaintext, binding))


def _open(key: bytes, sealed: str, binding: bytes) -> bytes:
    try:
        data = base64url.decode(sealed)
        return AESGCM(key).decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], binding)
    except (ValueError, InvalidTag):
        raise SealInvalid from None
