"""Streams through the real gateway: what is let in, what is passed on when, and what a broken one looks like."""

import contextlib
import hashlib
import http.client
import json
import socket
import time
from pathlib import Path

import pytest
from tests.streams.blob_service import BLOBS, NOTES
from tests.streams.conftest import Door, House, answer_of

from signet_testing.eventually import eventually

pytestmark = pytest.mark.e2e

MIB = 1024**2
CONTENT = f"{BLOBS}/7/content"


@pytest.fixture(params=["direct", pytest.param("nginx", marks=pytest.mark.servers)])
def door(request: pytest.FixtureRequest, house: House) -> Door:
    """Every rule holds at the gateway itself, and with nginx in front."""
    return house.doors(request.param)


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def upload_head(door: Door, body: bytes, *, target: str = BLOBS, length: int | None = None, **headers: str) -> bytes:
    framing = {"Transfer-Encoding": "chunked"} if length == -1 else {"Content-Length": str(length or len(body))}
    return door.head("POST", target, sha256=digest(body), headers={**framing, **headers})


def code_of(answer: http.client.HTTPResponse) -> int:
    return int(json.loads(answer.read())["return_code"])


@pytest.mark.parametrize("size", [0, 1, 3 * MIB + 1])
def test_an_upload_arrives_whole_and_its_connection_goes_on(door: Door, size: int) -> None:
    """Three on one connection, each ended exactly where it ends."""
    body = b"\x07" * size
    with door.connect() as client:
        for _ in range(3):
            client.sendall(door.head("POST", BLOBS, sha256=digest(body), headers={"Content-Length": str(size)}) + body)
            if size == 0:
                # Nothing to declare but the digest of nothing.
                assert code_of(answer_of(client)) == 400001
                continue
            answer = answer_of(client)
            assert json.loads(answer.read())["data"]["size"] == size


def test_a_chunked_upload_arrives_whole(door: Door) -> None:
    """Who makes up a body as it goes cannot tell its length."""
    body = bytes(200_000)
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:5], body[5:])) + b"0\r\n\r\n"
    answer = door.ask(upload_head(door, body, length=-1) + chunks, "POST")
    assert json.loads(answer.read())["data"]["size"] == len(body)


def test_a_body_that_is_another_than_declared_is_refused_by_the_service(door: Door) -> None:
    """The gateway has not seen it, the service hashes it; the next request on the connection is not touched."""
    body = bytes(100_000)
    with door.connect() as client:
        client.sendall(upload_head(door, body) + b"\x01" * len(body))
        answer = answer_of(client)
        document = json.loads(answer.read())
        assert document["return_code"] == 400001
        assert document["data"]["errors"][0]["field"] == "X-Content-SHA256"
        client.sendall(door.head("GET", BLOBS))
        assert answer_of(client).status == 200


def test_a_digest_declared_for_an_ordinary_body_is_refused(door: Door) -> None:
    """Otherwise a signature over one body could carry another."""
    body = b'{"text": "hello"}'
    headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    assert code_of(door.ask(door.head("POST", NOTES, sha256=digest(body), headers=headers) + body, "POST")) == 400001


def test_nobody_is_invited_to_send_before_being_let_in(house: House) -> None:
    """`100 Continue` follows the last check; who is refused gets the refusal instead. (nginx says 100 by itself.)"""
    door, body = house.direct, bytes(10)
    refused = upload_head(door, body, Expect="100-continue").replace(b"X-Sign: ", b"X-Sign: 0", 1)
    with door.connect() as client:
        client.sendall(refused)
        assert client.recv(65536).startswith(b"HTTP/1.1 401 ")
    with door.connect() as client:
        client.sendall(upload_head(door, body, Expect="100-continue"))
        assert client.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(body)
        assert answer_of(client).status == 200


def test_a_service_reads_while_the_client_still_sends(door: Door) -> None:
    """Unbuffered: what was sent is there before the rest exists."""
    body = bytes(2 * MIB)
    before = door.count("received")
    with door.connect() as client:
        client.sendall(upload_head(door, body) + body[:MIB])
        eventually(lambda: door.count("received") - before == MIB, 10.0, "the first half at the service")
        client.sendall(body[MIB:])
        assert json.loads(answer_of(client).read())["data"]["size"] == len(body)


def test_a_slow_service_slows_the_client_down(house: House) -> None:
    """Back-pressure: nothing between them swallows what the service does not take."""
    door, total = house.direct, 256 * MIB
    sha256 = "0" * 64
    with door.connect() as client:
        target = f"{BLOBS}?pause=0.5"
        client.sendall(door.head("POST", target, sha256=sha256, headers={"Content-Length": str(total)}))
        client.settimeout(2)
        assert pushed(client, total) < 64 * MIB


def test_a_slow_client_slows_the_service_down(house: House) -> None:
    """The gateway's memory stays where it was while nobody takes what the service has."""
    door = house.direct
    before = rss_kb(house.gateway_worker())
    with door.connect(receive_buffer=8192) as client:
        client.sendall(door.head("GET", f"{CONTENT}?size={512 * MIB}"))
        time.sleep(2)
        assert rss_kb(house.gateway_worker()) - before < 32 * 1024
        assert len(client.recv(1000)) == 1000


