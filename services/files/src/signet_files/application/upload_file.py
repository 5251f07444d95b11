"""Upload a file, so that whatever a crash leaves can be found.

1. The row comes first, in the state `uploading`, with the name and the key of the blob, and its length is taken from
   the owner's quota: from here on nothing is stored that no row knows and no quota counts.
2. The blob is written, encrypted, and safe on the disk.
3. One transaction makes the row a file, keeps the answer and tells the event. Before it nobody sees the
   file, after it all of it is there.

What fails on the way is taken back at once; what a crash leaves, or a database that does not answer, waits for
`collect_orphans`.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from signet_common.messaging.recording import Change
from signet_common.passport import Passport
from signet_files.application.ports import (
    Body,
    Clock,
    MediaTypes,
    Orphans,
    Received,
    Transaction,
    UnitOfWork,
    Upload,
    Uploads,
)
from signet_files.application.shown_again import file_again
from signet_files.application.storage import BlobStore, FileCipher
from signet_files.domain.errors import BlobError, BlobMissing, QuotaExceeded, UploadLost
from signet_files.domain.files import SILENCE, File, differences

TOLD_EVERY = SILENCE / 10
FIRST_BYTES = 8_192
"""What the media type is told from."""


@dataclass(frozen=True, slots=True)
class UploadFile:
    """Stores a content as a new file."""

    uploads: Uploads
    orphans: Orphans
    blobs: BlobStore
    cipher: FileCipher
    unit_of_work: UnitOfWork
    media_types: MediaTypes
    clock: Clock

    def __call__(self, caller: Passport, *, file_name: str, body: Body) -> File:
        """The new file. Raises QuotaExceeded, UploadLost, BlobError, and what `body` raises; then nothing is stored."""
        try:
            upload = self._begin(caller, file_name, body.length or 0)
        except QuotaExceeded as exceeded:
            return self._first_answer(caller, exceeded)
        try:
            received = self._store(upload, body)
            file = self._finish(caller, upload, received)
        except Exception:
            self._take_back(upload)
            raise
        if file.file_id != upload.file_id:
            # The first answer to this Idempotency-Key; what came now is not needed.
            self._take_back(upload)
        return file

    def _begin(self, caller: Passport, file_name: str, length: int) -> Upload:
        blob_name = self.blobs.new_name()
        try:
            return self.uploads.begin(file_name, blob_name, length=length, by=caller.user_id, at=self.clock())
        except Exception:
            # A store may have made something already to have the name. What a row knows is a file's, whoever names it.
            with suppress(BlobError):
                if not self.orphans.known({blob_name}):
                    self.blobs.delete(blob_name)
            raise

    def _first_answer(self, caller: Passport, exceeded: QuotaExceeded) -> File:
        """Of an upload that took the last room itself and is repeated; raises `exceeded` for any other."""

        def refuse(_transaction: Transaction) -> File:
            raise exceeded

        return self.unit_of_work.execute(
            caller, refuse, File, again=lambda transaction, first: file_again(transaction, caller, first)
        )

    def _store(self, upload: Upload, body: Body) -> Received:
        passing = _Passing(upload, self.uploads, self.clock, body.length or 0)
        plain = passing.watched(body.chunks())
        pieces = self.cipher.encrypt(upload.key, upload.file_id, upload.content_version, plain)
        try:
            self.blobs.write(upload.blob_name, pieces)
        except BlobMissing:
            # Only a collector takes away what is being written.
            raise UploadLost from None
        return Received(passing.size, body.sha256, self.media_types(bytes(passing.first)))

    def _finish(self, caller: Passport, upload: Upload, received: Received) -> File:
        at = self.clock()

        def work(transaction: Transaction) -> File:
            file = transaction.files.finish(upload.file_id, received, at=at)
            transaction.record(Change("file", "insert", str(file.file_id), file.version, differences(None, file)))
            return file

        return self.unit_of_work.execute(
            caller, work, File, again=lambda transaction, first: file_again(transaction, caller, first)
        )

    def _take_back(self, upload: Upload) -> None:
        """Remove what was stored, unless it has become a file: a commit that was not answered may have been made."""
        if self.uploads.give_up(upload.file_id):
            with suppress(BlobError):
                self.blobs.delete(upload.blob_name)
                self.orphans.forget(upload.file_id)


class _Passing:
    """The bytes of one upload on their way."""

    def __init__(self, upload: Upload, uploads: Uploads, clock: Clock, room_taken: int) -> None:
        self._upload = upload
        self._uploads = uploads
        self._clock = clock
        self._room_taken = room_taken
        self.size = 0
        self.first = bytearray()

    def watched(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """The same chunks; raises QuotaExceeded as soon as they are too many, UploadLost once they come too late."""
        told_at = self._clock()
        for chunk in chunks:
            self.size += len(chunk)
            if self.size > self._room_taken:
                self._room_taken = self._uploads.take_room(self._upload.file_id, self.size)
            if len(self.first) < FIRST_BYTES:
                self.first += chunk[: FIRST_BYTES - len(self.first)]
            if (now := self._clock()) - told_at >= TOLD_EVERY:
                self._uploads.alive(self._upload.file_id, now)
                told_at = now
            yield chunk
