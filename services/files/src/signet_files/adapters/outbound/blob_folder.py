"""How blobs lie in a folder, and what has to reach the disk when they come and go.

`<folder>/<first two digits>/<name>`, and `<name>.part` while it is written; `<name>.stranger`, empty, says by its time
since when no row knows the blob beside it. Everything raises OSError.
"""

import errno
import os
import re
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from signet_files.application.storage import StoredBlob

NAME = re.compile("[0-9a-f]{32}")
PART, STRANGER = ".part", ".stranger"


def listed(folder: Path) -> list[Path]:
    """What is in a folder; nothing where there is none."""
    try:
        return list(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def stored_in(folder: Path) -> list[StoredBlob]:
    """The blobs in one of the inner folders, in the order of names."""
    written: dict[str, float] = {}
    marked: dict[str, float] = {}
    for path in listed(folder):
        name = path.name.removesuffix(PART).removesuffix(STRANGER)
        # What was given its name, or went, since the folder was read is met another time.
        with suppress(FileNotFoundError):
            if NAME.fullmatch(name):
                times = marked if path.name.endswith(STRANGER) else written
                times[name] = max(path.stat().st_mtime, times.get(name, 0.0))
    # A mark whose blob is gone is met as a blob, or it would stay for ever.
    return [
        StoredBlob(name, _utc(written.get(name, marked.get(name, 0.0))), _utc(marked[name]) if name in marked else None)
        for name in sorted(written.keys() | marked.keys())
    ]


def _utc(timestamp: float) -> datetime:
    return datetime.fromtimestamp(timestamp, UTC)


def remove(path: Path) -> None:
    """Remove a blob, what there is of it, and its mark; none is fine.

    Whoever is told that the blob is gone forgets its name, so a power failure must not bring it back.
    """
    present = [path.with_name(path.name + suffix) for suffix in (PART, "", STRANGER)]
    removed = [one for one in present if _unlinked(one)]
    if removed:
        flush_folder(path.parent)


def _unlinked(path: Path) -> bool:
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    return True


def require_writable(folder: Path) -> None:
    """Raises PermissionError where nothing can be written to the folder, or to the one that it will be made in."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
        raise PermissionError(errno.EACCES, "no blob can be stored there")


def make_folder(folder: Path) -> None:
    """A folder for its owner alone, and its name safe on the disk."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        flush_folder(folder.parent)


def flush_folder(folder: Path) -> None:
    """The names in it reach the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
