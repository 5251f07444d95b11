"""Blobs in a folder of this machine: written beside, flushed to the disk, and only then given their name.

`<folder>/<first two digits>/<name>`, and `<name>.part` while it is written. Names are drawn here, 32 hexadecimal
digits; no other text becomes a path.
"""

import errno
import os
import re
import secrets
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from signet_files.adapters.outbound.regrouping import batched
from signet_files.application.storage import StoredBlob
from signet_files.domain.errors import BlobMissing, StorageFull, StorageUnavailable

Run = Callable[..., Any]
"""Calls a function with arguments and returns its result: where the caller is, or in a thread beside gevent's loop,
which a disk would hold up."""

PIECE_BYTES = 262_144
_NAME = re.compile("[0-9a-f]{32}")
_PART = ".part"
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class LocalBlobs:
    """Fulfils the ports `BlobStore` and `BlobListing`."""

    def __init__(self, folder: Path, run: Run) -> None:
        """A store in `folder`, which is made at the first write."""
        self._folder = folder
        self._run = run

    def new_name(self) -> str:
        """128 random bits."""
        return secrets.token_hex(16)

    def write(self, name: str, pieces: Iterable[bytes]) -> None:
        """Store a blob. Raises StorageFull, StorageUnavailable, and whatever `pieces` raises."""
        path = self._path(name)
        with _told():
            draft: _Draft = self._run(_Draft, path)
        try:
            for batch in batched(pieces, PIECE_BYTES):
                with _told():
                    self._run(draft.add, batch)
            with _told():
                self._run(draft.finish)
        except BaseException:
            draft.abandon()
            raise

    def read(self, name: str, offset: int, length: int) -> Generator[bytes, None, None]:
        """At most `length` bytes from `offset`. Raises BlobMissing, StorageUnavailable."""
        path = self._path(name)
        with _told():
            blob: BinaryIO = self._run(path.open, "rb", 0)
        with blob:
            end = offset + length
            while offset < end:
                with _told():
                    piece: bytes = self._run(os.pread, blob.fileno(), min(PIECE_BYTES, end - offset), offset)
                if not piece:
                    return
                yield piece
                offset += len(piece)

    def delete(self, name: str) -> None:
        """Remove the blob, and what a writer that was killed has left of it. Raises StorageUnavailable."""
        path = self._path(name)
        with _told():
            self._run(_remove, path)

    def check(self) -> None:
        """The folder, or the one that it will be made in, lets itself be written to. Raises StorageUnavailable."""
        with _told():
            self._run(_require_writable, self._folder)

    def stored(self) -> Iterator[StoredBlob]:
        """Every blob, whole or half. Raises StorageUnavailable."""
        with _told():
            folders: list[Path] = self._run(_listed, self._folder)
        for folder in folders:
            with _told():
                found: list[StoredBlob] = self._run(_stored_in, folder)
            yield from found

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ValueError("not the name of a blob")
        return self._folder / name[:2] / name


class _Draft:
    """A blob that has no name yet."""

    def __init__(self, path: Path) -> None:
        """Open it. Raises OSError, also where another has the name or is about to get it."""
        if path.exists():
            raise FileExistsError(errno.EEXIST, "a blob is written once")
        _make_folder(path.parent)
        self._path = path
        self._part = path.with_name(path.name + _PART)
        self._file = os.fdopen(os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")

    def add(self, pieces: list[bytes]) -> None:
        self._file.writelines(pieces)

    def finish(self) -> None:
        """The bytes reach the disk before the name does."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._part.rename(self._path)
        _flush_folder(self._path.parent)

    def abandon(self) -> None:
        """Leave nothing behind; what cannot be removed now is an orphan for later."""
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self._part.unlink(missing_ok=True)


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


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def _stored_in(folder: Path) -> list[StoredBlob]:
    found = []
    for path in _listed(folder):
        name = path.name.removesuffix(_PART)
        # What was given its name, or went, since the folder was read is met another time.
        with suppress(FileNotFoundError):
            if _NAME.fullmatch(name):
                found.append(StoredBlob(name, datetime.fromtimestamp(path.stat().st_mtime, UTC)))
    return found


def _remove(path: Path) -> None:
    for present in (path.with_name(path.name + _PART), path):
        present.unlink(missing_ok=True)


def _require_writable(folder: Path) -> None:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
        raise PermissionError(errno.EACCES, "no blob can be stored there")


def _make_folder(folder: Path) -> None:
    """A folder for its owner alone, and its name safe on the disk."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        _flush_folder(folder.parent)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
