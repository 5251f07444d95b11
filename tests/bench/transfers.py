"""One upload or download over a plain socket, signed beforehand: what the client does must not be what is measured."""

import hashlib
import secrets
import socket
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.bench.signed_requests import Signing

PIECE_BYTES = 1_048_576
WAIT_SECONDS = 300.0


class TransferFailed(Exception):
    """Something other than success was answered, or less than was promised."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The head of an answer, how many bytes followed, and the first of them; seconds from the first byte sent."""

    status: int
    length: int
    beginning: bytes
    seconds: float


@dataclass(frozen=True, slots=True)
class Sample:
    """A content on this machine's disk, and its SHA-256."""

    path: Path
    size: int
    sha256: str

    @classmethod
    def write(cls, path: Path, size: int) -> "Sample":
        """Random bytes, a mebibyte of them again and again: nothing here compresses or compares."""
        piece, digest = secrets.token_bytes(PIECE_BYTES), hashlib.sha256()
        with path.open("wb") as file:
            for begin in range(0, size, PIECE_BYTES):
                part = piece[: size - begin]
                file.write(part)
                digest.update(part)
        return cls(path, size, digest.hexdigest())


def upload(url: str, signing: Signing, sample: Sample) -> Answer:
    """Send a sample as a new file. Raises TransferFailed."""
    head = signing.request(
        "POST", f"/api/v1/files?file_name={sample.path.name}", content_sha256=sample.sha256, length=sample.size
    )
    buffer = memoryview(bytearray(PIECE_BYTES // 4))
    with _connected(url) as connection, sample.path.open("rb", buffering=0) as file:
        begun = time.perf_counter()
        connection.sendall(head)
        while count := file.readinto(buffer):
            connection.sendall(buffer[:count])
        return _answer(connection, begun)


def download(url: str, signing: Signing, target: str, part: tuple[int, int] | None = None) -> Answer:
    """Read a content, all of it or the bytes [first, last], and throw it away. Raises TransferFailed."""
    headers = {} if part is None else {"Range": f"bytes={part[0]}-{part[1]}"}
    with _connected(url) as connection:
        begun = time.perf_counter()
        connection.sendall(signing.request("GET", target, headers=headers))
        return _answer(connection, begun)


def _connected(url: str) -> socket.socket:
    parts = urlsplit(url)
    connection = socket.create_connection((parts.hostname or "", parts.port or 80), WAIT_SECONDS)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _answer(connection: socket.socket, begun: float) -> Answer:
    buffer = memoryview(bytearray(PIECE_BYTES))
    head, length = _head(connection)
    received = len(head.rest)
    while received < length and (count := connection.recv_into(buffer)):
        received += count
    seconds = time.perf_counter() - begun
    # What follows a short head is the whole envelope, which is all that anybody looks into.
    beginning = head.rest + bytes(buffer[: max(0, min(received - len(head.rest), PIECE_BYTES))])
    if head.status not in (200, 206) or received != length:
        raise TransferFailed(f"HTTP {head.status}, {received} of {length} bytes: {beginning[:200]!r}")
    return Answer(head.status, received, beginning, seconds)


@dataclass(frozen=True, slots=True)
class _Head:
    status: int
    rest: bytes


def _head(connection: socket.socket) -> tuple[_Head, int]:
    received = b""
    while b"\r\n\r\n" not in received:
        if not (piece := connection.recv(65_536)):
            raise TransferFailed("closed without an answer")
        received += piece
    head, _, rest = received.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    return _Head(int(lines[0].split()[1]), rest), int(_fields(lines[1:])["content-length"])


def _fields(lines: Iterable[str]) -> Mapping[str, str]:
    return {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
