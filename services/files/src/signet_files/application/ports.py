"""What the intentions of this service need from its database, in their own words."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar

from signet_common.messaging.recording import Change
from signet_common.passport import Passport
from signet_files.domain.files import File
from signet_files.domain.quotas import Quota

ResultT = TypeVar("ResultT")

Clock = Callable[[], datetime]
"""Tells the time, in UTC."""

MediaTypes = Callable[[bytes], str]
"""Tells the media type from the first bytes of a file, whatever its name says."""

Record = Callable[[Change, Passport], None]
"""Puts what happened in the name of a caller into the audit log; returns once that is committed."""


class Body(Protocol):
    """An upload as it arrives. `length` is None where the client did not tell it."""

    @property
    def length(self) -> int | None: ...
    @property
    def sha256(self) -> str: ...

    def chunks(self) -> Iterator[bytes]:
        """The bytes, once; raises where they break off, and at the end where their SHA-256 is not `sha256`."""
        ...


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that has no content yet: where its blob goes, and the key for it."""

    file_id: int
    content_version: int
    blob_name: str
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Received:
    """What is known of a content once all of it has come."""

    size: int
    sha256: str
    media_type: str


@dataclass(frozen=True, slots=True)
class Condemned:
    """A file that nobody can bring back; `uploaded` tells whether it ever had its content."""

    file_id: int
    uploaded: bool
    blob_names: tuple[str, ...]


class Uploads(Protocol):
    """Uploads before they are files, each step committed at once."""

    def begin(self, file_name: str, blob_name: str, *, length: int, by: int | None, at: datetime) -> Upload:
        """Put the row of a file that is uploading, and that of its blob, with a fresh key under the keyring.

        Room for `length` bytes is taken from the quota of `by`, or many uploads at once would each see all of it.
        Raises QuotaExceeded, and StorageUnavailable where another blob has the name.
        """
        ...

    def take_room(self, file_id: int, size: int) -> int:
        """Take room for at least `size` bytes in all, where the length was not told; how much there is then.

        Raises QuotaExceeded, UploadLost.
        """
        ...

    def alive(self, file_id: int, at: datetime) -> None:
        """Note that the upload goes on. Raises UploadLost."""
        ...

    def give_up(self, file_id: int) -> bool:
        """Condemn the upload; True where it never becomes a file, False where it has, or where that is not certain."""
        ...


class Orphans(Protocol):
    """What nobody will ask for any more, each step committed at once."""

    def condemn(self, at: datetime, limit: int) -> Sequence[Condemned]:
        """Whatever is due goes beyond recall, its keys erased.

        Until `CLAIMED` has passed nobody else gets the same ones; whom their collector has not removed by then come
        again.
        """
        ...

    def remains(self, file_id: int) -> tuple[str, ...]:
        """The names of the blobs of a condemned file; none where it is forgotten, or nothing is known now."""
        ...

    def forget(self, file_id: int) -> bool:
        """Remove the rows of a condemned file, whose blobs are gone, and give its owner the room back.

        False where somebody else has done so, or the database does not answer.
        """
        ...

    def known(self, blob_names: Collection[str]) -> frozenset[str]:
        """Those of the names that a row holds."""
        ...

    def newest(self, limit: int) -> Sequence[str]:
        """Names of blobs that must be in the store, the newest first."""
        ...


class Files(Protocol):
    """The files, inside one transaction."""

    def get(self, file_id: int, *, owner: int | None) -> File:
        """The active file, locked until the transaction ends; with `owner`, only that user's. Raises FileNotFound."""
        ...

    def get_deleted(self, file_id: int, *, owner: int | None, at: datetime) -> File:
        """A deleted file that can still be brought back, locked as by `get`. Raises FileNotFound."""
        ...

    def finish(self, file_id: int, received: Received, *, at: datetime) -> File:
        """Make an upload a file, which takes as much room as it is long. Raises UploadLost, QuotaExceeded."""
        ...

    def save(self, file: File) -> None:
        """Replace the version before `file.version`. Raises VersionMismatch."""
        ...

    def condemn(self, file: File) -> None:
        """Erase the keys of a file that `get` has locked: nobody reads it any more, and it is due at once."""
        ...


class Quotas(Protocol):
    """What users may store, inside one transaction."""

    def set_limit(self, user_id: int, limit_bytes: int | None) -> tuple[int | None, Quota]:
        """The user's own limit before, and the quota from now on. None: everybody's limit holds."""
        ...


class Transaction(Protocol):
    """What one unit of work can reach. The event of a change commits with it or not at all."""

    @property
    def files(self) -> Files: ...
    @property
    def quotas(self) -> Quotas: ...

    def record(self, change: Change) -> None: ...


class UnitOfWork(Protocol):
    """One transaction per call. `work` may run in another thread, and again after a deadlock."""

    def execute(
        self,
        caller: Passport,
        work: Callable[[Transaction], ResultT],
        result: type[ResultT],
        *,
        again: Callable[[Transaction, ResultT], None] | None = None,
    ) -> ResultT:
        """Do the work, or return the first answer to the caller's Idempotency-Key; `result` is what it returns.

        `again` stands before that answer: it raises what keeps the caller from it by now, and records a read.
        """
        ...
