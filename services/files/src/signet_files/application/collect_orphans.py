"""Remove what nobody will ask for any more: uploads that ended nowhere, deleted files after their time, lost blobs.

The order makes it safe to kill and to repeat: a file is condemned, which no upload and no undelete survives; then its
blobs go; then its rows, which held the names of the blobs. Each step is small, so that it holds up nobody and fits into
a request, however much there is.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from signet_files.application.collected import Collected
from signet_files.application.ports import Clock, Orphans
from signet_files.application.storage import BlobStore
from signet_files.application.strangers import Strangers
from signet_files.domain.errors import BlobError

BATCH = 100
STEP_SECONDS = 5.0
"""After which a step takes on no further file: a store may keep each caller for its whole timeout."""


@dataclass(frozen=True, slots=True)
class CollectOrphans:
    """Collects what is due, `batch` files a step. `strangers` is None where the store cannot tell what it holds."""

    orphans: Orphans
    blobs: BlobStore
    strangers: Strangers | None
    clock: Clock
    batch: int = BATCH
    elapsed: Callable[[], float] = time.monotonic

    def __call__(self, after: str = "", *, seconds: float | None = None) -> Collected:
        """Collect until all is done, or for some seconds and a step. Raises StorageUnavailable where none is listed."""
        end = None if seconds is None else self.elapsed() + seconds
        total = self.step(after)
        while not total.finished and (end is None or self.elapsed() < end):
            total = total.then(self.step(total.after))
        return total

    def step(self, after: str) -> Collected:
        """Remove some files that are due; where none is, look at some blobs behind the name `after`."""
        due = self.orphans.condemn(self.clock(), self.batch)
        if not due:
            return Collected() if self.strangers is None else self.strangers.step(after)
        uploads = files = failed = 0
        end = self.elapsed() + STEP_SECONDS
        for file in due:
            if self.elapsed() >= end:
                # The others have lost their keys, and come again.
                break
            if not self._removed(file.blob_names):
                failed += 1
            elif self.orphans.forget(file.file_id):
                uploads, files = uploads + (not file.uploaded), files + file.uploaded
        return Collected(uploads, files, failed=failed, after=after, finished=False)

    def _removed(self, names: Iterable[str]) -> bool:
        try:
            for name in names:
                self.blobs.delete(name)
        except BlobError:
            return False
        return True
