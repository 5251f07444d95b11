"""Blobs in a folder of this machine: written beside, flushed to the disk, and only then given their name.

Names are drawn here, 32 hexadecimal digits; no other text becomes a path.
"""

import errno
import os
import secrets
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from signet_files.adapters.outbound.blob_folder import (
    NAME,
    STRANGER,
    listed,
    remove,
    require_writable,
    stored_in,
)
from signet_files.adapters.outbound.disk_threads import Start
from signet_files.adapters.outbound.draft import BATCH_BYTES, Draft
from signet_files.adapters.outbound.regrouping import batched
from signet_files.application.storage import StoredBlob
from signet_files.domain.errors import BlobMissing, StorageFull, StorageUnavailable

PIECE_BYTES = 262_144
"""What is read at a time, one piece ahead of whoever takes them."""
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class LocalBlobs:
    """Fulfils the ports `BlobStore` and `BlobListing`."""

    def __init__(self, folder: Path, start: Start) -> None:
        """A store in `folder`, which is made at the first write."""
        self._folder = folder
        self._start = start

    def new_name(self) -> str:
        """128 random bits."""
        return secrets.token_hex(16)

    def write(self, name: str, pieces: Iterable[bytes]) -> None:
        """Store a blob: one batch is written while the next one is gathered.

        Raises StorageFull, StorageUnavailable, and whatever `pieces` raises.
        """
        path = self._path(name)
        with _told():
            draft: Draft = self._start(Draft, path)()
        writing: Callable[[], Any] = _nothing
        try:
            for batch in batched(pieces, BATCH_BYTES):
                with _told():
                    writing()
                    writing = self._start(draft.add, batch)
            with _told():
                writing()
                self._start(draft.finish)()
        except BaseException:
            with suppress(Exception):
                writing()
            self._start(draft.abandon)()
            raise

    def read(self, name: str, offset: int, length: int) -> Generator[bytes | bytearray, None, None]:
        """At most `length` bytes from `offset`. Raises BlobMissing, StorageUnavailable."""
        path, end = self._path(name), offset + length
        asked = min(PIECE_BYTES, length)
        with _told():
            blob, piece = self._start(_opened, path, asked, offset)()
        ahead: Callable[[], bytes | bytearray] = _nothing
        try:
            offset += asked
            while len(piece) == asked and offset < end:
                asked = min(PIECE_BYTES, end - offset)
                with _told():
                    ahead = self._begin_to_read(blob, asked, offset)
                yield piece
                with _told():
                    piece = ahead()
                offset += asked
            if piece:
                yield piece
        finally:
            # A file is never closed under a read.
            with suppress(Exception):
                ahead()
            blob.close()

    def delete(self, name: str) -> None:
        """Remove the blob, and what a writer that was killed has left of it. Raises StorageUnavailable."""
        path = self._path(name)
        with _told():
            self._start(remove, path)()

    def check(self) -> None:
        """The folder, or the one that it will be made in, lets itself be written to. Raises StorageUnavailable."""
        with _told():
            self._start(require_writable, self._folder)()

    def stored(self, after: str) -> Iterator[StoredBlob]:
        """Every blob, whole or half, a folder at a time. Raises StorageUnavailable."""
        with _told():
            folders: list[Path] = self._start(listed, self._folder)()
        for folder in sorted(folders):
            if folder.name >= after[:2]:
                with _told():
                    found: list[StoredBlob] = self._start(stored_in, folder)()
                yield from (blob for blob in found if blob.name > after)

    def mark(self, name: str) -> None:
        """Keep the time of the first mark. Raises StorageUnavailable."""
        path = self._path(name)
        with _told(), suppress(FileExistsError):
            self._start(path.with_name(path.name + STRANGER).touch, 0o600, False)()

    def unmark(self, name: str) -> None:
        """None is fine. Raises StorageUnavailable."""
        path = self._path(name)
        with _told():
            self._start(path.with_name(path.name + STRANGER).unlink, True)()

    def _begin_to_read(self, blob: BinaryIO, size: int, offset: int) -> Callable[[], bytes | bytearray]:
        """What waits for the piece. One that lies in memory is there at once: a thread would take longer to begin."""
        found = _read_from_memory(blob, size, offset)
        if found is None:
            result: Callable[[], bytes] = self._start(_read, blob, size, offset)
            return result
        return lambda: found

    def _path(self, name: str) -> Path:
        if not NAME.fullmatch(name):
            raise ValueError("not the name of a blob")
        return self._folder / name[:2] / name


@contextmanager
def _told() -> Iterator[None]:
    """Errors of the system as errors of this service. Never around what a caller's iterator raises."""
    try:
        yield
    except FileNotFoundError:
        raise BlobMissing("nothing is stored under this name") from None
    except OSError as failed:
        if failed.errno in _NO_ROOM:
            raise StorageFull("no room is left for files") from failed
        raise StorageUnavailable(f"the folder of the files fails: {failed.strerror}") from failed


def _nothing() -> bytes:
    return b""


def _opened(path: Path, size: int, offset: int) -> tuple[BinaryIO, bytes]:
    """The file, and its first piece: most have no other."""
    blob = path.open("rb", 0)
    try:
        return blob, _read(blob, size, offset)
    except BaseException:
        blob.close()
        raise


def _read_from_memory(blob: BinaryIO, size: int, offset: int) -> bytearray | None:
    """The piece, or None where it would have to be waited for, or where the system cannot tell."""
    piece = bytearray(size)
    try:
        return piece if os.preadv(blob.fileno(), [piece], offset, os.RWF_NOWAIT) == size else None
    except OSError:
        return None


def _read(blob: BinaryIO, size: int, offset: int) -> bytes:
    """Fewer than `size` bytes only where the file ends: a system may give less at a time."""
    piece = os.pread(blob.fileno(), size, offset)
    while len(piece) < size and (more := os.pread(blob.fileno(), size - len(piece), offset + len(piece))):
        piece += more
    return piece
