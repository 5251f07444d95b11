"""The nonce store on SQLite: what many greenlets claim at one moment is one transaction, in the event loop itself.

A claim reaches the operating system, not the disk, and takes some 40 µs; a thread to run it in costs more than that,
and its way back to the loop milliseconds under load. What takes longer never happens here: the file is opened, and its
log written back, in gevent's thread pool, and another worker's write lock is waited for with the loop going on.
"""

import logging
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import gevent

from signet_common.sql.group_commit import GroupCommit
from signet_gateway.adapters.outbound.newest_stamp import NewestStamp
from signet_gateway.adapters.outbound.nonce_file import NonceFile, NoncesBusy, Row, WrittenBeforeBoot
from signet_gateway.adapters.outbound.store_files import Inode, StoreFiles, StoreReplaced, is_damaged
from signet_gateway.application.errors import NoncesUnavailable
from signet_gateway.application.ports import CheckResult, Claim

_LOGGER = logging.getLogger(__name__)

BUSY_SECONDS = 5.0
"""How long other workers' transactions are waited for, of which each takes less than a millisecond."""
_TRY_AGAIN_AFTER = 0.001
_NEWEST = "-newest"
_PROBE, _FORGET = "probe", "forget"


class SqliteNonceStore:
    """A NonceStore in the file at `path`. A file that fails is opened anew for the next claims.

    A store that is damaged, or that lost some of its files, is set aside, and the next one begins to remember then. So
    these claims are refused, as is everything that was stamped before; but the store heals by itself.
    """

    def __init__(self, path: Path, clock: Callable[[], float], boot_id: str) -> None:
        self._path = path
        self._clock = clock
        self._boot_id = boot_id
        self._files = StoreFiles(path)
        self._file: NonceFile | None = None
        self._newest: NewestStamp | None = None
        self._lost = False
        self._groups: GroupCommit[Row | str] = GroupCommit(self._commit)

    def claim(self, owner: str, nonce: str, timestamp: int) -> Claim:
        """See the port."""
        outcome: Claim = self._groups.submit((owner, nonce, timestamp))
        return outcome

    def forget_expired(self) -> int:
        """See the port. It goes with a group of claims, so that nobody waits for a transaction more."""
        forgotten: int = self._groups.submit(_FORGET)
        return forgotten

    def probe(self) -> dict[str, CheckResult]:
        """A group without a claim shows whether the file can be written. Opens it, too.

        In the second of its birth a file vouches for nothing, so every request would be refused.
        """
        try:
            self._groups.submit(_PROBE)
        except NoncesUnavailable:
            return {"nonces": CheckResult("failed", "nonces cannot be claimed")}
        file = self._file
        if file is None or file.horizon >= int(self._clock()):
            return {"nonces": CheckResult("failed", "the store is new and vouches for nothing yet")}
        return {"nonces": CheckResult("ok")}

    def close(self) -> None:
        """Close the files."""
        self._close_file()
        if self._newest is not None:
            self._newest.close()
            self._newest = None

    def _commit(self, group: list[Row | str]) -> list[Claim | int]:
        """Answer one group; `GroupCommit` has one at a time here. Who claims nothing hears how much was forgotten."""
        rows = [row for row in group if not isinstance(row, str)]
        try:
            claims, forgotten = self._claim_when_free(rows, forget=_FORGET in group)
        except (StoreReplaced, sqlite3.Error, OSError) as error:
            self._give_up(error)
            _LOGGER.warning("nonces cannot be claimed: %s", error)
            raise NoncesUnavailable(str(error)) from error
        outcomes = iter(claims)
        return [forgotten if isinstance(row, str) else next(outcomes) for row in group]

    def _claim_when_free(self, rows: list[Row], *, forget: bool) -> tuple[list[Claim], int]:
        """Claim once nobody else holds the write lock; also how many expired rows that has forgotten."""
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            file, newest = self._ready()
            # Before the claim: whoever opens another store after it was found in its place has to know of it.
            newest.raise_to(max((row[2] for row in rows), default=0))
            if forget:
                file.forget_next()
            try:
                return file.claim(rows), file.forgotten
            except NoncesBusy as error:
                if time.monotonic() > deadline:
                    raise NoncesUnavailable("another worker keeps the nonce store to itself") from error
            gevent.sleep(_TRY_AGAIN_AFTER)

    def _ready(self) -> tuple[NonceFile, NewestStamp]:
        """Both files, opened, the log of the first not too long."""
        in_thread = gevent.get_hub().threadpool.apply
        if self._file is None or self._newest is None:
            self._file, self._newest = in_thread(self._open)
        elif self._file.wants_checkpoint():
            in_thread(self._file.checkpoint)
        return self._file, self._newest

    def _open(self) -> tuple[NonceFile, NewestStamp]:
        if self._newest is None:
            self._newest = NewestStamp(self._path.with_name(self._path.name + _NEWEST))
        newest = self._newest
        with self._files.locked():
            main = self._files.identity()[0]
            try:
                file = self._open_file(newest, main)
            except sqlite3.Error as error:
                if is_damaged(error, opened=False):
                    self._files.set_aside(main)
                raise
        self._lost = False
        return file, newest

    def _open_file(self, newest: NewestStamp, main: Inode) -> NonceFile:
        """Open what this boot has begun to write, or begin; what another boot has left is not to be relied on."""
        try:
            return NonceFile(self._path, self._clock, self._boot_id, newest=newest.value, lost=self._lost)
        except WrittenBeforeBoot as old:
            newest.raise_to(old.latest)
            self._files.remove(main)
            return NonceFile(self._path, self._clock, self._boot_id, newest=newest.value)

    def _give_up(self, error: Exception) -> None:
        """Close the file; take it out of the way if what is left of it cannot be relied on."""
        main = None if self._file is None else self._file.main
        self._close_file()
        if main is not None and (isinstance(error, StoreReplaced) or is_damaged(error, opened=True)):
            self._lost = True
            self._set_aside(main)

    def _close_file(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _set_aside(self, main: Inode) -> None:
        try:
            with self._files.locked():
                self._files.set_aside(main)
        except OSError as error:
            _LOGGER.warning("the lost nonce store cannot be set aside: %s", error)
