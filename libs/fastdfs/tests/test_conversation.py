"""What FastDFS does, told by the double and, where FASTDFS_TRACKERS is set, by a real one."""

import contextlib
import io
import socket
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from signet_fastdfs import BadArgument, Client, NoStorage, NotFound
from signet_fastdfs.wire import HEADER, Command, FileName, number

MEGABYTE = 1 << 20


@pytest.fixture
def kept(any_client: Client) -> Iterator[list[str]]:
    """File ids to remove again."""
    ids: list[str] = []
    yield ids
    for file_id in ids:
        with contextlib.suppress(NotFound):
            any_client.delete(file_id)


@pytest.fixture
def stored(any_client: Client, kept: list[str]) -> str:
    kept.append(any_client.upload(b"0123456789", extension="txt"))
    return kept[0]


@pytest.fixture
def appender(any_client: Client, kept: list[str]) -> str:
    kept.append(any_client.upload_appender(b"0123456789", extension="log"))
    return kept[0]


def test_a_file_comes_back_as_it_was_stored(any_client: Client, stored: str) -> None:
    """The whole point."""
    assert any_client.download(stored).read() == b"0123456789"
    assert stored.endswith(".txt")
    assert len(FileName.parse(stored).name) == 44


@pytest.mark.parametrize("extension", ["", "a", "tar.gz", "abcdef"])
def test_names_have_one_length_whatever_the_extension(any_client: Client, kept: list[str], extension: str) -> None:
    """The reply to an upload has a fixed size; another one would be taken for a lie."""
    kept.append(any_client.upload(b"x", extension=extension))
    assert kept[0].endswith(extension)


def test_large_data_streams_both_ways(any_client: Client, kept: list[str]) -> None:
    """Many pieces, of a size that fits no buffer."""
    data = bytes(range(256)) * 40_001
    kept.append(any_client.upload(io.BytesIO(data), len(data)))
    kept.append(any_client.upload(iter([data[:7], b"", data[7:MEGABYTE], data[MEGABYTE:]]), len(data)))
    target = io.BytesIO()
    assert any_client.download_to(target, kept[0]) == len(data)
    assert target.getvalue() == data
    assert b"".join(any_client.download(kept[1])) == data


@pytest.mark.parametrize(
    ("offset", "length", "expected"),
    [
        (0, None, b"0123456789"),
        (3, None, b"3456789"),
        (3, 4, b"3456"),
        (9, 1, b"9"),
        (8, 100, b"89"),
        (0, 10, b"0123456789"),
    ],
)
def test_a_part_is_read_and_cut_at_the_end(
    any_client: Client, stored: str, offset: int, length: int | None, expected: bytes
) -> None:
    """Range requests rest on this."""
    with any_client.download(stored, offset, length) as part:
        assert part.size == len(expected)
        assert part.read() == expected


def test_reading_behind_the_end_is_refused(any_client: Client, stored: str) -> None:
    """The server says 22 and closes; the next operation must not notice."""
    for offset in (10, 11, 10**12):
        with pytest.raises(BadArgument):
            any_client.download(stored, offset)
    assert any_client.download(stored).read() == b"0123456789"


def test_an_empty_file_is_stored_and_read(any_client: Client, kept: list[str]) -> None:
    """The server refuses to read it; a caller wants its zero bytes."""
    kept.append(any_client.upload(b""))
    assert any_client.download(kept[0]).read() == b""
    assert any_client.info(kept[0]).size == 0
    with pytest.raises(BadArgument):
        any_client.download(kept[0], 1)


def test_a_deleted_file_is_not_found(any_client: Client, stored: str) -> None:
    """Status 2 of a storage, in all operations; the connection is good for more."""
    any_client.delete(stored)
    for operation in (any_client.download, any_client.delete, any_client.info, any_client.get_metadata):
        with pytest.raises(NotFound):
            operation(stored)
    with pytest.raises(NotFound):
        any_client.set_metadata(stored, {"a": "b"})


def test_info_tells_size_time_and_checksum(any_client: Client, kept: list[str]) -> None:
    """The checksum is sign-extended on the wire: these bytes have one above 2^31."""
    data = b"signet-2"
    assert zlib.crc32(data) >= 1 << 31
    kept.append(any_client.upload(data))
    info = any_client.info(kept[0])
    assert (info.size, info.crc32) == (len(data), zlib.crc32(data))
    assert abs((datetime.now(UTC) - info.modified_at).total_seconds()) < 300
    assert info.source_ip.startswith("127.")


