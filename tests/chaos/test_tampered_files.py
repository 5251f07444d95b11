"""Somebody who writes to the store: whatever they do, no byte leaves that was not uploaded there."""

import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.chaos.files_inside import FilesInside
from tests.chaos.uploads import download

from signet.errors import Refused, TransferBroken
from signet_protocol.return_codes import ReturnCode
from signet_testing.platform import Platform

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(120)]

HEADER, CHUNK, SEALED = 24, 65_536, 65_552
CONTENT = os.urandom(20 * CHUNK + 1_000)
LAST = 20
Tampering = Callable[[bytes, bytes], bytes]
"""The blob, and that of another file of the same length → what lies in its place."""


@dataclass(frozen=True, slots=True)
class Victim:
    """A file, and where its blob and another one's lie."""

    platform: Platform
    file_id: int
    blob: Path
    other: Path


@pytest.fixture(scope="module")
def stored(platform: Platform) -> Iterator[Victim]:
    with platform.client() as client:
        files = [
            client.files.upload(io.BytesIO(content), file_name="scan.dcm")
            for content in (CONTENT, os.urandom(len(CONTENT)))
        ]
        inside = FilesInside(platform)
        yield Victim(platform, files[0].file_id, *(inside.blob_of(file.file_id) for file in files))
        for file in files:
            client.files.delete(file.file_id, permanently=True)


@pytest.fixture
def victim(stored: Victim) -> Iterator[Victim]:
    """Whole again afterwards, and then readable: the service keeps nothing of what it saw."""
    original = stored.blob.read_bytes()
    yield stored
    stored.blob.write_bytes(original)
    assert download(stored.platform, stored.file_id).body == CONTENT


def flipped(position: int) -> Tampering:
    def tamper(blob: bytes, _other: bytes) -> bytes:
        return blob[:position] + bytes([blob[position] ^ 1]) + blob[position + 1 :]

    return tamper


def at(index: int) -> slice:
    """Where a chunk lies."""
    return slice(HEADER + index * SEALED, HEADER + (index + 1) * SEALED)


def swapped(first: int, second: int) -> Tampering:
    def tamper(blob: bytes, _other: bytes) -> bytes:
        changed = bytearray(blob)
        changed[at(first)], changed[at(second)] = blob[at(second)], blob[at(first)]
        return bytes(changed)

    return tamper


def exchanged(index: int) -> Tampering:
    """A chunk of another file, at its own place there."""

    def tamper(blob: bytes, other: bytes) -> bytes:
        changed = bytearray(blob)
        changed[at(index)] = other[at(index)]
        return bytes(changed)

    return tamper


REFUSED: dict[str, Tampering] = {
    "a bit of the header's file": flipped(15),
    "a bit of the header's version": flipped(23),
    "a bit of the format": flipped(0),
    "the first bit": flipped(HEADER),
    "the last bit": flipped(HEADER + len(CONTENT) + 16 * (LAST + 1) - 1),
    "cut at the border of a chunk": lambda blob, _: blob[: at(LAST).start],
    "cut in the middle": lambda blob, _: blob[: at(7).start],
    "cut to its header": lambda blob, _: blob[:HEADER],
    "emptied": lambda _, __: b"",
    "longer": lambda blob, _: blob + b"\0",
    "a chunk more": lambda blob, _: blob + blob[at(3)],
    "a chunk less": lambda blob, _: blob[: at(3).start] + blob[at(4).start :],
    "another file's": lambda _, other: other,
    "another file's behind its own header": lambda blob, other: blob[:HEADER] + other[HEADER:],
    "the first two swapped": swapped(0, 1),
}
BROKEN: dict[str, tuple[Tampering, int]] = {
    "a bit in the middle": (flipped(at(9).start + 77), 9),
    "a tag in the middle": (flipped(at(10).start - 1), 9),
    "two chunks swapped": (swapped(5, 12), 5),
    "a chunk of another file": (exchanged(11), 11),
    "a chunk twice": (lambda blob, _: blob[: at(8).start] + blob[at(7)] + blob[at(9).start :], 8),
}


@pytest.mark.parametrize("how", REFUSED)
def test_what_can_be_told_at_once_is_refused_before_a_byte_leaves(victim: Victim, how: str) -> None:
    """In words, with a return code of its own; and whoever looks after the files is told as well."""
    victim.blob.write_bytes(REFUSED[how](victim.blob.read_bytes(), victim.other.read_bytes()))
    answer = download(victim.platform, victim.file_id)
    assert (answer.status, answer.whole) == (500, True)
    assert b"500002" in answer.body
    assert verdict(victim) == "damaged"


@pytest.mark.parametrize("how", BROKEN)
def test_what_turns_up_later_breaks_the_transfer(victim: Victim, how: str) -> None:
    """After what is right, and so that any client sees that it is not the whole."""
    tampering, index = BROKEN[how]
    victim.blob.write_bytes(tampering(victim.blob.read_bytes(), victim.other.read_bytes()))
    answer = download(victim.platform, victim.file_id)
    assert (answer.status, answer.whole) == (200, False)
    assert CONTENT[: index * CHUNK].startswith(answer.body)
    with victim.platform.client(retries=0) as client, client.files.download(victim.file_id) as broken:  # noqa: SIM117
        with pytest.raises(TransferBroken):
            b"".join(broken)
    assert verdict(victim) == "damaged"


def test_a_part_that_is_right_is_given_out_and_one_that_is_not_is_refused(victim: Victim) -> None:
    """Each chunk is proven by itself, wherever reading begins."""
    victim.blob.write_bytes(flipped(at(9).start)(victim.blob.read_bytes(), b""))
    for first, last in ((0, 9 * CHUNK - 1), (10 * CHUNK, len(CONTENT) - 1)):
        answer = download(victim.platform, victim.file_id, f"bytes={first}-{last}")
        assert (answer.status, answer.body, answer.whole) == (206, CONTENT[first : last + 1], True)
    answer = download(victim.platform, victim.file_id, f"bytes={9 * CHUNK}-{9 * CHUNK}")
    assert (answer.status, answer.whole) == (500, True)


def test_a_blob_that_is_gone_is_no_empty_file(victim: Victim) -> None:
    original = victim.blob.read_bytes()
    victim.blob.unlink()
    try:
        with victim.platform.client(retries=0) as client:
            with pytest.raises(Refused) as refused, client.files.download(victim.file_id):
                pass
            assert refused.value.code == ReturnCode.CONTENT_DAMAGED
        assert verdict(victim) == "missing"
    finally:
        victim.blob.write_bytes(original)


def verdict(victim: Victim) -> str:
    with victim.platform.client() as client:
        return [*client.files.verify(victim.file_id)][-1].verdict
