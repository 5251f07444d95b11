"""Uploads and downloads in constant memory, sent again where that is safe, and never believed before their end."""

import hashlib
import io
import tracemalloc
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest

from signet import ApiKeyCredential, Client
from signet.downloads import Download, Part
from signet.errors import AnswerInvalid, ArgumentInvalid, NotSignedIn, TransferBroken

FILES = "/api/v1/files"
MIB = 1024**2


class Pieces(httpx.SyncByteStream):
    """An answer's body that is made up as it goes."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._pieces)


class Store(httpx.BaseTransport):
    """Takes any upload piece by piece, and answers every download with what it was told."""

    def __init__(
        self, body: tuple[bytes, ...] = (), status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        self._answer = (body, status, headers or {})
        self.taken = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        assert isinstance(request.stream, httpx.SyncByteStream)
        for piece in request.stream:
            self.taken += len(piece)
        if request.method == "POST":
            return httpx.Response(200, json={"return_code": 200, "return_msg": "", "data": None})
        body, status, headers = self._answer
        return httpx.Response(status, headers=headers, stream=Pieces(*body))


def connected(transport: httpx.BaseTransport) -> Client:
    return Client("http://gateway.test", ApiKeyCredential("ak_x", "secret"), transport=transport)


def downloaded(body: bytes, status: int = 200, part: Part | None = None, **headers: str) -> tuple[Download, bytes]:
    spelled = {name.replace("_", "-"): value for name, value in headers.items()}
    with connected(Store((body,), status, spelled)).connection.streams.download(FILES, part=part) as download:
        return download, b"".join(download)


def test_an_upload_is_signed_over_its_declared_digest(client: Client, gateway: Any) -> None:
    """The fake gateway proves the signature over the body that came; so the digest declared is the body's."""
    client.connection.streams.upload("POST", FILES, io.BytesIO(b"hello"), content_type="text/plain")
    [sent] = gateway.received
    assert sent.headers["x-content-sha256"] == hashlib.sha256(b"hello").hexdigest()
    assert (sent.body, sent.headers["content-length"], sent.headers["content-type"]) == (b"hello", "5", "text/plain")


def test_an_upload_is_sent_again_from_its_beginning_under_the_same_key(client: Client, gateway: Any) -> None:
    """The first sending has read the file to its end."""
    gateway.lose(httpx.ReadTimeout)
    gateway.reply(code=503001)
    client.connection.streams.upload("POST", FILES, io.BytesIO(bytes(200_000)))
    first, second = gateway.received
    assert first.body == second.body == bytes(200_000)
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert first.headers["x-nonce"] != second.headers["x-nonce"]


def test_what_cannot_be_read_twice_is_no_upload(client: Client, gateway: Any) -> None:
    """A pipe would be empty when its digest is known."""

    class Pipe(io.BytesIO):
        def seek(self, *_: int) -> int:
            raise io.UnsupportedOperation("seek")

    with pytest.raises(ArgumentInvalid, match="read twice"):
        client.connection.streams.upload("POST", FILES, Pipe(b"x"))
    assert gateway.received == []


def test_streams_need_a_credential() -> None:
    """No stream is public."""
    with Client("http://gateway.test", transport=Store()) as client, pytest.raises(NotSignedIn):
        client.connection.streams.upload("POST", FILES, io.BytesIO(b"x"))


def test_a_large_file_takes_little_memory_in_both_directions() -> None:
    """Piece by piece: neither direction ever holds the whole."""

    class Zeros(io.RawIOBase):
        """64 MiB of zeros that nobody keeps."""

        at = 0

        def tell(self) -> int:
            return self.at

        def seek(self, offset: int, whence: int = 0) -> int:
            self.at = offset
            return offset

        def read(self, size: int = -1) -> bytes:
            piece = bytes(min(size, 64 * MIB - self.at))
            self.at += len(piece)
            return piece

    store = Store((bytes(65_536),) * 1024, 200, {"content-length": str(64 * MIB)})
    with connected(store) as client:
        tracemalloc.start()
        client.connection.streams.upload("POST", FILES, Zeros())  # type: ignore[arg-type]
        with client.connection.streams.download(FILES) as download:
            assert sum(map(len, download)) == 64 * MIB
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert store.taken == 64 * MIB
    assert peak < 4 * MIB


def test_a_download_shorter_than_announced_is_broken() -> None:
    """Whatever lies between may have ended it in good order."""
    with pytest.raises(TransferBroken, match="3 bytes came, 10") as broken:
        downloaded(b"abc", content_length="10")
    assert broken.value.received == 3


def test_a_part_that_ends_early_is_broken() -> None:
    """Without a length its Content-Range still says how much it is."""
    with pytest.raises(TransferBroken):
        downloaded(b"abc", 206, Part(10), transfer_encoding="chunked", content_range="bytes 10-19/100")


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (200, {"content_length": "3"}),
        (206, {"content_length": "3"}),
        (206, {"content_length": "3", "content_range": "bytes 11-13/100"}),
        (206, {"content_length": "30", "content_range": "bytes 10-39/100"}),
        (206, {"content_length": "3", "content_range": "bytes 10-11/100"}),
        (206, {"content_length": "3", "content_range": "bytes ten"}),
    ],
)
def test_another_part_than_asked_for_is_no_answer(status: int, headers: dict[str, str]) -> None:
    """Written where it was to go, it would spoil the file."""
    with pytest.raises(AnswerInvalid):
        downloaded(b"abc", status, Part(10, 19), **headers)


def test_a_thing_that_has_changed_comes_whole() -> None:
    """RFC 9110 13.1.5: If-Range asks for the part of one version, or for everything."""
    store = Store((b"abc",), 200, {"content-length": "3"})
    with connected(store).connection.streams.download(FILES, part=Part(10), if_range='"1"') as download:
        assert (download.first, b"".join(download)) == (0, b"abc")


@pytest.mark.parametrize("headers", [{}, {"content_length": "3", "content_encoding": "gzip"}])
def test_a_download_whose_end_nobody_could_tell_is_no_answer(headers: dict[str, str]) -> None:
    """A connection that closes looks the same whether or not all was sent."""
    with pytest.raises(AnswerInvalid):
        downloaded(b"abc", **headers)


def test_a_download_is_opened_again_while_the_platform_is_unavailable(client: Client, gateway: Any) -> None:
    """Nothing has come yet, so nothing is lost by asking again."""
    gateway.reply(code=503001)
    gateway.reply(code=503001)
    gateway.reply(code=404001)
    with pytest.raises(Exception, match="404001"), client.connection.streams.download(FILES):
        pass
    assert len(gateway.received) == 3


@pytest.mark.parametrize(("first", "last"), [(-1, None), (5, 4)])
def test_a_part_that_is_none_is_refused(first: int, last: int | None) -> None:
    """Before anything is sent."""
    with pytest.raises(ArgumentInvalid):
        Part(first, last)
