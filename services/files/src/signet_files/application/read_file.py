"""Read what a file holds, or a part of it."""

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Protocol

from signet_common.passport import Passport
from signet_files.application.storage import BlobStore, FileCipher
from signet_files.domain.contents import Content
from signet_files.domain.errors import BlobMissing, FileDamaged
from signet_files.domain.files import File


@dataclass(frozen=True, slots=True)
class Stored:
    """A file, and where and under which key its content lies."""

    file: File
    content: Content
    blob_name: str
    key: bytes = field(repr=False)


class StoredFiles(Protocol):
    """Finds contents."""

    def find(self, file_id: int, caller: Passport) -> Stored:
        """An active file that the caller may see. Raises FileNotFound, FileDestroyed, FileDamaged."""
        ...


@dataclass(frozen=True, slots=True)
class ReadFile:
    """Opens contents; the caller is recorded by whoever asks."""

    stored: StoredFiles
    blobs: BlobStore
    cipher: FileCipher

    def find(self, caller: Passport, file_id: int) -> Stored:
        """What is known of a file before any of it is read, conditions and ranges included."""
        return self.stored.find(file_id, caller)

    def content(self, found: Stored, start: int, stop: int) -> Generator[bytes, None, None]:
        """The bytes [start, stop). Raises FileDamaged, StorageUnavailable, now or later.

        Somebody may delete the file meanwhile: what is not there any more is told as damage, not as an empty file.
        """

        def read(offset: int, length: int) -> Generator[bytes, None, None]:
            return self.blobs.read(found.blob_name, offset, length)

        try:
            return self.cipher.decrypt(found.key, found.content, read, start, stop)
        except BlobMissing as missing:
            raise FileDamaged(f"nothing is stored for file {found.file.file_id}") from missing
