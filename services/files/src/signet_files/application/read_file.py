"""Read what a file holds, or a part of it."""

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Literal, Protocol

from signet_common.passport import Passport
from signet_files.application.storage import BlobStore, FileCipher
from signet_files.domain.contents import Content
from signet_files.domain.errors import BlobMissing, FileDamaged
from signet_files.domain.files import File

Reading = Literal["query", "download"]
"""What the audit log calls it: `download` where bytes of a content are given out."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A file, and where and under which key its content lies."""

    file: File
    content: Content
    blob_name: str
    key: bytes = field(repr=False)


class StoredFiles(Protocol):
    """Finds contents."""

    def find(self, file_id: int, caller: Passport, *, deleted: bool = False) -> Stored:
        """An active file that the caller may see; a deleted one, too, if asked for.

        Raises FileNotFound, FileDestroyed, FileDamaged.
        """
        ...

    def record(self, file_id: int, caller: Passport, operation: Reading) -> None:
        """Put the read into the audit log; returns once that is committed."""
        ...


@dataclass(frozen=True, slots=True)
class ReadFile:
    """Opens contents. Whoever is given one has been recorded before."""

    stored: StoredFiles
    blobs: BlobStore
    cipher: FileCipher

    def find(self, caller: Passport, file_id: int) -> Stored:
        """What is known of a file before any of it is read, conditions and ranges included."""
        return self.stored.find(file_id, caller)

    def look(self, caller: Passport, found: Stored) -> None:
        """Record that something was told of a content, and no byte of it given out."""
        self.stored.record(found.file.file_id, caller, "query")

    def content(self, caller: Passport, found: Stored, start: int, stop: int) -> Generator[memoryview, None, None]:
        """The bytes [start, stop). Raises FileDamaged, StorageUnavailable, now or later.

        Somebody may delete the file meanwhile: what is not there any more is told as damage, not as an empty file.
        """
        self.stored.record(found.file.file_id, caller, "download")

        def read(offset: int, length: int) -> Generator[bytes | bytearray, None, None]:
            return self.blobs.read(found.blob_name, offset, length)

        try:
            return self.cipher.decrypt(found.key, found.content, read, start, stop)
        except BlobMissing as missing:
            raise FileDamaged(f"nothing is stored for file {found.file.file_id}") from missing
