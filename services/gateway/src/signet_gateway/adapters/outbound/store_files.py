"""The files that SQLite keeps for one store in WAL mode, and whether they are still those that were opened.

A claim stands in the `-wal` file before it stands in the main one, and the `-shm` file is how processes find it there
and lock each other out. Whoever opens the store after one of the three was removed shares nothing with those who
opened it before, so all three are its identity.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

Inode = tuple[int, int] | None
"""Device and number; None for a file that is not there."""

_SUFFIXES = ("", "-wal", "-shm")
_LOCK = "-lock"
_ASIDE = ".lost"
_OWNER_ONLY = 0o600


class StoreReplaced(Exception):
    """The files at the path are not those that were opened: what was claimed meanwhile may be lost."""


class StoreFiles:
    """The files of the store at `path`. Every method raises OSError."""

    def __init__(self, path: Path) -> None:
        self._paths = [path.with_name(path.name + suffix) for suffix in _SUFFIXES]
        self._aside = [path.with_name(path.name + _ASIDE + suffix) for suffix in _SUFFIXES]
        self._names = [str(each) for each in self._paths]  # looked at after every group of claims
        self._lock = path.with_name(path.name + _LOCK)

    def identity(self) -> tuple[Inode, ...]:
        """Return the inodes of all three; the first is the main file's."""
        return tuple([_inode(name) for name in self._names])

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Open or replace the store under this: a worker must not open what another one is taking away."""
        descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _OWNER_ONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def set_aside(self, main: Inode) -> None:
        """Rename what is left of the store whose main file is `main`; do nothing if another one took its place.

        Renamed, not deleted, in case that the path was a mistake. SQLite leaves the files of the next store alone when
        a connection to a renamed one is closed.
        """
        if not self._is_main(main):
            return
        for path, aside in zip(self._paths, self._aside, strict=True):
            with suppress(FileNotFoundError):
                path.replace(aside)

    def remove(self, main: Inode) -> None:
        """Delete the store whose main file is `main`, unless another one took its place. Nobody may have it open.

        The main file goes last: without it, nothing would say whose log the rest is.
        """
        if self._is_main(main):
            for path in reversed(self._paths):
                path.unlink(missing_ok=True)

    def _is_main(self, main: Inode) -> bool:
        return main is not None and _inode(self._paths[0]) == main


def is_busy(error: sqlite3.Error) -> bool:
    """Whether another process holds the lock at this moment; nothing has happened."""
    return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY


def is_damaged(error: Exception, *, opened: bool) -> bool:
    """Whether `error` says that the content is broken, which no second try mends.

    What is no database at all counts only if it was one when it was `opened`: otherwise the path may be a mistake.
    """
    code = getattr(error, "sqlite_errorcode", 0)
    if code & 0xFF == sqlite3.SQLITE_NOTADB:
        return opened
    return code & 0xFF == sqlite3.SQLITE_CORRUPT or code == sqlite3.SQLITE_IOERR_SHORT_READ


def _inode(path: str | Path) -> Inode:
    try:
        found = os.stat(path)  # noqa: PTH116 - half the price of Path.stat
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
