"""The nonce store on SQLite: what many greenlets claim at one moment is one transaction, off the event loop.

SQLite blocks its thread while another process holds the write lock, so transactions run in gevent's thread pool, one at
a time.
"""

import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path

import gevent

from signet_common.sql.group_commit import GroupCommit
from signet_gateway.adapters.outbound.nonce_file import NonceFile, Row
from signet_gateway.application.errors import NoncesUnavailable
from signet_gateway.application.ports import CheckResult, Claim

_LOGGER = logging.getLogger(__name__)


class SqliteNonceStore:
    """A NonceStore in the file at `path`. A file that fails is opened anew for the next group of claims."""

    def __init__(self, path: Path, clock: Callable[[], float], boot_id: str) -> None:
        self._path = path
        self._clock = clock
        self._boot_id = boot_id
        self._file: NonceFile | None = None
        self._groups: GroupCommit[Row | None] = GroupCommit(self._commit)

    def claim(self, owner: str, nonce: str, timestamp: int) -> Claim:
        """See the port."""
        outcome: Claim = self._groups.submit((owner, nonce, timestamp))
        return outcome

    def probe(self) -> dict[str, CheckResult]:
        """A group without a claim shows whether the file can be written. Opens it, too.

        In the second of its birth a file vouches for nothing, so every request would be refused.
        """
        try:
            self._groups.submit(None)
        except NoncesUnavailable:
            return {"nonces": CheckResult("failed", "nonces cannot be claimed")}
        file = self._file
        if file is None or file.horizon >= int(self._clock()):
            return {"nonces": CheckResult("failed", "the store was born this second")}
        return {"nonces": CheckResult("ok")}

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _commit(self, group: list[Row | None]) -> list[Claim | None]:
        outcomes: list[Claim | None] = gevent.get_hub().threadpool.apply(self._claim, (group,))
        return outcomes

    def _claim(self, group: list[Row | None]) -> list[Claim | None]:
        """Runs in a pool thread, one group at a time. None stands for a probe."""
        try:
            if self._file is None:
                self._file = NonceFile(self._path, self._clock, self._boot_id)
            outcomes = iter(self._file.claim([row for row in group if row is not None]))
        except (sqlite3.Error, OSError) as error:
            self.close()
            _LOGGER.warning("nonces cannot be claimed: %s", error)
            raise NoncesUnavailable(str(error)) from error
        return [None if row is None else next(outcomes) for row in group]
