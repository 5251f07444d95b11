"""The nonces in one SQLite file, which all workers of a machine share.

Beside the nonces stands the *horizon*: for a timestamp at or before it the file cannot say whether a nonce was used.
It begins at the file's birth, follows what is purged, and where claims may have been lost it jumps to now, or further:
to the latest timestamp that a worker or the file still knows of, since clients may stamp ahead of our clock.

* nothing is flushed to the disk where the system names its boots (synchronous=OFF): the death of a process loses
  nothing, a power cut may lose the last claims and leave a broken file. So the file knows during which boot it was
  written, and at the next one nothing of it is used but the latest timestamp: a new file refuses everything that the
  old one can have held.
* a file that was removed or replaced under a running process is noticed after the commit of each group of claims and
  before anybody hears of it.
"""

import sqlite3
import time
from collections.abc import Callable, Sequence
from itertools import chain, takewhile
from pathlib import Path

from signet_gateway.adapters.outbound.store_files import StoreFiles, StoreReplaced, is_busy
from signet_gateway.application.ports import Claim

RETENTION_SECONDS = 600
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_OPENING_SECONDS = 5.0
_PURGE_EVERY_SECONDS = 0.01
_PURGE_ROWS = 64
_CHECKPOINT_COMMITS = 250

_SCHEMA = """
CREATE TABLE IF NOT EXISTS claims (
    arrival INTEGER PRIMARY KEY, owner TEXT NOT NULL, nonce TEXT NOT NULL, timestamp INTEGER NOT NULL,
    UNIQUE (owner, nonce)
);
CREATE TABLE IF NOT EXISTS store (
    only INTEGER PRIMARY KEY CHECK (only = 1), horizon INTEGER NOT NULL, boot_id TEXT NOT NULL
);
"""
_OLDEST = "SELECT arrival, timestamp FROM claims ORDER BY arrival LIMIT ?"
# A new file and one whose claims may be lost begin to remember now.
_BIRTH = """
INSERT INTO store VALUES (1, max(:now, :newest), :boot_id) ON CONFLICT (only) DO UPDATE SET
    horizon = max(horizon, excluded.horizon, coalesce((SELECT max(timestamp) FROM claims), 0))
WHERE :lost
"""

Row = tuple[str, str, int]
"""Owner, nonce, timestamp in unix seconds."""


class NoncesBusy(Exception):
    """Another process is in the middle of its transaction; nothing has happened."""


class WrittenBeforeBoot(Exception):
    """The machine has booted since: the file is to be removed. `latest` is the latest timestamp in it, 0 for none."""

    def __init__(self, latest: int) -> None:
        super().__init__("the nonce store was written before the machine booted")
        self.latest = latest


