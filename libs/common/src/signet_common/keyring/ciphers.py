"""Secrets at rest: AES-256-GCM under a versioned keyring.

The current key encrypts, every key decrypts, so that a key can be replaced while rows still lie under the old one.
A stored secret reads `k1:<base64url of nonce 12 ‖ ciphertext ‖ tag 16>`; its associated data name table, row, column
and key, so that a ciphertext which somebody moved to another row does not decrypt.

KeyringError
├── KeyringUnusable   the file is missing, malformed, open to others, or cannot be written
│   └── KeyringBusy   another process is changing it
├── SecretUnreadable  a stored secret does not decrypt where it stands
│   └── KeyUnknown    it lies under a key that the keyring does not have, or not yet
└── KeyInUse          a key of the keyring is still needed
"""

import base64
import binascii
import secrets
from collections.abc import Mapping
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12


class KeyringError(Exception):
    """Something is wrong with the keyring, or with what lies under it. Never says a key."""


class KeyringUnusable(KeyringError):
    """The keyring file cannot be used; the message names it."""


class KeyringBusy(KeyringUnusable):
    """Another process is changing the keyring."""


class SecretUnreadable(KeyringError):
    """A stored secret was altered, moved, or encrypted under a key that the keyring does not have."""


class KeyUnknown(SecretUnreadable):
    """The keyring does not have the key that the secret says it lies under; its next version may."""


class KeyInUse(KeyringError):
    """The key is current, or something may still lie under it."""


class RowCipher(Protocol):
    """Encrypts and decrypts the secrets of rows, texts or bytes, each bound to where it stands."""

    def encrypt(self, secret: str, *, table: str, row_id: int, column: str) -> str: ...

    def decrypt(self, stored: str, *, table: str, row_id: int, column: str) -> str:
        """Return the secret; SecretUnreadable where it does not belong there, or its key is gone."""
        ...

    def encrypt_bytes(self, secret: bytes, *, table: str, row_id: int, column: str) -> str: ...

    def decrypt_bytes(self, stored: str, *, table: str, row_id: int, column: str) -> bytes:
        """Return the secret; SecretUnreadable as above."""
        ...


class Keyring:
    """The keys of one moment. Fulfils `RowCipher`."""

    def __init__(self, current: str, keys: Mapping[str, bytes]) -> None:
        self.current = current
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}

    def has(self, key_id: str) -> bool:
        """Whether this key is here."""
        return key_id in self._ciphers

    def encrypt(self, secret: str, *, table: str, row_id: int, column: str) -> str:
        """Encrypt what is about to be stored in one column of one row."""
        return self.encrypt_bytes(secret.encode(), table=table, row_id=row_id, column=column)

    def decrypt(self, stored: str, *, table: str, row_id: int, column: str) -> str:
        """Return the secret stored there. Raises SecretUnreadable."""
        try:
            return self.decrypt_bytes(stored, table=table, row_id=row_id, column=column).decode()
        except ValueError as failed:
            raise SecretUnreadable(f"{table} {row_id} {column}") from failed

    def encrypt_bytes(self, secret: bytes, *, table: str, row_id: int, column: str) -> str:
        """Encrypt what is about to be stored, a key that wraps something else for one."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        bound = _associated_data(table, row_id, column, self.current)
        sealed = nonce + self._ciphers[self.current].encrypt(nonce, secret, bound)
        return f"{self.current}:{encode(sealed)}"

    def decrypt_bytes(self, stored: str, *, table: str, row_id: int, column: str) -> bytes:
        """Return the bytes stored there. Raises SecretUnreadable."""
        key_id, _, encoded = stored.partition(":")
        if key_id not in self._ciphers:
            raise KeyUnknown(f"{table} {row_id} {column}")
        try:
            sealed = decode(encoded)
            bound = _associated_data(table, row_id, column, key_id)
            return self._ciphers[key_id].decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound)
        except (ValueError, InvalidTag) as failed:
            raise SecretUnreadable(f"{table} {row_id} {column}") from failed


def key_id_of(stored: str) -> str:
    """The id of the key that a stored secret says it lies under."""
    return stored.partition(":")[0]


def encode(data: bytes) -> str:
    """Unpadded base64url."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(encoded: str) -> bytes:
    """The bytes of unpadded base64url. Raises ValueError."""
    try:
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
    except binascii.Error as failed:
        raise ValueError("not base64url") from failed


def _associated_data(table: str, row_id: int, column: str, key_id: str) -> bytes:
    return f"{table}\n{row_id}\n{column}\n{key_id}".encode()
