"""Files: contents of any size, encrypted where they are stored.

What comes is checked against what was sent, and the other way round, by its SHA-256. A file has one content for all of
its life, so `sha256` says for good what `file_id` holds.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import BinaryIO

from signet.api.preconditions import if_version
from signet.connection import Connection
from signet.decoding import Page, decode, decode_page
from signet.downloads import Download, Part, Progress
from signet.errors import AnswerInvalid, ArgumentInvalid, ChecksumMismatch
from signet.streams import Measured

_PATH = "/api/v1/files"
_CONTENT_ETAG = re.compile('"([0-9a-f]{64})"')


@dataclass(frozen=True, slots=True)
class File:
    """One file. Times are UTC; a deleted one can be brought back until `due_at`; `size` is in bytes."""

    file_id: int
    file_name: str
    file_state: str
    media_type: str
    size: int
    sha256: str
    version: int
    created_at: datetime
    due_at: datetime | None = None
    created_by: int | None = None
    updated_at: datetime | None = None
    updated_by: int | None = None


@dataclass(frozen=True, slots=True)
class FileQuery:
    """Which files to list; all that is given must match.

    Names that contain `file_name`, sizes in bytes and UTC days of upload, both ends included. Without `file_state`
    the active ones.
    """

    file_name: str | None = None
    media_type: str | None = None
    created_by: int | None = None
    size_min: int | None = None
    size_max: int | None = None
    file_state: str | None = None
    create_date_start: date | None = None
    create_date_end: date | None = None


ACTIVE_FILES = FileQuery()


@dataclass(frozen=True, slots=True)
class Verification:
    """What re-reading a piece of a stored file has shown.

    `verdict` is intact, damaged, missing (nothing is stored) or destroyed (its key is gone). `next_offset` is where to
    go on; None at the end, and for what is not intact.
    """

    file_id: int
    verdict: str
    verified_bytes: int
    size: int
    next_offset: int | None = None

    @property
    def intact(self) -> bool:
        """Whether everything that was read is what had been written."""
        return self.verdict == "intact"


class Files:
    """`/api/v1/files`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def upload(
        self,
        source: Path | BinaryIO,
        *,
        file_name: str | None = None,
        measured: Measured | None = None,
        progress: Progress | None = None,
    ) -> File:
        """Store what `source` holds from where it stands, under `file_name` or the last part of the path's name.

        It is read twice, and must stay as it is meanwhile. A lost answer is asked for again under the same
        Idempotency-Key, so nothing is stored twice. `measured` is told size and SHA-256 before the first byte is sent.
        Raises ChecksumMismatch where the platform says that it has stored something else, and what streams raise.
        """
        found: list[tuple[int, str]] = []

        def remember(size: int, sha256: str) -> None:
            found.append((size, sha256))
            if measured is not None:
                measured(size, sha256)

        name = file_name or (source.name if isinstance(source, Path) else "")
        if not name:
            raise ArgumentInvalid("What is not a path has no name: give file_name.")
        answer = self._connection.streams.upload(
            "POST", _PATH, source, query={"file_name": name}, measured=remember, progress=progress
        )
        stored = decode(File, answer.data)
        if found != [(stored.size, stored.sha256)]:
            raise ChecksumMismatch(f"File {stored.file_id} is stored with another SHA-256 than what was sent.")
        return stored

    def get(self, file_id: int) -> File:
        """Read what is known of one, active or deleted. Raises NotFound."""
        return decode(File, self._connection.request("GET", f"{_PATH}/{file_id}").data)

    def list(
        self, which: FileQuery = ACTIVE_FILES, *, page: int = 1, per_page: int = 20, count: bool = False
    ) -> Page[File]:
        """Read one page of the files that match."""
        query = {field: getattr(which, field) for field in FileQuery.__dataclass_fields__}
        shown = {"page": page, "per_page": per_page, "count": "true" if count else None}
        return decode_page(File, "files", self._connection.request("GET", _PATH, query={**query, **shown}).data)

    def iterate(self, which: FileQuery = ACTIVE_FILES) -> Iterator[File]:
        """Read all pages, one request per hundred; what changes meanwhile may be missed or come twice."""
        number, more = 1, True
        while more:
            page = self.list(which, page=number, per_page=100)
            yield from page.items
            number, more = number + 1, page.has_more

    @contextmanager
    def download(
        self, file_id: int, *, part: Part | None = None, if_range: str | None = None, progress: Progress | None = None
    ) -> Iterator[Download]:
        """Open the content of an active file, for a `with`; a whole one has to hash to its ETag.

        Of a `part` only the length can be proven: compare the SHA-256 of the whole with the file's. Raises NotFound,
        AnswerInvalid for a whole without that ETag, and, while it is read, TransferBroken and ChecksumMismatch.
        """
        path = f"{_PATH}/{file_id}/content"
        streams = self._connection.streams
        with streams.download(path, part=part, if_range=if_range, progress=progress) as download:
            if not download.partial:
                download.expect(_digest_of(download.etag))
            yield download

    def rename(self, file_id: int, file_name: str, *, if_match: int | None = None) -> File:
        """Give another name. Raises NotFound, VersionConflict."""
        answer = self._connection.request(
            "PATCH", f"{_PATH}/{file_id}", body={"file_name": file_name}, headers=if_version(if_match)
        )
        return decode(File, answer.data)

    def delete(self, file_id: int, *, permanently: bool = False, if_match: int | None = None) -> None:
        """Delete one, which can be undone for a while; or destroy its key `permanently`, which nobody can undo.

        Raises NotFound, VersionConflict.
        """
        query = {"permanently": "true" if permanently else None}
        self._connection.request("DELETE", f"{_PATH}/{file_id}", query=query, headers=if_version(if_match))

    def undelete(self, file_id: int) -> File:
        """Bring a deleted one back. Raises NotFound."""
        return decode(File, self._connection.request("POST", f"{_PATH}/{file_id}/undelete").data)

    def verify(self, file_id: int) -> Iterator[Verification]:
        """Have a stored file re-read and decrypted, active or deleted: one request, and one result, per piece of it.

        The last result tells of the whole. Raises NotFound, and AnswerInvalid for an answer that leads nowhere.
        """
        offset: int | None = 0
        while offset is not None:
            answer = self._connection.request("GET", f"{_PATH}/{file_id}/verification", query={"offset": offset})
            found = decode(Verification, answer.data)
            if found.next_offset is not None and not (found.intact and offset < found.next_offset <= found.size):
                raise AnswerInvalid(f"The verification of file {file_id} does not get on.")
            yield found
            offset = found.next_offset


def _digest_of(etag: str) -> str:
    found = _CONTENT_ETAG.fullmatch(etag)
    if found is None:
        raise AnswerInvalid("The download does not say what it has to hash to.")
    return found[1]
