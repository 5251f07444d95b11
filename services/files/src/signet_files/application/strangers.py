"""Strangers: blobs in the store that no row knows.

No crash leaves one, for the row comes first and goes last. So the database was lost or exchanged, or the store is
another's, and what looks like rubbish may be all that there is of somebody's files. It is removed only where that can
hardly be: the store holds what the newest rows say, and for a week nobody has put right that they do not know this one.
"""

import logging
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

from signet_files.application.collected import Collected
from signet_files.application.ports import Clock, Orphans
from signet_files.application.storage import BlobListing, BlobStore, StoredBlob
from signet_files.domain.errors import BlobError, BlobMissing
from signet_files.domain.files import ESTRANGED, SILENCE

LISTED = 1_000
PROOFS = 20
"""How many of the newest blobs are looked for: where all are missing, store and database do not belong together."""

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Strangers:
    """Walks through a store that can tell what it holds, `listed` blobs at a time."""

    orphans: Orphans
    blobs: BlobStore
    listing: BlobListing
    clock: Clock
    listed: int = LISTED

    def step(self, after: str) -> Collected:
        """Look at what follows the name `after`."""
        found = list(islice(self.listing.stored(after), self.listed))
        known = self.orphans.known([blob.name for blob in found])
        for blob in found:
            if blob.stranger_since is not None and blob.name in known:
                # The right database has come back.
                self.listing.unmark(blob.name)
        before = self.clock() - SILENCE
        strangers = [blob for blob in found if blob.name not in known and blob.written_at < before]
        if strangers and not self._belongs():
            _LOGGER.warning("the store lacks what the newest rows name and holds what none names: nothing is removed")
            return Collected(strangers_kept=len(strangers))
        removed, failed, kept = self._sent_away(strangers)
        if kept:
            _LOGGER.warning("%d blobs in the store belong to no row; they are removed after %s", kept, ESTRANGED)
        finished = len(found) < self.listed
        last = "" if finished else found[-1].name
        return Collected(blobs=removed, failed=failed, strangers_kept=kept, after=last, finished=finished)

    def _belongs(self) -> bool:
        return any(self._holds(name) for name in self.orphans.newest(PROOFS))

    def _holds(self, name: str) -> bool:
        try:
            with closing(self.blobs.read(name, 0, 1)) as found:
                return any(found)
        except BlobMissing:
            return False

    def _sent_away(self, strangers: Sequence[StoredBlob]) -> tuple[int, int, int]:
        """Remove what has been a stranger for long enough, mark the others: how many went, would not go, and stay."""
        removed = failed = kept = 0
        before = self.clock() - ESTRANGED
        for blob in strangers:
            if blob.stranger_since is None:
                self.listing.mark(blob.name)
            if blob.stranger_since is None or blob.stranger_since >= before:
                kept += 1
                continue
            try:
                self.blobs.delete(blob.name)
                removed += 1
            except BlobError:
                failed += 1
        return removed, failed, kept
