"""Streams of a size that is said before: exact, in constant memory; and arguments that never reach the wire."""

import io
import tracemalloc
from collections.abc import Callable, Iterator

import pytest
from libs.fastdfs.tests.watch import assert_works

from signet_fastdfs import BadArgument, Client
from signet_fastdfs.testing import Cluster, Command

LARGE = 192 << 20
GROWTH = 6 << 20
"""Bytes that both ends together may hold of a large file."""


@pytest.mark.parametrize("size", [0, 1, 3, 5, 2**62])
def test_a_stream_of_another_length_stores_nothing(cluster: Cluster, client: Client, size: int) -> None:
    """Shorter or longer than said, by a byte or by a lot."""
    with pytest.raises(BadArgument):
        client.upload(iter([b"ab", b"cd"]), size)
    if size > 4:
        with pytest.raises(BadArgument):
            client.upload(io.BytesIO(b"abcd"), size)
    assert not cluster.storage.files
    assert_works(client)


def test_a_file_object_is_read_to_its_size_and_no_further(client: Client) -> None:
    """What follows belongs to somebody else: the next request on a connection, say."""
    file = io.BytesIO(b"mine, not mine")
    assert client.download(client.upload(file, 4)).read() == b"mine"
    assert file.read() == b", not mine"


def test_a_file_object_that_gives_too_much_is_refused(cluster: Cluster, client: Client) -> None:
    """It would run into the next request."""

    class Generous:
        def read(self, size: int, /) -> bytes:
            return bytes(size + 1)

    with pytest.raises(BadArgument):
        client.upload(Generous(), 10)
    assert not cluster.storage.files


def test_an_iterable_that_raises_at_its_end_stores_nothing(cluster: Cluster, client: Client) -> None:
    """All bytes have been drawn, and the last thing that the stream says is that they are wrong."""

    def wrong() -> Iterator[bytes]:
        yield b"all of it"
        raise LookupError

    for pieces in (wrong(), iter(wrong())):
        with pytest.raises(LookupError):
            client.upload(pieces, 9)
    assert_works(client)
    assert not cluster.storage.files
    assert cluster.storage.requests[Command.UPLOAD] == 3


def test_large_files_pass_in_constant_memory() -> None:
    """192 MB each way, from a file object, an iterable and into a file object."""

    class Zeros:
        def read(self, size: int, /) -> bytes:
            return bytes(size)

    class Counter:
        size = 0

        def write(self, data: bytes, /) -> None:
            self.size += len(data)

    with Cluster(keeps_data=False) as cluster, Client(cluster.trackers) as client:
        tracemalloc.start()
        try:
            file_id = client.upload(Zeros(), LARGE)
            client.upload((bytes(1 << 20) for _ in range(LARGE >> 20)), LARGE)
            target = Counter()
            assert client.download_to(target, file_id) == target.size == LARGE
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < GROWTH


WRONG: list[Callable[[Client], object]] = [
    lambda client: client.upload(iter([b"x"])),
    lambda client: client.upload(b"x", 2),
    lambda client: client.upload(io.BytesIO(b"x"), -1),
    lambda client: client.upload(b"x", extension="toolong"),
    lambda client: client.upload(b"x", extension="a\nb"),
    lambda client: client.upload(b"x", group="g" * 17),
    lambda client: client.download("group1/M00/00/00/x", -1),
    lambda client: client.download("group1/M00/00/00/x", 2**63),
    lambda client: client.download("group1/M00/00/00/x", 0, 0),
    lambda client: client.truncate("group1/M00/00/00/x", -1),
    lambda client: client.modify("group1/M00/00/00/x", -1, b""),
    lambda client: client.set_metadata("group1/M00/00/00/x", {"a\x01": "b"}),
    lambda client: client.set_metadata("group1/M00/00/00/x", {"a": "\x02"}),
    lambda client: client.set_metadata("group1/M00/00/00/x", {"": "b"}),
    lambda client: client.set_metadata("group1/M00/00/00/x", {"a": "\ud800"}),
    lambda client: client.set_metadata("group1/M00/00/00/x", {"a": "b" * (1 << 20)}),
]


@pytest.mark.parametrize("wrong", WRONG)
def test_what_has_no_meaning_is_refused_before_anything_is_sent(
    cluster: Cluster, client: Client, wrong: Callable[[Client], object]
) -> None:
    """A server must not have to guess."""
    with pytest.raises(BadArgument):
        wrong(client)
    assert not cluster.storage.requests


@pytest.mark.parametrize(
    "file_id",
    ["", "group1", "group1/", "/M00/00/00/x", "g" * 17 + "/x", "group1/" + "x" * 129, "group1/a\0b", "group1/a b",
     "group1/../x", "group1//x", "group1/./x", "grüp/x", "group1/M00/\n"],
)  # fmt: skip
def test_no_file_id_that_no_server_gave(cluster: Cluster, client: Client, file_id: str) -> None:
    """An id from outside cannot name a path, another field or another request."""
    with pytest.raises(BadArgument):
        client.delete(file_id)
    assert not cluster.tracker.requests
