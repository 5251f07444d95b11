"""A blob in a folder before it has its name: written beside, flushed to the disk, and only then renamed."""

import errno
import os
from contextlib import suppress
from pathlib import Path

from signet_files.adapters.outbound.blob_folder import PART, flush_folder, make_folder

BATCH_BYTES = 1_048_576
"""What is best written at a time: a call of its own for each chunk of 64 KiB takes the file system twice as long."""
_BEGIN_TO_FLUSH = 4 * BATCH_BYTES
_MOST_PIECES = 1024
"""What one `writev` takes, IOV_MAX."""


class Draft:
    """A blob that has no name yet. Its methods are called one after the other, from any thread."""

    def __init__(self, path: Path) -> None:
        """Open it. Raises OSError, also where another has the name or is about to get it."""
        if path.exists():
            raise FileExistsError(errno.EEXIST, "a blob is written once")
        make_folder(path.parent)
        self._path = path
        self._part = path.with_name(path.name + PART)
        self._file = os.fdopen(os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb", 0)
        self._size = 0
        self._flushing = 0

    def add(self, pieces: list[bytes]) -> None:
        """Write them behind what is there. Raises OSError."""
        for first in range(0, len(pieces), _MOST_PIECES):
            self._write(pieces[first : first + _MOST_PIECES])
        if self._size - self._flushing >= _BEGIN_TO_FLUSH:
            self._begin_to_flush()

    def finish(self) -> None:
        """Give it its name; the bytes reach the disk before that does. Raises OSError."""
        os.fsync(self._file.fileno())
        self._file.close()
        self._part.rename(self._path)
        flush_folder(self._path.parent)

    def abandon(self) -> None:
        """Leave nothing behind; what cannot be removed now is an orphan for later."""
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self._part.unlink(missing_ok=True)

    def _write(self, pieces: list[bytes]) -> None:
        written = os.writev(self._file.fileno(), pieces)
        self._size += written
        if written == sum(map(len, pieces)):
            return
        # No room, as a rule: the next call says so.
        rest = memoryview(b"".join(pieces))[written:]
        while rest:
            written = os.write(self._file.fileno(), rest)
            self._size, rest = self._size + written, rest[written:]

    def _begin_to_flush(self) -> None:
        """Have the disk begin with what is there, so that little is left at the end.

        That is what Linux does when told that pages will not be needed; those that are not on the disk yet, it keeps.
        """
        written = self._size - self._flushing
        os.posix_fadvise(self._file.fileno(), self._flushing, written, os.POSIX_FADV_DONTNEED)
        self._flushing = self._size
