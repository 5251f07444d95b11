"""Secrets at rest: AES-256-GCM under a keyring that lives outside the database and its backups.

A keyring is a JSON file, readable by its owner alone: `{"current": "k1", "keys": {"k1": "<base64url, 32 bytes>"}}`.
The current key encrypts, every key decrypts, so that a key can be replaced while rows still lie under the old one.
A stored secret reads `k1:<base64url of nonce 12 ‖ ciphertext ‖ tag 16>`; its associated data name table, row, column
and key, so that a ciphertext which somebody moved to another row does not decrypt.

KeyringError
├── KeyringUnusable   the file is missing, malformed, or open to others
└── SecretUnreadable  a stored secret does not decrypt where it stands
"""

import base64
import binascii
import json
import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12
FIRST_KEY_ID = "k1"


class KeyringError(Exception):
    """Something is wrong with the keyring, or with what lies under it. Never says a key."""


class KeyringUnusable(KeyringError):
    """The keyring file cannot be used; the message names it."""


class SecretUnreadable(KeyringError):
    """A stored secret was altered, moved, or encrypted under a key that the keyring does not have."""


class Keyring:
    """Encrypts and decrypts the secrets of rows."""

    def __init__(self, current: str, keys: Mapping[str, bytes]) -> None:
        self._current = current
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}

    @classmethod
    def load(cls, path: Path) -> "Keyring":
        """Read a keyring file.

        Raises:
            KeyringUnusable: it is missing, malformed, or its group or others may touch it.
        """
        try:
            with path.open(encoding="utf-8") as file:
                if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                    raise KeyringUnusable(f"keyring {path} is open to others: chmod 600 it")
                document = json.load(file)
            return cls(document["current"], _keys(document))
        except OSError as failed:
            raise KeyringUnusable(f"keyring {path} cannot be read: {failed.strerror}") from failed
        except (ValueError, KeyError, TypeError, AttributeError):
            # Not chained: what a parser complains about may contain a key.
            raise KeyringUnusable(f"keyring {path} is malformed") from None

    def encrypt(self, secret: str, *, table: str, row_id: int, column: str) -> str:
        """Encrypt what is about to be stored in one column of one row."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        bound = _associated_data(table, row_id, column, self._current)
        sealed = nonce + self._ciphers[self._current].encrypt(nonce, secret.encode(), bound)
        return f"{self._current}:{_encode(sealed)}"

    def decrypt(self, stored: str, *, table: str, row_id: int, column: str) -> str:
        """Return the secret stored there.

        Raises:
            SecretUnreadable: it does not belong there, or its key is gone.
        """
        key_id, _, encoded = stored.partition(":")
        try:
            sealed = _decode(encoded)
            bound = _associated_data(table, row_id, column, key_id)
            return self._ciphers[key_id].decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound).decode()
        except (KeyError, ValueError, InvalidTag) as failed:
            raise SecretUnreadable(f"{table} {row_id} {column}") from failed


def create_keyring(path: Path) -> None:
    """Write a keyring with one new key, mode 0600.

    Raises:
        KeyringUnusable: there is a file already, which is never overwritten, or none can be written.
    """
    document = {"current": FIRST_KEY_ID, "keys": {FIRST_KEY_ID: _encode(secrets.token_bytes(KEY_BYTES))}}
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(document, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
    except OSError as failed:
        raise KeyringUnusable(f"keyring {path} cannot be created: {failed.strerror}") from failed


def _keys(document: Mapping[str, Any]) -> dict[str, bytes]:
    keys = {key_id: _decode(encoded) for key_id, encoded in document["keys"].items()}
    well_formed = all(key_id.isalnum() and len(key) == KEY_BYTES for key_id, key in keys.items())
    if not well_formed or document["current"] not in keys:
        raise ValueError
    return keys


def _associated_data(table: str, row_id: int, column: str, key_id: str) -> bytes:
    return f"{table}\n{row_id}\n{column}\n{key_id}".encode()


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
    except binascii.Error as failed:
        raise ValueError("not base64url") from failed
