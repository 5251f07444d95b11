"""HTTP without a library that means well: requests go out byte for byte, as no well-behaved client would send them."""

import contextlib
import json
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from http.client import BadStatusLine, HTTPMessage, HTTPResponse
from typing import Any, Self

from signet import Credential
from signet.signature import sign
from signet_protocol.headers import new_nonce
from signet_testing.doors import Door, connect
from signet_testing.free_ports import LOOPBACK

TIMEOUT_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class RawRequest:
    """A request as it goes onto the wire. What is changed after signing is what a forger would change."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = field(default=b"", repr=False)

    def with_header(self, name: str, value: str) -> Self:
        """The same request with a header replaced, or added."""
        return replace(self, headers=(*self.without_header(name).headers, (name, value)))

    def without_header(self, name: str) -> Self:
        """The same request without a header."""
        return replace(self, headers=tuple(pair for pair in self.headers if pair[0].lower() != name.lower()))

    def wire(self) -> bytes:
        """Head and body. The length is told unless a header says how the body is framed."""
        names = {name.lower() for name, _ in self.headers}
        framed = {"content-length", "transfer-encoding"} & names
        length = [] if framed or not self.body else [("Content-Length", str(len(self.body)))]
        host = [] if "host" in names else [("Host", LOOPBACK)]
        lines = [f"{self.method} {self.target} HTTP/1.1", *(f"{n}: {v}" for n, v in (*host, *self.headers, *length))]
        return "".join(f"{line}\r\n" for line in (*lines, "")).encode("latin-1") + self.body


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """What came back. `status` is 0 when the connection was closed without an answer."""

    status: int
    headers: HTTPMessage = field(default_factory=HTTPMessage)
    body: bytes = b""

    @property
    def envelope(self) -> dict[str, Any]:
        """The body as the protocol's envelope; an AssertionError shows what came instead."""
        try:
            document = json.loads(self.body)
        except ValueError:
            document = None
        assert isinstance(document, dict), (self.status, self.body[:500])
        assert document.keys() == {"return_code", "return_msg", "data"}, (self.status, self.body[:500])
        return document

    @property
    def code(self) -> int:
        """The return code; a content that was asked for has none, and parts of it can be asked for."""
        return 200 if "Accept-Ranges" in self.headers else int(self.envelope["return_code"])


def signed(
    credential: Credential,
    method: str,
    target: str,
    *,
    body: bytes = b"",
    headers: Iterable[tuple[str, str]] = (),
    timestamp: int | None = None,
    nonce: str | None = None,
) -> RawRequest:
    """A request that the gateway lets through as it is; a body counts as JSON unless `headers` say otherwise."""
    sent = tuple(headers)
    if body and "content-type" not in {name.lower() for name, _ in sent}:
        sent = (*sent, ("Content-Type", "application/json"))
    signature = sign(
        credential,
        method=method,
        target=target,
        headers=sent,
        body=body,
        timestamp=int(time.time()) if timestamp is None else timestamp,
        nonce=nonce or new_nonce(),
    )
    return RawRequest(method, target, (*sent, *signature.headers), body)


def send(door: Door, request: RawRequest | bytes, *, source: str = LOOPBACK, half_close: bool = False) -> RawAnswer:
    """Send on a connection of its own, to a port from any address of 127.0.0.0/8.

    `half_close` tells the other side that no more bytes follow, so that it does not wait for what was cut off.
    """
    wire = request if isinstance(request, bytes) else request.wire()
    method = request.method if isinstance(request, RawRequest) else None
    with connect(door, TIMEOUT_SECONDS, source=source) as connection:
        with contextlib.suppress(OSError):  # It may answer and close before it has read everything.
            connection.sendall(wire)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
        return receive(connection, method)


def receive(connection: socket.socket, method: str | None = None) -> RawAnswer:
    """Read one answer."""
    response = HTTPResponse(connection, method=method)
    try:
        response.begin()
        return RawAnswer(response.status, response.headers, response.read())
    except (ConnectionError, BadStatusLine):
        return RawAnswer(0)
    finally:
        response.close()
