"""File: a name, what it holds, who owns it, and the states that it goes through.

uploading → active ⇄ deleted → condemned → gone

A file is seen while it is active, and brought back while it is deleted. While it is uploading or condemned nobody sees
it: the one has no content yet, the other has lost its key already, and both wait for whoever collects orphans.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from signet_files.domain.errors import VersionMismatch

MAX_NAME_BYTES = 255

MAX_FILE_BYTES = 2**40
"""The longest content: 1 TiB. Quotas are lower, and what a blob's format could hold is far more."""

FileState = Literal["active", "deleted"]

UPLOADING, ACTIVE, DELETED, CONDEMNED = STATES = ("uploading", "active", "deleted", "condemned")
"""All states in the database."""

VISIBLE = (ACTIVE, DELETED)
"""What clients see: the two of `FileState`."""

SILENCE = timedelta(minutes=10)
"""How long an upload of which nothing is heard may still come to its end: many times what the gateway lets a client be
silent. After it the upload is an orphan."""

AT_ONCE = datetime.fromtimestamp(0, UTC)
"""When something is due that has no time left."""

ESTRANGED = timedelta(days=7)
"""How long a blob has to be one that no row knows before it is removed: time to notice that the wrong database, or an
old copy of the right one, stands beside the store, and to put it right."""

TOLD_FIELDS = ("file_name", "media_type", "size", "sha256", "file_state")
"""What events say about a file."""


@dataclass(frozen=True, slots=True)
class File:
    """One file as it stands at `version`; `size` in bytes, `due_at` is when a deleted one cannot be brought back."""

    file_id: int
    file_name: str
    file_state: FileState
    media_type: str
    size: int
    sha256: str
    due_at: datetime | None
    version: int
    created_at: datetime
    created_by: int | None
    updated_at: datetime
    updated_by: int | None

    def deleted(self, retention: timedelta, *, by: int | None, at: datetime) -> "File":
        """The file once it is deleted, which can be undone for as long as `retention`."""
        return self._next("deleted", at + retention, by, at)

    def brought_back(self, *, by: int | None, at: datetime) -> "File":
        """A deleted file once it is there again."""
        return self._next("active", None, by, at)

    def renamed(self, file_name: str, *, by: int | None, at: datetime) -> "File":
        """The file under another name."""
        return replace(self, file_name=file_name, version=self.version + 1, updated_at=at, updated_by=by)

    def require_version(self, expected: frozenset[int] | None) -> None:
        """Raises VersionMismatch unless the file is at one of the versions that the client has seen."""
        if expected is not None and self.version not in expected:
            raise VersionMismatch(f"file {self.file_id} is at version {self.version}")

    def _next(self, state: FileState, due_at: datetime | None, by: int | None, at: datetime) -> "File":
        return replace(self, file_state=state, due_at=due_at, version=self.version + 1, updated_at=at, updated_by=by)


def differences(old: File | None, new: File | None) -> dict[str, tuple[Any, Any]]:
    """Field → (before, after) for each of `TOLD_FIELDS` that differs; None is a file not yet there, or no more."""
    pairs = {field: (old and getattr(old, field), new and getattr(new, field)) for field in TOLD_FIELDS}
    return {field: (before, after) for field, (before, after) in pairs.items() if before != after}