def refused_upload(door: Door, client: socket.socket) -> http.client.HTTPResponse:
    headers = {"Content-Length": str(1024 * MIB)}
    client.sendall(door.head("POST", f"{BLOBS}?refuse=true", sha256="0" * 64, headers=headers))
    client.sendall(bytes(MIB))
    return answer_of(client)


def test_a_refusal_reaches_a_client_that_is_still_sending(door: Door) -> None:
    """A gigabyte is not uploaded to be told that there is no room."""
    with door.connect() as client:
        assert code_of(refused_upload(door, client)) == 413001


def test_what_is_sent_after_a_refusal_is_not_taken(house: House) -> None:
    """The rest is drained for a moment, so that the refusal can be read, and then the connection ends."""
    with house.direct.connect() as client:
        answer = refused_upload(house.direct, client)
        assert (code_of(answer), answer.headers["Connection"]) == (413001, "close")
        assert pushed(client, 1024 * MIB) < 64 * MIB


@pytest.mark.parametrize("chunked", [False, True])
def test_an_upload_that_ends_early_never_looks_whole_to_the_service(door: Door, chunked: bool) -> None:
    """It is told of the break, not of an end: with a digest that fits what came, it would have stored it."""
    body, stored = bytes(MIB), door.count("stored")
    with door.connect() as client:
        sent = b"%x\r\n%b\r\n" % (len(body), body) if chunked else body
        client.sendall(upload_head(door, body, length=-1 if chunked else len(body) + 1) + sent)
        client.shutdown(socket.SHUT_WR)
        assert b'"return_code":200' not in read_all(client)
    assert door.ask(upload_head(door, body) + body, "POST").status == 200
    assert door.count("stored") == stored + 1


def test_a_body_longer_than_declared_ends_where_it_was_declared_to(door: Door) -> None:
    """What follows is the next request, and no request."""
    body = bytes(1000)
    with door.connect() as client:
        client.sendall(upload_head(door, body) + body + b"more\r\n\r\n")
        first, second = read_all(client).split(b"HTTP/1.1 ")[1:]
        assert b'"size":1000' in first
        assert second.startswith(b"400 ")


def test_a_download_keeps_what_the_service_said_of_it(door: Door) -> None:
    """Length, range, tag and name are the service's to say; the body is counted."""
    answer = door.ask(door.head("GET", f"{CONTENT}?size={3 * MIB}"))
    assert (answer.status, answer.headers["Content-Length"], answer.headers["ETag"]) == (200, str(3 * MIB), '"7"')
    assert (answer.headers["Accept-Ranges"], answer.headers["Content-Disposition"]) == ("bytes", "attachment")
    assert answer.read() == bytes(3 * MIB)
    part = door.ask(door.head("GET", f"{CONTENT}?size={3 * MIB}", headers={"Range": "bytes=10-109"}))
    assert (part.status, part.headers["Content-Range"], part.read()) == (206, f"bytes 10-109/{3 * MIB}", bytes(100))


def test_head_tells_the_length_and_sends_nothing(door: Door) -> None:
    """And the connection goes on."""
    with door.connect() as client:
        for _ in range(2):
            client.sendall(door.head("HEAD", f"{CONTENT}?size={3 * MIB}"))
            answer = answer_of(client, "HEAD")
            assert (answer.headers["Content-Length"], answer.read()) == (str(3 * MIB), b"")


@pytest.mark.parametrize("accept", ["*/*", "text/chunked"])
def test_a_download_that_breaks_off_is_seen_to_be_broken(door: Door, accept: str) -> None:
    """With a length there are bytes missing, without one the last chunk: no client takes it for whole."""
    target = f"{CONTENT}?size={4 * MIB}&fail_after={2 * MIB}"
    answer = door.ask(door.head("GET", target, headers={"Accept": accept}))
    assert answer.status == 200
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        answer.read()


def test_a_service_that_fails_at_once_is_an_error_of_the_platform(door: Door) -> None:
    """Nothing was answered, so the client learns it in words."""
    answer = door.ask(door.head("GET", f"{CONTENT}?size={MIB}&fail_after=0"))
    assert code_of(answer) in {500001, 503001}


def test_a_service_that_dies_under_an_upload_is_an_error_and_frees_everything(house: House) -> None:
    """The client is answered, and the next upload to the service that came back succeeds."""
    door, body = house.direct, bytes(MIB)
    with door.connect() as client:
        client.sendall(upload_head(door, body) + body[: MIB // 2])
        time.sleep(0.3)
        house.service.kill()
        assert code_of(answer_of(client)) == 503001
    house.start_service()
    assert door.ask(upload_head(door, body) + body, "POST").status == 200


def test_a_client_that_leaves_frees_the_service(house: House) -> None:
    """More of them than there are places for streams, each gone in the middle."""
    door = house.direct
    for _ in range(140):
        with door.connect() as client:
            client.sendall(door.head("GET", f"{CONTENT}?size={64 * MIB}"))
            client.recv(1000)
    assert door.ask(door.head("GET", f"{CONTENT}?size=10")).read() == bytes(10)


def rss_kb(process: int) -> int:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


def pushed(client: socket.socket, most: int) -> int:
    """Send until the other side takes no more; returns how many bytes it took."""
    sent, piece = 0, bytes(MIB)
    with contextlib.suppress(OSError):
        while sent < most:
            sent += client.send(piece)
    return sent


def read_all(client: socket.socket) -> bytes:
    received = b""
    try:
        while data := client.recv(65536):
            received += data
    except ConnectionResetError:
        pass
    return received
