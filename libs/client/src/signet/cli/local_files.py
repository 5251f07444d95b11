"""Files of this machine that are to be sent: found, opened with care, and watched while they are read."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from signet.errors import ArgumentInvalid

# Nobody waits at a pipe for its writer.
_CAREFUL = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISLNK, "a symbolic link"),
)


@dataclass(frozen=True, slots=True)
class Source:
    """One thing to send. `error` says why it cannot be; a `link` inside a folder is passed over, by rule."""

    path: Path
    within: bool = False
    link: bool = False
    error: ArgumentInvalid | None = None


def sources(path: Path) -> Iterator[Source]:
    """Yield the file that `path` is, or every file below the folder that it is, in the order of their names."""
    waiting = [path] if _is_folder(path) else []
    if not waiting:
        yield Source(path)
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as found:
                kinds = sorted((entry.name, entry.is_dir(follow_symlinks=False), entry.is_symlink()) for entry in found)
        except OSError as error:
            yield Source(folder, error=_unreadable(error))
            continue
        waiting += [folder / name for name, is_folder, _ in reversed(kinds) if is_folder]
        for name, is_folder, is_link in kinds:
            if not is_folder:
                yield Source(folder / name, within=True, link=is_link)


@contextmanager
def opened(source: Source) -> Iterator[BufferedReader]:
    """Open it for an upload. Raises ArgumentInvalid for what cannot be read, or is another thing than a file.

    A link that was named is followed; inside a folder none is, even if it has just been put there.
    """
    path, flags = source.path, os.O_RDONLY | _CAREFUL
    if source.within:
        flags |= getattr(os, "O_NOFOLLOW", 0)
    try:
        _require_file(path.lstat() if source.within else path.stat())  # Opening a device can move it.
        file = os.fdopen(os.open(path, flags), "rb")
    except OSError as error:
        raise _unreadable(error) from error
    with file:
        _require_file(os.fstat(file.fileno()))
        yield file


class Watch:
    """Tells whether a file has been written to since this was made."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._seen = self._state()

    @property
    def changed(self) -> bool:
        """By its size, and by the time of its last change."""
        return self._state() != self._seen

    def _state(self) -> tuple[int, int]:
        found = os.fstat(self._file.fileno())
        return found.st_size, found.st_mtime_ns


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # Whoever opens it will say why.
        return False


def _require_file(found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        kind = next((name for holds, name in _KINDS if holds(found.st_mode)), "no file")
        raise ArgumentInvalid(f"It is {kind}: only files can be sent.")


def _unreadable(error: OSError) -> ArgumentInvalid:
    return ArgumentInvalid(f"It cannot be read: {error.strerror or error}.")
