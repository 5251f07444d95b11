"""What the intentions of this service need from where bytes lie, and from what encrypts them."""

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from signet_files.domain.contents import Content

ReadBlob = Callable[[int, int], Generator[bytes | bytearray, None, None]]
"""Offset and length → what one blob holds there, as `BlobStore.read` gives it."""


class BlobStore(Protocol):
    """Where encrypted bytes lie, under names that the store itself makes. Everything raises StorageUnavailable."""

    def new_name(self) -> str:
        """A name for one blob that is about to be written. It is stored in a row first, so that a crash loses none.

        A store may make something empty to have it, which `delete` removes.
        """
        ...

    def write(self, name: str, pieces: Iterable[bytes]) -> None:
        """Store a blob once, safe on the disk when this returns; `pieces` is asked for as room becomes free.

        What fails, or what `pieces` raises, leaves nothing that `delete` would not remove. Raises StorageFull.
        """
        ...

    def read(self, name: str, offset: int, length: int) -> Generator[bytes | bytearray, None, None]:
        """At most `length` bytes from `offset`, in pieces; fewer only where the blob ends. Raises BlobMissing.

        Close it to let go of the store before the end.
        """
        ...

    def delete(self, name: str) -> None:
        """Remove what is stored under the name, whole or half; nothing there is fine."""
        ...

    def check(self) -> None:
        """Raise unless a blob could be stored, as far as can be told without doing it."""
        ...


@dataclass(frozen=True, slots=True)
class StoredBlob:
    """Something that a store holds, perhaps only half of it, and when it was last written to (UTC).

    `stranger_since` is when it was first found to belong to no row.
    """

    name: str
    written_at: datetime
    stranger_since: datetime | None = None


class BlobListing(Protocol):
    """What a store that can tell what it holds offers beside. Everything raises StorageUnavailable."""

    def stored(self, after: str) -> Iterator[StoredBlob]:
        """Everything behind the name `after`, in the order of names."""
        ...

    def mark(self, name: str) -> None:
        """Note beside the blob that it is a stranger from now on; it is read as before."""
        ...

    def unmark(self, name: str) -> None:
        """Take the note away."""
        ...


class FileCipher(Protocol):
    """Makes blobs of contents, and contents of blobs."""

    def encrypt(self, key: bytes, file_id: int, version: int, plain: Iterable[bytes]) -> Iterator[bytes]:
        """The blob, piece by piece. A key is for one stream alone: the same one never encrypts another."""
        ...

    def decrypt(
        self, key: bytes, content: Content, read: ReadBlob, start: int, stop: int
    ) -> Generator[memoryview, None, None]:
        """The bytes [start, stop) of the content, none of them unproven.

        How long it is, and the first piece, are proven before this returns. Raises FileDamaged, then or later; what
        was yielded before is what had been written.
        """
        ...
