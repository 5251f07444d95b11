"""The answer of a WSGI application, put on the wire: head and body leave in one send.

Two sends cost 40 µs more, and a second packet. What is not streamed leaves whole; a stream's first piece leaves with
the head, later pieces as they come. A stream that fails is cut off without its end, so that nobody takes it for whole.
"""

import secrets
import time
from collections.abc import Callable, Iterable
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING

import orjson

from signet_protocol.envelope import envelope
from signet_protocol.return_codes import ReturnCode

if TYPE_CHECKING:
    from _typeshed import OptExcInfo

_JOIN_BYTES = 256 * 1024
_BODILESS = ("204", "304")


class ResponseInvalid(Exception):
    """The application broke the rules of WSGI or HTTP; nobody's fault but ours."""


class TransferBroken(Exception):
    """Raised by an application's iterator that cannot go on: the answer is cut off, and everything has been logged."""


class HttpDate:
    """The `Date` header, made once a second."""

    def __init__(self) -> None:
        self._second = 0
        self._text = ""

    def __call__(self) -> str:
        second = int(time.time())
        if second != self._second:
            self._second, self._text = second, formatdate(second, usegmt=True)
        return self._text


class Response:
    """One answer: `start` is WSGI's start_response, `send` takes what the application returned."""

    def __init__(
        self,
        send: Callable[[bytes], None],
        *,
        date: HttpDate,
        method: str,
        version: str,
        may_keep_alive: Callable[[], bool],
    ) -> None:
        self._send = send
        self._date = date
        self._without_body = method == "HEAD"
        self._version = version
        self._may_keep_alive = may_keep_alive
        self.keep_alive = False
        self._status = ""
        self._headers: list[tuple[str, str]] = []
        self._left: int | None = None
        self._chunked = False
        self.started = False

    def start(
        self,
        status: str,
        headers: list[tuple[str, str]],
        exc_info: "OptExcInfo | None" = None,
        /,
    ) -> Callable[[bytes], object]:
        """Take status and headers; they leave with the first byte of the body. PEP 3333."""
        if exc_info is not None and exc_info[1] is not None and self.started:
            raise exc_info[1].with_traceback(exc_info[2])
        if self._status and exc_info is None:
            raise ResponseInvalid("start_response was called twice")
        self._status, self._headers = status, headers
        return self._write

    def header(self, name: str) -> str:
        """Return what the application has said in a header, given in lower case; "" if it has not."""
        return next((value for known, value in self._headers if known.lower() == name), "")

    def send(self, result: Iterable[bytes]) -> None:
        """Send the whole answer. Raises ResponseInvalid, OSError, or what the application's iterator raises."""
        if isinstance(result, (list, tuple)):
            body = result[0] if len(result) == 1 else b"".join(result)
            if not self.started:
                self._send_first(body, whole=True)
            elif body:
                self._write(body)
        else:
            for piece in result:
                if piece:
                    self._write(piece)
            if not self.started:
                self._send_first(b"", whole=True)
        if self._chunked:
            self._send(b"0\r\n\r\n")
        if self._left:
            raise ResponseInvalid(f"the application sent {self._left} bytes less than its Content-Length")

    def _write(self, piece: bytes) -> None:
        if not self.started:
            self._send_first(piece, whole=False)
        elif not self._without_body:
            self._send(self._framed(piece))

    def _send_first(self, piece: bytes, *, whole: bool) -> None:
        """Send the head and the first piece; `whole` if nothing follows it."""
        head = self._head(len(piece) if whole else None)
        body = b"" if self._without_body else self._framed(piece)
        self.started = True
        if len(body) > _JOIN_BYTES:
            self._send(head)
            self._send(body)
        else:
            self._send(head + body)

    def _framed(self, piece: bytes) -> bytes:
        if self._chunked:
            if not piece:
                return b""
            return b"%x\r\n%b\r\n" % (len(piece), piece)
        if self._left is not None:
            self._left -= len(piece)
            if self._left < 0:
                raise ResponseInvalid("the application sent more than its Content-Length")
        return piece

    def _head(self, length: int | None) -> bytes:
        if not self._status:
            raise ResponseInvalid("the application did not call start_response")
        self.keep_alive = self._may_keep_alive()
        lines = [f"HTTP/1.1 {self._status}"]
        names = {name.lower(): value for name, value in self._headers}
        lines += [f"{name}: {value}" for name, value in self._headers]
        if "date" not in names:
            lines.append(f"Date: {self._date()}")
        lines += self._framing(names, length)
        if names.get("connection", "").lower() == "close":
            self.keep_alive = False
        elif not self.keep_alive:
            lines.append("Connection: close")
        elif self._version == "HTTP/1.0":
            lines.append("Connection: keep-alive")
        head = "\r\n".join(lines)
        if head.count("\n") != len(lines) - 1 or head.count("\r") != len(lines) - 1 or "\0" in head:
            raise ResponseInvalid("a header of the answer holds a line break")
        return f"{head}\r\n\r\n".encode("latin-1")

    def _framing(self, names: dict[str, str], length: int | None) -> list[str]:
        """Decide how the client will know where the body ends; return the header lines that say so."""
        if "transfer-encoding" in names:
            raise ResponseInvalid("the framing of the answer is not the application's to choose")
        declared = names.get("content-length")
        if self._status[:3] in _BODILESS:
            self._without_body = True
            return []
        if declared is not None:
            self._left = None if self._without_body else int(declared)
            return []
        if length is not None:
            return [f"Content-Length: {length}"]
        if self._version == "HTTP/1.1":
            self._chunked = not self._without_body
            return ["Transfer-Encoding: chunked"]
        self.keep_alive = False
        return []


def new_request_id() -> str:
    """Return an id for what no application has given one: every answer has one."""
    return secrets.token_hex(16)


def refusal(code: ReturnCode, message: str, date: HttpDate, request_id: str) -> bytes:
    """Return a whole answer that carries an envelope and ends the connection."""
    status = HTTPStatus(code.http_status)
    body = orjson.dumps(envelope(code, message))
    return (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nDate: {date()}\r\nCache-Control: no-store\r\n"
        f"X-Content-Type-Options: nosniff\r\nX-Request-Id: {request_id}\r\nConnection: close\r\n\r\n"
    ).encode("ascii") + body
