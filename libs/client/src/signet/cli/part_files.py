"""A file that is not whole yet: `<name>.<sha256…>.part` beside the one that it becomes.

It outlives an interruption and is gone on with. Nothing has its final name before its SHA-256 is proven and it is on
the disk; nothing that is there already is replaced unless that is asked for.
"""

import contextlib
import errno
import hashlib
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from signet.cli.local_names import part_name
from signet.downloads import PIECE_BYTES
from signet.errors import SignetError

if sys.platform != "win32":
    import fcntl

# Never through a link: whoever can write to the folder could lead elsewhere by one.
_CAREFUL = os.O_RDWR | os.O_CREAT | sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))
_WITHOUT_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS})


class NotWritten(SignetError):
    """This machine's file system does not take the file."""


class PartFile:
    """What has come of one file; `size` is how much."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path = path
        self._file = file
        self._digest = hashlib.sha256()
        self.size = 0
        self._finished = False
        with _local_errors(path):
            while piece := file.read(PIECE_BYTES):
                self._digest.update(piece)
                self.size += len(piece)

    @property
    def sha256(self) -> str:
        """Of what has come, in hex."""
        return self._digest.hexdigest()

    def write(self, piece: bytes) -> None:
        """Add what comes next. Raises NotWritten."""
        with _local_errors(self._path):
            self._file.write(piece)
        self._digest.update(piece)
        self.size += len(piece)

    def restart(self) -> None:
        """Forget what has come. Raises NotWritten."""
        with _local_errors(self._path):
            self._file.seek(0)
            self._file.truncate()
        self._digest, self.size = hashlib.sha256(), 0

    def finish(self, target: Path, *, replace: bool) -> None:
        """Give it its name, in one step. Raises NotWritten, also where something has that name meanwhile."""
        with _local_errors(target):
            self._file.flush()
            os.fsync(self._file.fileno())
            if replace:
                self._path.replace(target)
            else:
                _move(self._path, target)
        self._finished = True

    def end(self) -> None:
        """Close it, and remove it if nothing has come. Raises NotWritten."""
        with _local_errors(self._path):
            try:
                if self.size == 0 and not self._finished:
                    self._path.unlink(missing_ok=True)
            finally:
                self._file.close()


@contextmanager
def part_of(target: Path, sha256: str) -> Iterator[PartFile]:
    """Open what is there of a file, for this process alone. Raises NotWritten."""
    path = target.with_name(part_name(target.name, sha256))
    with _local_errors(path):
        file = os.fdopen(os.open(path, _CAREFUL, 0o666), "r+b")
    with file:
        _claim(path, file)
        part = PartFile(path, file)
        try:
            yield part
        finally:
            part.end()


def _claim(path: Path, file: BinaryIO) -> None:
    """Make sure that it is a file of one's own which nobody else is writing, and which still has this name."""
    with _local_errors(path):
        held = os.fstat(file.fileno())
        own = getattr(os, "geteuid", lambda: held.st_uid)() == held.st_uid
        if not stat.S_ISREG(held.st_mode) or held.st_nlink != 1 or not own:
            raise NotWritten(f"{path} is in the way: remove it.")
        if sys.platform != "win32":
            try:
                fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise NotWritten(f"{path} is being written by another command.") from None
        if not path.exists() or not os.path.samestat(held, path.lstat()):
            raise NotWritten(f"{path} has just been finished by another command.")


def _move(source: Path, target: Path) -> None:
    """Rename without replacing: a second link fails where the name is taken; not every file system knows links."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _WITHOUT_LINKS:
            raise
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from error
        source.rename(target)
    else:
        source.unlink()


@contextlib.contextmanager
def _local_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise NotWritten(f"{path} cannot be written: {error.strerror or error}.") from error
