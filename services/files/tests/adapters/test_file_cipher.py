"""What is stored is read back as it was, in any part; and nothing else ever is."""

from collections.abc import Callable, Generator, Iterable

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from signet_files.adapters.outbound.file_cipher import PIECE_CHUNKS, AesGcmFileCipher
from signet_files.adapters.outbound.file_format import (
    CHUNK_BYTES,
    HEADER_BYTES,
    SEALED_BYTES,
    TAG_BYTES,
    blob_size,
)
from signet_files.domain.contents import Content
from signet_files.domain.errors import FileDamaged, StorageUnavailable

KEY = bytes(range(32))
FILE_ID, VERSION = 7, 3
BORDERS = [n * CHUNK_BYTES + around for n in range(4) for around in (-1, 0, 1) if n or around >= 0]

sizes = st.sampled_from(BORDERS) | st.integers(0, 3 * CHUNK_BYTES + 5)
quickly = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
CIPHER = AesGcmFileCipher()


def plain_of(size: int) -> bytes:
    """Bytes of which no chunk is like another."""
    return (b"%06d." * (size // 7 + 1) % tuple(range(size // 7 + 1)))[:size]


def blob_of(plain: bytes, key: bytes = KEY, file_id: int = FILE_ID, version: int = VERSION) -> bytes:
    return b"".join(CIPHER.encrypt(key, file_id, version, [plain]))


def reading(blob: bytes, pieces: int = 50_000) -> Callable[[int, int], Generator[bytes, None, None]]:
    def read(offset: int, length: int) -> Generator[bytes, None, None]:
        for at in range(offset, min(offset + length, len(blob)), pieces):
            yield blob[at : min(at + pieces, offset + length)]

    return read


def plain_from(blob: bytes, size: int, start: int = 0, stop: int | None = None, *, pieces: int = 50_000) -> bytes:
    content = Content(FILE_ID, VERSION, size)
    stop = size if stop is None else stop
    return b"".join(CIPHER.decrypt(KEY, content, reading(blob, pieces), start, stop))


@quickly
@given(size=sizes, cut=st.integers(1, 200_000), pieces=st.integers(1_000, 200_000))
def test_whatever_was_written_is_read_back(size: int, cut: int, pieces: int) -> None:
    """In whatever pieces it came and goes."""
    plain = plain_of(size)
    arriving = (plain[at : at + cut] for at in range(0, size, cut))
    blob = b"".join(CIPHER.encrypt(KEY, FILE_ID, VERSION, arriving))
    assert len(blob) == blob_size(size)
    assert plain_from(blob, size, pieces=pieces) == plain


@quickly
@given(data=st.data(), size=sizes)
def test_any_range_is_what_lies_there(data: st.DataObject, size: int) -> None:
    """At the borders of chunks above all."""
    start = data.draw(st.integers(0, size))
    stop = data.draw(st.integers(start, size))
    plain = plain_of(size)
    assert plain_from(blob_of(plain), size, start, stop) == plain[start:stop]


@pytest.mark.parametrize(("start", "stop"), [(-1, 1), (2, 1), (0, 11), (11, 11)])
def test_a_range_outside_of_the_content_is_a_mistake_of_the_caller(start: int, stop: int) -> None:
    with pytest.raises(ValueError, match="of 10"):
        plain_from(blob_of(plain_of(10)), 10, start, stop)


def test_a_range_is_read_alone(memory_blobs) -> None:
    """A megabyte in the middle of a gigabyte is the header, the last chunk, and what lies there."""
    size = 40 * CHUNK_BYTES
    memory_blobs.write("x", CIPHER.encrypt(KEY, FILE_ID, VERSION, [plain_of(size)]))
    read = lambda offset, length: memory_blobs.read("x", offset, length)  # noqa: E731
    assert list(CIPHER.decrypt(KEY, Content(FILE_ID, VERSION, size), read, 20 * CHUNK_BYTES - 1, 20 * CHUNK_BYTES + 1))
    last = HEADER_BYTES + 39 * SEALED_BYTES
    assert memory_blobs.reads == [
        (0, HEADER_BYTES),
        (last, SEALED_BYTES + 1),
        (HEADER_BYTES + 19 * SEALED_BYTES, 2 * SEALED_BYTES),
    ]


def test_a_small_file_is_one_read(memory_blobs) -> None:
    """Thousands of them are asked for in a second."""
    memory_blobs.write("x", CIPHER.encrypt(KEY, FILE_ID, VERSION, [b"small"]))
    read = lambda offset, length: memory_blobs.read("x", offset, length)  # noqa: E731
    assert b"".join(CIPHER.decrypt(KEY, Content(FILE_ID, VERSION, 5), read, 1, 3)) == b"ma"
    assert memory_blobs.reads == [(0, blob_size(5) + 1)]


def refused_before_a_wrong_byte(blob: bytes, plain: bytes, start: int = 0, stop: int | None = None) -> bool:
    """Read on until it is refused; what came before must be what was written."""
    stop = len(plain) if stop is None else stop
    got = b""
    try:
        for piece in CIPHER.decrypt(KEY, Content(FILE_ID, VERSION, len(plain)), reading(blob), start, stop):
            got += piece
            assert got == plain[start : start + len(got)]
    except FileDamaged:
        return True
    return False


@quickly
@given(data=st.data(), size=sizes)
def test_no_bit_may_be_another(data: st.DataObject, size: int) -> None:
    plain = plain_of(size)
    blob = bytearray(blob_of(plain))
    blob[data.draw(st.integers(0, len(blob) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert refused_before_a_wrong_byte(bytes(blob), plain)


@quickly
@given(data=st.data(), size=st.sampled_from([n for n in BORDERS if n > CHUNK_BYTES]))
def test_chunks_in_another_order_are_refused(data: st.DataObject, size: int) -> None:
    """Each is bound to its index: swapped, repeated or left out, it does not decrypt where it stands."""
    plain, blob = plain_of(size), blob_of(plain_of(size))
    chunks = [blob[at : at + SEALED_BYTES] for at in range(HEADER_BYTES, len(blob), SEALED_BYTES)]
    order = data.draw(st.lists(st.integers(0, len(chunks) - 1), max_size=5))
    assume(order != list(range(len(chunks))))
    mixed = blob[:HEADER_BYTES] + b"".join(chunks[index] for index in order)
    assert refused_before_a_wrong_byte(mixed, plain)


@quickly
@given(data=st.data(), size=sizes)
def test_a_cut_is_refused_before_anything_leaves(data: st.DataObject, size: int) -> None:
    """At the border of a chunk too, where every chunk that is left decrypts; and whatever the database says."""
    blob = blob_of(plain_of(size))
    whole_chunks = range(HEADER_BYTES, len(blob), SEALED_BYTES)
    cut = data.draw(st.sampled_from(whole_chunks) | st.integers(0, len(blob) - 1))
    for believed in {size, max(0, cut - HEADER_BYTES - (-(-cut // SEALED_BYTES)) * TAG_BYTES)}:
        with pytest.raises(FileDamaged):
            plain_from(blob[:cut], believed, 0, 0)


@quickly
@given(size=sizes, more=st.binary(min_size=1, max_size=100))
def test_what_was_appended_is_refused(size: int, more: bytes) -> None:
    with pytest.raises(FileDamaged):
        plain_from(blob_of(plain_of(size)) + more, size, 0, 0)


@pytest.mark.parametrize("size", BORDERS)
def test_two_blobs_in_a_row_are_not_one(size: int) -> None:
    """Neither as the content of the first nor as a longer one."""
    blob = blob_of(plain_of(size))
    assert refused_before_a_wrong_byte(blob + blob, plain_of(size))
    assert refused_before_a_wrong_byte(blob + blob[HEADER_BYTES:], plain_of(2 * size))


@pytest.mark.parametrize("size", BORDERS)
@pytest.mark.parametrize("other", [{"file_id": 8}, {"version": 2}, {"key": bytes(32)}])
def test_the_blob_of_another_is_refused(size: int, other) -> None:
    """Even under the same key, and even with the header of the right one pasted over it."""
    plain = plain_of(size)
    foreign = blob_of(plain, **other)
    assert refused_before_a_wrong_byte(foreign, plain, 0, 0)
    assert refused_before_a_wrong_byte(blob_of(plain)[:HEADER_BYTES] + foreign[HEADER_BYTES:], plain, 0, 0)


@pytest.mark.parametrize("size", BORDERS)
def test_a_changed_header_is_refused_wherever_one_reads(size: int) -> None:
    """It is not needed to decrypt the middle, and checked all the same."""
    plain, blob = plain_of(size), blob_of(plain_of(size))
    for at in range(HEADER_BYTES):
        changed = blob[:at] + bytes([blob[at] ^ 1]) + blob[at + 1 :]
        assert refused_before_a_wrong_byte(changed, plain, size, size)


@pytest.mark.parametrize("believed", [0, 9, 11, CHUNK_BYTES, CHUNK_BYTES + 10])
def test_a_size_that_is_not_the_content_s_is_refused(believed: int) -> None:
    """Somebody changed the database."""
    with pytest.raises(FileDamaged):
        plain_from(blob_of(plain_of(10)), believed, 0, 0)


def test_the_middle_of_a_full_chunk_is_no_last_chunk() -> None:
    """A file that ends with a full chunk, cut by one: the chunk before it was never marked as the last."""
    blob = blob_of(plain_of(3 * CHUNK_BYTES))
    with pytest.raises(FileDamaged, match="chunk 1 of file 7 version 3"):
        plain_from(blob[: HEADER_BYTES + 2 * SEALED_BYTES], 2 * CHUNK_BYTES, 0, 10)


PIECE = PIECE_CHUNKS * CHUNK_BYTES


def test_what_breaks_in_the_middle_ends_the_reading() -> None:
    """A storage that dies is no end of the file."""
    whole = reading(blob_of(plain_of(3 * PIECE)), CHUNK_BYTES + 100)

    def dying(offset: int, length: int) -> Generator[bytes, None, None]:
        for count, piece in enumerate(whole(offset, length)):
            if count == 6:
                raise StorageUnavailable("it died")
            yield piece

    pieces = CIPHER.decrypt(KEY, Content(FILE_ID, VERSION, 3 * PIECE), dying, 0, 3 * PIECE)
    assert next(pieces) == plain_of(3 * PIECE)[:PIECE]
    assert next(pieces) == plain_of(3 * PIECE)[PIECE : PIECE + 2 * CHUNK_BYTES]
    with pytest.raises(StorageUnavailable):
        next(pieces)


@pytest.mark.parametrize("given", [0, 1, SEALED_BYTES - 1, SEALED_BYTES, PIECE_CHUNKS * SEALED_BYTES + 15])
def test_a_blob_that_is_cut_while_it_is_read_is_damaged(given: int) -> None:
    """Its length was proven before; what is missing by now is no mistake of whoever asks."""
    size = 3 * PIECE
    blob = blob_of(plain_of(size))

    def cut(offset: int, length: int) -> Generator[bytes, None, None]:
        yield from reading(blob)(offset, given if length > SEALED_BYTES + 1 else length)

    with pytest.raises(FileDamaged):
        list(CIPHER.decrypt(KEY, Content(FILE_ID, VERSION, size), cut, 0, size))


def test_whoever_stops_reading_lets_go_of_the_store() -> None:
    """A client that went must not keep a connection or a file open."""
    size, closed = 3 * PIECE, []
    whole = reading(blob_of(plain_of(size)))

    def noting(offset: int, length: int) -> Generator[bytes, None, None]:
        try:
            yield from whole(offset, length)
        finally:
            closed.append(offset)

    pieces = CIPHER.decrypt(KEY, Content(FILE_ID, VERSION, size), noting, 0, size)
    next(pieces)
    pieces.close()
    assert closed[-1] == HEADER_BYTES


def test_encryption_holds_back_one_chunk_alone() -> None:
    """Memory is flat whatever arrives, and however late it ends."""
    asked = 0

    def endless() -> Iterable[bytes]:
        nonlocal asked
        while True:
            asked += 1
            yield bytes(CHUNK_BYTES)

    blob = iter(CIPHER.encrypt(KEY, FILE_ID, VERSION, endless()))
    assert len(next(blob)) == HEADER_BYTES
    for count in range(1, 10):
        assert len(next(blob)) == SEALED_BYTES
        assert asked == count + 1


def test_no_two_chunks_share_a_nonce_or_a_place() -> None:
    """Equal chunks look different, or AES-GCM would tell what they have in common."""
    blob = blob_of(bytes(3 * CHUNK_BYTES))
    assert len({blob[at : at + CHUNK_BYTES] for at in range(HEADER_BYTES, len(blob), SEALED_BYTES)}) == 3
