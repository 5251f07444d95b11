"""Read anew what is stored of a file, and say whether it is what was written. Nothing of it is given out.

The last chunk proves the length at every call, so that a file that was cut is found out wherever a call begins. One
call reads so much and takes so long at most; whoever asks goes on where it ended.
"""

import hashlib
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from typing import Literal

from signet_common.messaging.recording import Change
from signet_common.observability.timing import timed
from signet_common.passport import Passport
from signet_files.application.ports import Record
from signet_files.application.queries import FileQueries
from signet_files.application.read_file import StoredFiles
from signet_files.application.storage import BlobStore, FileCipher
from signet_files.domain.errors import BlobMissing, FileDamaged, FileDestroyed, OffsetBeyondEnd
from signet_files.domain.files import File

STEP_BYTES = 65_536
"""What offsets are multiples of: a chunk of the format, so that none is decrypted twice."""
MOST_BYTES = 256 * 2**20
MOST_SECONDS = 10.0
"""Well below what the gateway waits for an answer."""

Verdict = Literal["intact", "damaged", "missing", "destroyed"]


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found; `verified_bytes` were proven from the offset on. `next_offset` is None where there is no more."""

    file_id: int
    verdict: Verdict
    verified_bytes: int
    size: int
    next_offset: int | None


@dataclass(frozen=True, slots=True)
class VerifyFile:
    """Verifies files, active or deleted. `pause` lets other requests go on, `timer` counts seconds."""

    files: FileQueries
    stored: StoredFiles
    blobs: BlobStore
    cipher: FileCipher
    record: Record
    pause: Callable[[], None]
    timer: Callable[[], float]
    most_bytes: int = MOST_BYTES

    @timed("file.verify")
    def __call__(self, caller: Passport, file_id: int, offset: int) -> Verification:
        """What is found from `offset` on. Raises FileNotFound, OffsetBeyondEnd, StorageUnavailable."""
        file = self.files.get(file_id, caller, record=False)
        if offset and offset >= file.size:
            raise OffsetBeyondEnd(f"the file ends at {file.size}")
        verdict, proven = self._read(caller, file, offset)
        if verdict != "intact":
            # Whoever destroyed it meanwhile has damaged nothing: then it is not found.
            self.files.get(file_id, caller, record=False)
        told = {"verdict": (None, verdict), "offset": (None, offset), "verified_bytes": (None, proven)}
        self.record(Change("file", "verify", str(file_id), changes=told), caller)
        more = verdict == "intact" and offset + proven < file.size
        return Verification(file_id, verdict, proven, file.size, offset + proven if more else None)

    def _read(self, caller: Passport, file: File, offset: int) -> tuple[Verdict, int]:
        reading = _Reading(offset, min(file.size, offset + self.most_bytes), self.timer() + MOST_SECONDS)
        try:
            self._prove(caller, file, reading)
        except FileDestroyed:
            return "destroyed", reading.proven
        except BlobMissing:
            return "missing", reading.proven
        except FileDamaged:
            return "damaged", reading.proven
        return "intact", reading.proven

    def _prove(self, caller: Passport, file: File, reading: "_Reading") -> None:
        found = self.stored.find(file.file_id, caller, deleted=True)

        def read(offset: int, length: int) -> Generator[bytes | bytearray, None, None]:
            return self.blobs.read(found.blob_name, offset, length)

        whole = hashlib.sha256()
        with closing(self.cipher.decrypt(found.key, found.content, read, reading.start, reading.stop)) as pieces:
            for piece in pieces:
                whole.update(piece)
                reading.proven += len(piece)
                if reading.proven % STEP_BYTES == 0 and self.timer() > reading.until:
                    break
                self.pause()
        if reading.proven == file.size and whole.hexdigest() != file.sha256:
            raise FileDamaged(f"file {file.file_id} is not what was uploaded")


@dataclass(slots=True)
class _Reading:
    """From where to where, until when, and how many bytes are proven by now."""

    start: int
    stop: int
    until: float
    proven: int = 0
