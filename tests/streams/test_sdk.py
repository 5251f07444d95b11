"""The SDK's uploads and downloads, through the real gateway."""

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.streams.blob_service import API_KEY, BLOBS, SECRET
from tests.streams.conftest import House

from signet import ApiKeyCredential, Client
from signet.downloads import Part
from signet.errors import AnswerInvalid, ArgumentInvalid, RequestInvalid, TransferBroken
from signet.streams import Streams
from signet_testing.free_ports import LOOPBACK

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

MIB = 1024**2
CONTENT = f"{BLOBS}/7/content"


@pytest.fixture(params=["direct", pytest.param("nginx", marks=pytest.mark.servers)])
def streams(request: pytest.FixtureRequest, house: House) -> Iterator[Streams]:
    url = f"http://{LOOPBACK}:{house.doors(request.param).port}"
    with Client(url, ApiKeyCredential(API_KEY, SECRET)) as client:
        yield client.connection.streams


@pytest.mark.parametrize("size", [0, 1, 65_536, 3 * MIB + 1])
def test_a_file_is_uploaded_whole_and_its_progress_told(streams: Streams, tmp_path: Path, size: int) -> None:
    """The service hashes what arrives, so whatever it takes is what was declared and signed."""
    path, told = tmp_path / "file", list[tuple[int, int | None]]()
    path.write_bytes(bytes(size))
    answer = streams.upload("POST", BLOBS, path, progress=lambda *moved: told.append(moved))
    assert isinstance(answer.data, dict)
    assert answer.data["size"] == size
    assert told[-1:] == ([(size, size)] if size else [])


def test_a_file_object_is_uploaded_from_where_it_stands(streams: Streams) -> None:
    """Whoever has read a file's head may send the rest."""
    file = io.BytesIO(b"head" + bytes(MIB))
    file.seek(4)
    answer = streams.upload("POST", BLOBS, file)
    assert isinstance(answer.data, dict)
    assert answer.data["size"] == MIB


def test_a_file_that_changes_while_it_is_sent_is_refused(streams: Streams) -> None:
    """What was signed is not what arrived: the service stores nothing."""
    file = io.BytesIO(bytes(4 * MIB))

    def tamper(sent: int, total: int | None) -> None:
        if sent == 65_536:
            file.getbuffer()[3 * MIB] = 1

    with pytest.raises(RequestInvalid, match="X-Content-SHA256"):
        streams.upload("POST", BLOBS, file, progress=tamper)


def test_a_file_that_shrinks_while_it_is_sent_is_an_error(streams: Streams) -> None:
    """And the connection that hangs in the middle is not used again."""
    file = io.BytesIO(bytes(4 * MIB))
    with pytest.raises(ArgumentInvalid, match="shorter"):
        streams.upload("POST", BLOBS, file, progress=lambda *_: file.truncate(MIB) and None)
    file.seek(0)
    assert streams.upload("POST", BLOBS, file).http_status == 200


def test_a_refusal_is_read_while_the_file_is_still_being_sent(streams: Streams) -> None:
    """The answer comes before the end of the body, and the connection breaks under what is left of it."""
    with pytest.raises(RequestInvalid, match="no room"):
        streams.upload("POST", BLOBS, io.BytesIO(bytes(64 * MIB)), query={"refuse": "true"})


def test_a_download_arrives_whole(streams: Streams) -> None:
    """Proven by length, and by the digest where the caller knows it."""
    size, file = 3 * MIB + 1, io.BytesIO()
    sha256 = hashlib.sha256(bytes(size)).hexdigest()
    with streams.download(CONTENT, query={"size": size}, sha256=sha256) as download:
        assert (download.length, download.total, download.first, download.etag) == (size, size, 0, '"7"')
        assert download.save(file) == size
    assert file.getvalue() == bytes(size)


def test_a_part_is_asked_for_and_told(streams: Streams) -> None:
    """`Range` is signed, and the answer is held against it."""
    with streams.download(CONTENT, query={"size": MIB}, part=Part(10, 109)) as download:
        assert (download.first, download.length, download.total) == (10, 100, MIB)
        assert b"".join(download) == bytes(100)


def test_a_download_that_breaks_off_is_an_error(streams: Streams) -> None:
    """With what came before the break left to the caller, who may ask for the rest."""
    pieces: list[bytes] = []
    with (
        streams.download(CONTENT, query={"size": 4 * MIB, "fail_after": 2 * MIB}) as download,
        pytest.raises(TransferBroken) as broken,
    ):
        pieces.extend(download)
    assert broken.value.received == sum(map(len, pieces)) < 4 * MIB


def test_a_download_of_other_bytes_than_expected_is_an_error(streams: Streams) -> None:
    """The caller knows the digest from elsewhere; the length alone says nothing of the content."""
    with (
        streams.download(CONTENT, query={"size": MIB}, sha256="0" * 64) as download,
        pytest.raises(TransferBroken, match="SHA-256"),
    ):
        download.save(io.BytesIO())


def test_a_refused_download_is_the_error_that_it_says(streams: Streams) -> None:
    """An error is an envelope, read whole, before anybody is handed a download."""
    with pytest.raises(RequestInvalid), streams.download(CONTENT, query={"nonsense": 1}):
        pass


def test_what_is_no_stream_is_no_upload(streams: Streams) -> None:
    """A digest declared for an ordinary body is refused by the gateway."""
    with pytest.raises((RequestInvalid, AnswerInvalid)):
        streams.upload("POST", "/api/v1/notes", io.BytesIO(b'{"text":"a"}'), content_type="application/json")
