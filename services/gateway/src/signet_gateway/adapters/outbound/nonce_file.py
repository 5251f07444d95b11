"""The nonces in one SQLite file, which all workers of a machine share.

Beside the nonces stands the *horizon*: for a timestamp at or before it the file cannot say whether a nonce was used.
It begins at the file's birth, follows what is purged, and jumps to now where claims may have been lost:

* a commit reaches the operating system, not the disk (synchronous=NORMAL, no fsync): the death of a process loses
  nothing, a power cut may lose the last claims. So the file knows during which boot of the machine it was written.
* a file that was removed or replaced under a running process is noticed before each group of claims.
"""

import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from signet_gateway.application.ports import Claim

RETENTION_SECONDS = 600
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_BUSY_SECONDS = 5.0
_PURGE_EVERY_SECONDS = 0.05
_PURGE_ROWS = 256

_SCHEMA = """
CREATE TABLE IF NOT EXISTS nonces (
    owner TEXT NOT NULL, nonce TEXT NOT NULL, timestamp INTEGER NOT NULL, PRIMARY KEY (owner, nonce)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS nonces_by_timestamp ON nonces (timestamp);
CREATE TABLE IF NOT EXISTS store (
    only INTEGER PRIMARY KEY CHECK (only = 1), horizon INTEGER NOT NULL, boot_id TEXT NOT NULL
);
"""
_PURGE = """
DELETE FROM nonces WHERE (owner, nonce) IN (SELECT owner, nonce FROM nonces WHERE timestamp <= ? LIMIT ?)
"""
_CLAIM = "INSERT INTO nonces VALUES (?, ?, ?) ON CONFLICT (owner, nonce) DO NOTHING"

Row = tuple[str, str, int]
"""Owner, nonce, timestamp in unix seconds."""


class NonceFile:
    """One connection to the file; used by one thread at a time. Every method raises sqlite3.Error and OSError.

    `horizon` is the file's own as of the last group of claims.
    """

    def __init__(self, path: Path, clock: Callable[[], float], boot_id: str) -> None:
        self._path = path
        self._clock = clock
        self._purge_at = 0.0
        self._connection = sqlite3.connect(
            path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=16
        )
        try:
            self._prepare(boot_id)
        except BaseException:
            self._connection.close()
            raise
        self._identity = _identity(path)
        self.horizon = int(clock())

    def claim(self, rows: Sequence[Row]) -> list[Claim]:
        """Claim all rows in one transaction; each gets its own answer."""
        if _identity(self._path) != self._identity:
            raise FileNotFoundError(f"{self._path} was replaced while it was in use")
        execute = self._connection.execute
        execute("BEGIN IMMEDIATE")
        try:
            self.horizon = self._purge()
            outcomes = [_claim(execute, self.horizon, row) for row in rows]
            execute("COMMIT")
        except BaseException:
            self._connection.rollback()
            raise
        return outcomes

    def close(self) -> None:
        self._connection.close()

    def _prepare(self, boot_id: str) -> None:
        """Create what is missing. Without a boot id nothing tells of a power cut: then each commit reaches the disk."""
        connection = self._connection
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {'NORMAL' if boot_id else 'FULL'}")
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in _SCHEMA.split(";"):
                connection.execute(statement)
            # Both a new file and one of another boot begin to remember now.
            connection.execute(
                "INSERT INTO store VALUES (1, ?, ?) ON CONFLICT (only) DO UPDATE SET"
                " horizon = max(horizon, excluded.horizon), boot_id = excluded.boot_id"
                " WHERE boot_id <> excluded.boot_id",
                (int(self._clock()), boot_id),
            )
            connection.execute("COMMIT")
        except BaseException:
            connection.rollback()
            raise

    def _purge(self) -> int:
        """Forget a few expired rows where it is time to; return the horizon."""
        horizon: int = self._connection.execute("SELECT horizon FROM store").fetchone()[0]
        now = time.monotonic()
        if now < self._purge_at:
            return horizon
        self._purge_at = now + _PURGE_EVERY_SECONDS
        expired = int(self._clock()) - RETENTION_SECONDS - 1
        if self._connection.execute(_PURGE, (expired, _PURGE_ROWS)).rowcount and expired > horizon:
            self._connection.execute("UPDATE store SET horizon = ?", (expired,))
            return expired
        return horizon


def current_boot_id() -> str:
    """Return what names this boot of the machine, empty where the system does not say."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _claim(execute: Callable[..., sqlite3.Cursor], horizon: int, row: Row) -> Claim:
    if row[2] <= horizon:
        return Claim.TOO_OLD
    inserted = execute(_CLAIM, row).rowcount
    return Claim.FRESH if inserted == 1 else Claim.REUSED


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino
