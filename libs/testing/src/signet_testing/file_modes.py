"""Who may do what with files."""

import contextlib
import stat
from pathlib import Path


def mode(path: Path) -> int:
    """Its permissions, such as 0o600."""
    return stat.S_IMODE(path.stat().st_mode)


def open_to_others(folder: Path) -> list[Path]:
    """Whatever below `folder` others than the owner may read, write or enter; sockets are their folder's to guard.

    What is gone before it is looked at is left out.
    """
    found: list[Path] = []
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            status = path.lstat().st_mode
            if not stat.S_ISLNK(status) and not stat.S_ISSOCK(status) and status & 0o077:
                found.append(path)
    return found
