"""The keyring's file: outside the database and its backups, JSON, readable by its owner alone.

`{"current": "k2", "keys": {"k1": "<base64url>", "k2": "…"}, "superseded": {"k1": "<time>"}, "rotating": true}`; the
last two are absent from a keyring that was never rotated. A changed keyring is written beside the old one and takes its
name, so that whoever reads meets one or the other and never half of one.
"""

import fcntl
import json
import os
import secrets
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from signet_common.keyring.ciphers import KeyringBusy, KeyringUnusable, decode, encode

KEY_BYTES = 32
FIRST_KEY_ID = "k1"
LOCK_POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class KeyringDocument:
    """What the file says.

    `superseded` tells since when (UTC) a key encrypts nothing new; `rotating`, that rows still wait to be brought under
    the current one.
    """

    current: str
    keys: Mapping[str, bytes] = field(repr=False)
    superseded: Mapping[str, datetime] = field(default_factory=dict)
    rotating: bool = False


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """Tells one version of a file from another; every change makes a new file."""

    inode: int
    modified_ns: int
    size: int

    @classmethod
    def of(cls, status: os.stat_result) -> "FileIdentity":
        return cls(status.st_ino, status.st_mtime_ns, status.st_size)


def read_keyring(path: Path) -> tuple[KeyringDocument, FileIdentity]:
    """Read a keyring file.

    Raises:
        KeyringUnusable: it is missing, malformed, or its group or others may touch it.
    """
    try:
        with path.open(encoding="utf-8") as file:
            status = os.fstat(file.fileno())
            if stat.S_IMODE(status.st_mode) & 0o077:
                raise KeyringUnusable(f"keyring {path} is open to others: chmod 600 it")
            document = json.load(file)
        return _parsed(document), FileIdentity.of(status)
    except OSError as failed:
        raise KeyringUnusable(f"keyring {path} cannot be read: {failed.strerror}") from failed
    except (ValueError, KeyError, TypeError, AttributeError):
        # Not chained: what a parser complains about may contain a key.
        raise KeyringUnusable(f"keyring {path} is malformed") from None


def create_keyring(path: Path) -> None:
    """Write a keyring with one new key, mode 0600.

    Raises:
        KeyringUnusable: there is a file already, which is never overwritten, or none can be written.
    """
    try:
        _write(path, KeyringDocument(FIRST_KEY_ID, {FIRST_KEY_ID: new_key()}))
    except OSError as failed:
        raise KeyringUnusable(f"keyring {path} cannot be created: {failed.strerror}") from failed


def replace_keyring(path: Path, document: KeyringDocument) -> None:
    """Put a changed keyring into the place of the one that is there, for the same owner. Raises KeyringUnusable."""
    target = path.resolve()
    draft = target.with_name(f"{target.name}.new")
    try:
        before = target.stat()
        # What a killed predecessor left is nobody's: the lock is held, and it never got the name.
        draft.unlink(missing_ok=True)
        _write(draft, document, owner=(before.st_uid, before.st_gid))
        draft.rename(target)
        _flush_folder(target.parent)
    except OSError as failed:
        raise KeyringUnusable(f"keyring {path} cannot be replaced: {failed.strerror}") from failed


@contextmanager
def only_writer(path: Path, *, patience: float = 0.0) -> Iterator[None]:
    """Hold off other writers of the keyring, in this process and in others, for as long as this process lives.

    Raises KeyringBusy where another one is at it for longer than `patience` seconds, KeyringUnusable.
    """
    folder = _opened(path)
    try:
        _lock(folder, path, time.monotonic() + patience)
        yield
    finally:
        os.close(folder)


def _opened(path: Path) -> int:
    try:
        return os.open(path.resolve().parent, os.O_RDONLY)
    except OSError as failed:
        raise KeyringUnusable(f"keyring {path} cannot be read: {failed.strerror}") from failed


def _lock(folder: int, path: Path, deadline: float) -> None:
    while True:
        try:
            return fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise KeyringBusy(f"keyring {path} is being changed by another process") from None
        except OSError as failed:
            raise KeyringUnusable(f"keyring {path} cannot be locked: {failed.strerror}") from failed
        time.sleep(LOCK_POLL_SECONDS)


def new_key() -> bytes:
    """Draw a key."""
    return secrets.token_bytes(KEY_BYTES)


def _write(path: Path, document: KeyringDocument, owner: tuple[int, int] | None = None) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        if owner is not None and owner != (os.geteuid(), os.getegid()):
            # An administrator who rotates as root must not lock the service out of its own keyring.
            os.fchown(file.fileno(), *owner)
        json.dump(_plain(document), file, indent=2)
        file.flush()
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _plain(document: KeyringDocument) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "current": document.current,
        "keys": {key_id: encode(key) for key_id, key in document.keys.items()},
    }
    if document.superseded:
        plain["superseded"] = {key_id: since.isoformat() for key_id, since in document.superseded.items()}
    if document.rotating:
        plain["rotating"] = True
    return plain


def _parsed(document: Mapping[str, Any]) -> KeyringDocument:
    keys = {key_id: decode(encoded) for key_id, encoded in document["keys"].items()}
    superseded = {name: datetime.fromisoformat(since) for name, since in document.get("superseded", {}).items()}
    well_formed = all(key_id.isalnum() and len(key) == KEY_BYTES for key_id, key in keys.items())
    dated = superseded.keys() <= keys.keys() and all(since.tzinfo for since in superseded.values())
    rotating = document.get("rotating", False) is True
    if not well_formed or document["current"] not in keys or not dated or (rotating and not superseded):
        raise ValueError
    return KeyringDocument(document["current"], keys, superseded, rotating)