class NonceFile:
    """One connection to the file; used by one thread at a time. Every method raises sqlite3.Error and OSError.

    To open it raises WrittenBeforeBoot as well; once open it waits for nobody.

    `horizon` is the file's own as of the last group of claims. `newest` is the latest timestamp that is known to
    be claimed, 0 for none; `lost` says that claims since the last opening may not have reached this file.
    `forgotten` is how many expired rows went with the last group.
    """

    def __init__(
        self, path: Path, clock: Callable[[], float], boot_id: str, *, newest: int = 0, lost: bool = False
    ) -> None:
        self._files = StoreFiles(path)
        self._clock = clock
        self._purge_at = 0.0
        self._commits = 0
        self.forgotten = 0
        self._connection = sqlite3.connect(
            path, timeout=_OPENING_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=512
        )
        try:
            self._prepare(boot_id, newest, lost=lost)
        except BaseException:
            self._connection.close()
            raise
        self._connection.execute("PRAGMA busy_timeout = 0")
        self._identity = self._files.identity()
        self.main = self._identity[0]
        self.horizon = int(clock())

    def claim(self, rows: Sequence[Row]) -> list[Claim]:
        """Claim all rows in one transaction; each gets its own answer. Also raises NoncesBusy and StoreReplaced.

        That the files are still in their place is looked at last: whoever opens others later sets its horizon later,
        too.
        """
        execute = self._connection.execute
        self._begin()
        try:
            self.horizon = self._purge()
            outcomes = self._claim(rows)
            execute("COMMIT")
        except BaseException:
            self._connection.rollback()
            raise
        self._commits += 1
        if self._files.identity() != self._identity:
            raise StoreReplaced("the nonce store was removed or replaced while it was in use")
        return outcomes

    def forget_next(self) -> None:
        """Let the next group forget expired rows, however lately another one did."""
        self._purge_at = 0.0

    def wants_checkpoint(self) -> bool:
        """Whether the log has become long enough."""
        return self._commits >= _CHECKPOINT_COMMITS

    def checkpoint(self) -> None:
        """Write the log back into the file, as far as no other process is in the way: a millisecond or two."""
        self._commits = 0
        self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()

    def close(self) -> None:
        self._connection.close()

    def _begin(self) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if is_busy(error):
                raise NoncesBusy from error
            raise

    def _claim(self, rows: Sequence[Row]) -> list[Claim]:
        """Decide on all rows with one statement, whatever their number: it tells which of them were new."""
        young = [row for row in rows if row[2] > self.horizon]
        fresh = self._insert(young) if young else set()
        outcomes = []
        for owner, nonce, timestamp in rows:
            if timestamp <= self.horizon:
                outcomes.append(Claim.TOO_OLD)
            elif (owner, nonce) in fresh:
                fresh.remove((owner, nonce))  # a copy in the same group comes second
                outcomes.append(Claim.FRESH)
            else:
                outcomes.append(Claim.REUSED)
        return outcomes

    def _insert(self, rows: Sequence[Row]) -> set[tuple[str, str]]:
        values = ", ".join(["(?, ?, ?)"] * len(rows))
        inserted = self._connection.execute(
            f"INSERT INTO claims (owner, nonce, timestamp) VALUES {values}"  # noqa: S608 - question marks
            " ON CONFLICT (owner, nonce) DO NOTHING RETURNING owner, nonce",
            list(chain.from_iterable(rows)),
        )
        return set(inserted.fetchall())

    def _prepare(self, boot_id: str, newest: int, *, lost: bool) -> None:
        """Create what is missing. Without a boot id nothing tells of a power cut: then each commit reaches the disk."""
        connection = self._connection
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")  # it would come in the midst of a claim
        connection.execute(f"PRAGMA synchronous = {'OFF' if boot_id else 'FULL'}")
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in _SCHEMA.split(";"):
                connection.execute(statement)
            birth = {"now": int(self._clock()), "newest": newest, "boot_id": boot_id, "lost": lost}
            connection.execute(_BIRTH, birth)
            self._check_boot(boot_id)
            connection.execute("COMMIT")
        except BaseException:
            connection.rollback()
            raise

    def _check_boot(self, boot_id: str) -> None:
        if self._connection.execute("SELECT boot_id FROM store").fetchone()[0] != boot_id:
            latest = self._connection.execute("SELECT coalesce(max(timestamp), 0) FROM claims").fetchone()[0]
            raise WrittenBeforeBoot(latest)

    def _purge(self) -> int:
        """Forget a few expired rows where it is time to; return the horizon.

        They are looked for in the order of their arrival, so that they lie side by side. One that was stamped ahead
        keeps those that came after it for as much longer, at most the window of timestamps.
        """
        horizon: int = self._connection.execute("SELECT horizon FROM store").fetchone()[0]
        self.forgotten = 0
        now = time.monotonic()
        if now < self._purge_at:
            return horizon
        self._purge_at = now + _PURGE_EVERY_SECONDS
        expired = int(self._clock()) - RETENTION_SECONDS - 1
        oldest = self._connection.execute(_OLDEST, (_PURGE_ROWS,)).fetchall()
        gone = [arrival for arrival, _ in takewhile(lambda row: row[1] <= expired, oldest)]
        if gone:
            self._connection.execute("DELETE FROM claims WHERE arrival <= ?", (gone[-1],))
            self.forgotten = len(gone)
        if gone and expired > horizon:
            self._connection.execute("UPDATE store SET horizon = ?", (expired,))
            return expired
        return horizon


def current_boot_id() -> str:
    """Return what names this boot of the machine, empty where the system does not say."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""
