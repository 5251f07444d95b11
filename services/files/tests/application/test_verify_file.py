"""How long a verification goes on, and what happens to files meanwhile."""

import hashlib
import os
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from signet_common.messaging.recording import Change
from signet_common.passport import Passport
from signet_files.adapters.outbound.file_cipher import PIECE_CHUNKS, AesGcmFileCipher
from signet_files.adapters.outbound.file_format import CHUNK_BYTES
from signet_files.application.read_file import Stored
from signet_files.application.verify_file import VerifyFile
from signet_files.domain.contents import Content
from signet_files.domain.errors import FileNotFound
from signet_files.domain.files import File

CALLER = Passport("gateway", "files", "r", "GET", "/", "0" * 64, user_id=7, scope="any")
KEY, NOW = b"k" * 32, datetime.now(UTC)
PIECE = PIECE_CHUNKS * CHUNK_BYTES
CONTENT = os.urandom(5 * PIECE)
FILE = File(5, "x", "active", "x/y", len(CONTENT), hashlib.sha256(CONTENT).hexdigest(), None, 1, NOW, 7, NOW, 7)


@dataclass
class House:
    """One file over a store in memory, which somebody may destroy; `slow` is how many seconds each piece takes."""

    memory_blobs: Any
    slow: float = 0.0
    destroyed: bool = False
    seconds: float = 0.0
    pieces: int = 0
    told: list[Change] = field(default_factory=list)

    def __post_init__(self) -> None:
        cipher = AesGcmFileCipher()
        self.memory_blobs.write("blob", cipher.encrypt(KEY, FILE.file_id, 1, [CONTENT]))
        self.verify = VerifyFile(
            files=self,  # type: ignore[arg-type]
            stored=self,  # type: ignore[arg-type]
            blobs=self.memory_blobs,
            cipher=cipher,
            record=lambda change, _caller: self.told.append(change),
            pause=self.pause,
            timer=lambda: self.seconds,
        )

    def get(self, _file_id: int, _caller: Passport, *, record: bool) -> File:
        assert not record
        if self.destroyed:
            raise FileNotFound
        return FILE

    def find(self, _file_id: int, _caller: Passport, *, deleted: bool) -> Stored:
        assert deleted
        return Stored(FILE, Content(FILE.file_id, 1, FILE.size), "blob", KEY)

    def pause(self) -> None:
        self.pieces += 1
        self.seconds += self.slow


@pytest.fixture
def house(memory_blobs) -> House:
    return House(memory_blobs)


def test_a_call_reads_so_much_and_the_next_one_goes_on(house) -> None:
    """Others have their turn after every piece, the last chunk being one: computing for a second would hold them up."""
    verify = replace(house.verify, most_bytes=2 * PIECE)
    found, offset = [], 0
    while offset is not None:
        verification = verify(CALLER, FILE.file_id, offset)
        found.append((verification.verdict, verification.verified_bytes, verification.next_offset))
        offset = verification.next_offset
    two = 2 * PIECE
    assert found == [("intact", two, two), ("intact", two, 2 * two), ("intact", PIECE, None)]
    assert (house.pieces, len(house.told)) == (6, 3)


def test_a_call_takes_so_long_and_the_next_one_goes_on(house) -> None:
    """A slow store must not make the gateway give up on the answer; what was read until then is proven."""
    house.slow = 6
    verification = house.verify(CALLER, FILE.file_id, 0)
    assert (verification.verdict, verification.next_offset) == ("intact", 3 * PIECE)
    house.slow = 0
    verification = house.verify(CALLER, FILE.file_id, 3 * PIECE)
    assert (verification.verdict, verification.verified_bytes, verification.next_offset) == (
        "intact", 2 * PIECE, None,
    )  # fmt: skip


def test_a_file_that_somebody_destroys_meanwhile_is_gone_and_not_missing(house) -> None:
    """A report of what was lost must not name what was meant to go."""

    def collected(_name: str, _offset: int, _length: int) -> Any:
        house.destroyed = True
        house.memory_blobs.delete("blob")
        yield from type(house.memory_blobs).read(house.memory_blobs, "blob", 0, 1)

    house.memory_blobs.read = collected
    with pytest.raises(FileNotFound):
        house.verify(CALLER, FILE.file_id, 0)
    assert house.told == []
