"""Remove what nobody will ask for any more: uploads that ended nowhere, deleted files after their time, lost blobs.

The order makes it safe to kill and to repeat: a file is condemned, which no upload and no undelete survives; then its
blobs go; then its rows, which held the names of the blobs.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from signet_files.application.ports import Clock, Condemned, Orphans
from signet_files.application.storage import BlobListing, BlobStore, StoredBlob
from signet_files.domain.errors import BlobError
from signet_files.domain.files import SILENCE

BATCH = 100


@dataclass(frozen=True, slots=True)
class Collected:
    """What was removed: uploads, deleted files, blobs that no row knew; and what the store would not let go of."""

    uploads: int = 0
    files: int = 0
    blobs: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class CollectOrphans:
    """Collects whatever is due now, `batch` at a time. `listing` is None where the store cannot tell what it holds."""

    orphans: Orphans
    blobs: BlobStore
    listing: BlobListing | None
    clock: Clock
    batch: int = BATCH

    def __call__(self) -> Collected:
        """Raises StorageUnavailable where the store cannot be listed."""
        uploads, files, failed = self._condemned()
        removed, kept = self._strangers()
        return Collected(uploads, files, removed, failed + kept)

    def _condemned(self) -> tuple[int, int, int]:
        uploads = files = 0
        failed: set[int] = set()
        while batch := self._next(failed):
            for file in batch:
                if not self._removed(file.blob_names):
                    failed.add(file.file_id)
                    continue
                self.orphans.forget(file.file_id)
                files, uploads = files + file.uploaded, uploads + (not file.uploaded)
        return uploads, files, len(failed)

    def _next(self, failed: set[int]) -> list[Condemned]:
        """Those who are due and have not failed before: with as many more as have, or they would hide the others."""
        due = self.orphans.condemn(self.clock(), self.batch + len(failed))
        return [file for file in due if file.file_id not in failed]

    def _strangers(self) -> tuple[int, int]:
        """A blob without a row: from before a database was restored, or a crash of the store. Fresh ones may wait."""
        if self.listing is None:
            return 0, 0
        before = self.clock() - SILENCE
        old = (blob for blob in self.listing.stored() if blob.written_at < before)
        removed = kept = 0
        for batch in _batches(old):
            names = {blob.name for blob in batch}
            for name in names - self.orphans.known(names):
                gone = self._removed((name,))
                removed, kept = removed + gone, kept + (not gone)
        return removed, kept

    def _removed(self, names: Iterable[str]) -> bool:
        try:
            for name in names:
                self.blobs.delete(name)
        except BlobError:
            return False
        return True


def _batches(blobs: Iterator[StoredBlob]) -> Iterator[list[StoredBlob]]:
    while batch := list(islice(blobs, BATCH)):
        yield batch