def test_metadata_is_replaced_merged_and_removed(any_client: Client, stored: str) -> None:
    """Sorted by key; none is NotFound."""
    with pytest.raises(NotFound):
        any_client.get_metadata(stored)
    any_client.set_metadata(stored, {"width": "10", "author": "Zoë"})
    assert list(any_client.get_metadata(stored).items()) == [("author", "Zoë"), ("width", "10")]
    any_client.merge_metadata(stored, {"width": "20", "height": "5"})
    assert any_client.get_metadata(stored) == {"author": "Zoë", "height": "5", "width": "20"}
    any_client.set_metadata(stored, {"only": ""})
    assert any_client.get_metadata(stored) == {"only": ""}
    any_client.set_metadata(stored, {})
    with pytest.raises(NotFound):
        any_client.get_metadata(stored)


def test_an_appender_grows_changes_and_shrinks(any_client: Client, appender: str) -> None:
    """Each step reads back what it left."""
    any_client.append(appender, b"abc")
    any_client.append(appender, io.BytesIO(b"de"), 2)
    assert any_client.download(appender).read() == b"0123456789abcde"
    any_client.modify(appender, 2, b"XY")
    any_client.modify(appender, 15, iter([b"f", b"g"]), 2)
    assert any_client.download(appender).read() == b"01XY456789abcdefg"
    any_client.truncate(appender, 4)
    assert any_client.download(appender).read() == b"01XY"
    assert any_client.info(appender).size == 4


def test_appending_nothing_changes_nothing(any_client: Client, appender: str) -> None:
    """The server answers with a body that does not belong there; the connection must not be off by it."""
    any_client.append(appender, b"")
    any_client.append(appender, b"!")
    assert any_client.download(appender).read() == b"0123456789!"


def test_an_appender_becomes_a_normal_file(any_client: Client, appender: str, kept: list[str]) -> None:
    """It has another id afterwards, and the old one is gone."""
    kept.append(any_client.regenerate(appender))
    assert kept[1] != appender
    assert any_client.download(kept[1]).read() == b"0123456789"
    assert kept[1].endswith(".log")
    with pytest.raises(BadArgument):
        any_client.append(kept[1], b"more")
    with pytest.raises(NotFound):
        any_client.info(appender)


def test_normal_files_do_not_change(any_client: Client, stored: str) -> None:
    """Status 22 in each, and the file as it was."""
    for change in (
        lambda: any_client.append(stored, b"x"),
        lambda: any_client.modify(stored, 0, b"x"),
        lambda: any_client.truncate(stored, 1),
        lambda: any_client.regenerate(stored),
    ):
        with pytest.raises(BadArgument):
            change()
    assert any_client.download(stored).read() == b"0123456789"


def test_a_refused_body_of_any_size_says_why(any_client: Client, stored: str) -> None:
    """The server may close while the body is on its way; what it said before has to win over the reset."""
    with pytest.raises(BadArgument):
        any_client.append(stored, bytes(8 * MEGABYTE))


def test_an_unknown_group_has_no_storage(any_client: Client, stored: str) -> None:
    """A tracker does not say that a file is gone, so neither does the client."""
    unknown = "group77/" + FileName.parse(stored).name
    with pytest.raises(NoStorage):
        any_client.upload(b"x", group="group77", timeout=0.7)
    with pytest.raises(NoStorage):
        any_client.download(unknown, timeout=0.7)


def test_a_known_group_can_be_chosen(any_client: Client, stored: str, kept: list[str]) -> None:
    """STORE_WITH_GROUP_ONE."""
    group = FileName.parse(stored).group
    kept.append(any_client.upload(b"here", group=group))
    assert FileName.parse(kept[-1]).group == group


def test_a_stream_that_breaks_leaves_no_file(any_client: Client, kept: list[str]) -> None:
    """The error is the stream's own, and the client works on."""

    def breaking() -> Iterator[bytes]:
        yield bytes(MEGABYTE)
        raise RuntimeError("the checksum is wrong")

    with pytest.raises(RuntimeError):
        any_client.upload(breaking(), 2 * MEGABYTE)
    with pytest.raises(RuntimeError):
        any_client.upload(breaking(), MEGABYTE)
    kept.append(any_client.upload(b"next"))


def test_a_storage_closes_after_22_and_keeps_after_2(any_client: Client, stored: str) -> None:
    """What the pool relies on, seen on the bare socket."""
    file = FileName.parse(stored)
    address = any_client._exchanges._trackers.place_for_upload(None, any_client._deadline(5)).address
    with socket.create_connection(address, 5) as raw:
        missing = FileName(file.group, "M00/00/00/" + "A" * 34)
        raw.sendall(HEADER.pack(len(missing.body), Command.QUERY_FILE_INFO, 0) + missing.body)
        assert HEADER.unpack(raw.recv(100)) == (0, 100, 2)
        body = number(10) + number(0) + file.body
        raw.sendall(HEADER.pack(len(body), Command.DOWNLOAD, 0) + body)
        assert HEADER.unpack(raw.recv(100)) == (0, 100, 22)
        assert raw.recv(100) == b""
