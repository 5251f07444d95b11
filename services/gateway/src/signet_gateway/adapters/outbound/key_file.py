"""The sealing keys on disk: one JSON file, readable by its owner alone, replaced in one step.

{"keys": [{"key_id", "created_at", "active_from", "accepted_until", "private_key"}, …], "announcements": […]}, newest
key first, times in unix seconds, private keys as PKCS#8 PEM or null once a key is retired.
"""

import fcntl
import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from signet_gateway.application.key_ring import KeyRing, SealingKey
from signet_protocol.sealing import LEAST_KEY_BITS
from signet_protocol.sealing_keys import thumbprint

_OWNER_ONLY = 0o600
_EXPONENT = 65537


class KeyFileUnusable(Exception):
    """The file is missing, malformed, or open to others. The message names it and never what is in it."""


class KeyFile:
    """The file at `path`. Every method raises KeyFileUnusable."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def exists(self) -> bool:
        """Whether there is a file, of whatever kind."""
        return self._path.exists()

    def new_key(self) -> RSAPrivateKey:
        """Make a key of 3072 bits (NIST SP 800-57: 128 bits of security)."""
        return generate_private_key(_EXPONENT, LEAST_KEY_BITS)

    def load(self) -> KeyRing:
        """Read the ring."""
        path = self._path
        try:
            with path.open(encoding="utf-8") as file:
                if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                    raise KeyFileUnusable(f"sealing keys {path} are open to others: chmod 600 {path}")
                document = json.load(file)
            return KeyRing([_key(entry) for entry in document["keys"]], list(map(str, document["announcements"])))
        except OSError as failed:
            raise KeyFileUnusable(f"sealing keys {path} cannot be read: {failed.strerror}") from failed
        except (ValueError, KeyError, TypeError, AttributeError, UnsupportedAlgorithm):
            # Not chained: what a parser complains about may contain a key.
            raise KeyFileUnusable(f"sealing keys {path} are malformed") from None

    def save(self, ring: KeyRing) -> None:
        """Replace the file by one that was 0600 from its first byte and is safe on the disk."""
        document = {"keys": [_entry(key) for key in ring.keys], "announcements": list(ring.announcements)}
        draft = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        try:
            draft.unlink(missing_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
            with os.fdopen(os.open(draft, flags, _OWNER_ONLY), "w", encoding="utf-8") as file:
                json.dump(document, file, indent=2)
                file.write("\n")
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._path)
        except OSError as failed:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            raise KeyFileUnusable(f"sealing keys {self._path} cannot be written: {failed.strerror}") from failed

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Change the file under this: of two rotations at once none may be lost."""
        try:
            descriptor = os.open(f"{self._path}-lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _OWNER_ONLY)
        except OSError as failed:
            raise KeyFileUnusable(f"sealing keys {self._path} cannot be locked: {failed.strerror}") from failed
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def stamp(self) -> tuple[int, int, int] | None:
        """What changes whenever the file is replaced; None while there is none. A call of the system, no more."""
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size


def _key(entry: Mapping[str, Any]) -> SealingKey:
    until = entry["accepted_until"]
    pem = entry["private_key"]
    private = None if pem is None else _private(pem)
    key_id = str(entry["key_id"])
    if private is not None and thumbprint(private.public_key()) != key_id:
        raise ValueError("a key is not named by its thumbprint")
    return SealingKey(
        key_id, int(entry["created_at"]), int(entry["active_from"]), None if until is None else int(until), private
    )


def _private(pem: str) -> RSAPrivateKey:
    key = load_pem_private_key(pem.encode("ascii"), None)
    if not isinstance(key, RSAPrivateKey) or key.key_size < LEAST_KEY_BITS:
        raise ValueError("not an RSA key of enough bits")
    return key


def _entry(key: SealingKey) -> dict[str, object]:
    private = key.private
    pem = None if private is None else private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return {
        "key_id": key.key_id,
        "created_at": key.created_at,
        "active_from": key.active_from,
        "accepted_until": key.accepted_until,
        "private_key": None if pem is None else pem.decode("ascii"),
    }
