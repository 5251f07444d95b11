"""Uploads and downloads byte by byte: clients that send when they are told to, and tell how far an answer came."""

import hashlib
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse

from signet_testing.doors import connect
from signet_testing.eventually import eventually
from signet_testing.platform import Platform
from signet_testing.raw_http import RawAnswer, receive, signed

SECONDS = 30
_PIECE_BYTES = 65_536


class Sending:
    """An upload whose client decides when the next bytes come."""

    def __init__(self, connection: socket.socket, platform: Platform, content: bytes) -> None:
        self._connection = connection
        self._size = len(content)
        request = signed(
            platform.first_run.credential, "POST", "/api/v1/files?file_name=killed", body=content,
            headers=[
                ("Content-Type", "application/octet-stream"),
                ("X-Content-SHA256", hashlib.sha256(content).hexdigest()),
            ],
        )  # fmt: skip
        wire = request.wire()
        self._head, self._rest = wire[: -len(content)], wire[-len(content) :]

    def head(self) -> None:
        """No byte of the content yet."""
        self._connection.sendall(self._head)

    def up_to(self, position: int) -> None:
        """All of the content before a position."""
        count = position - (self._size - len(self._rest))
        self._connection.sendall(self._rest[:count])
        self._rest = self._rest[count:]

    def answer(self) -> RawAnswer:
        """What the client hears; status 0 where it hears nothing."""
        return receive(self._connection)


@contextmanager
def sending(platform: Platform, content: bytes) -> Iterator[Sending]:
    """An upload that has not begun."""
    with connect(platform.port, 60) as connection:
        yield Sending(connection, platform, content)


@dataclass(frozen=True, slots=True)
class Received:
    """An answer as far as it came; `whole` where it ended as its head had announced."""

    status: int
    body: bytes
    whole: bool


def download(platform: Platform, file_id: int, part: str = "") -> Received:
    """Read a content as a client without any patience: what breaks off is not asked for again."""
    target = f"/api/v1/files/{file_id}/content"
    headers = [("Range", part)] if part else []
    request = signed(platform.first_run.credential, "GET", target, headers=headers)
    with connect(platform.port, 60) as connection:
        connection.sendall(request.wire())
        answer, body = HTTPResponse(connection, method="GET"), b""
        answer.begin()
        try:
            while piece := answer.read1(_PIECE_BYTES):
                body += piece
        except (HTTPException, OSError):
            return Received(answer.status, body, whole=False)
        announced = answer.headers.get("Content-Length")
        return Received(answer.status, body, whole=announced is None or len(body) == int(announced))


def until(condition: Callable[[], object], what: str) -> None:
    """Wait for it."""
    eventually(lambda: bool(condition()), SECONDS, what)
