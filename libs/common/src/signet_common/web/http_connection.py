"""A client's connection: buffered reading with a time limit on everything a client could drag out."""

import contextlib
import socket
import time

from signet_common.web.http_fields import Limits, RequestRefused
from signet_common.web.http_framing import check_incomplete_head

_HEAD_SECONDS = 10.0
_BODY_SECONDS = 30.0
_BODY_BYTES_PER_SECOND = 1024
_SEND_SECONDS = 60.0
_LINGER_SECONDS = 2.0
_LINGER_BYTES = 4 * 1024 * 1024
_RECEIVE_BYTES = 65536


class ClientGone(Exception):
    """The client does not take its answer: it has left, or stopped reading."""


class ClientConnection:
    """Reads heads and bodies from a socket, and sends answers.

    `idle` is true while it waits for the first byte of a request: only then may a shutdown end it.
    """

    __slots__ = ("_body_received", "_body_waited", "_buffer", "idle", "socket")

    def __init__(self, client: socket.socket) -> None:
        self.socket = client
        self.idle = False
        self._buffer = b""
        self._body_received = 0
        self._body_waited = 0.0

    def read_head(self, limits: Limits, idle_seconds: float) -> bytes | None:
        """Return a head without its empty line, or None if the client leaves or stays silent for `idle_seconds`.

        Raises RequestRefused for a head that does not end, comes too slowly or cannot become one.
        """
        self._body_received, self._body_waited = 0, 0.0
        if not self._buffer:
            self._buffer = self._wait_for_request(idle_seconds)
            if not self._buffer:
                return None
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            end = self._complete_head(limits)
        head, self._buffer = self._buffer[:end], self._buffer[end + 4 :]
        return head

    def read(self, size: int) -> bytes:
        """Return between 1 and `size` bytes of a body. Raises RequestRefused when they do not come."""
        if not self._buffer:
            self._receive_body()
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        return data

    def read_line(self, limit: int) -> bytes:
        """Return a line of a chunked body without its CRLF. Raises RequestRefused if it is longer than `limit`."""
        while (end := self._buffer.find(b"\r\n")) < 0:
            if len(self._buffer) > limit or b"\n" in self._buffer:
                raise RequestRefused("the chunked body holds a line that is too long or does not end in CRLF")
            rest, self._buffer = self._buffer, b""
            self._receive_body()
            self._buffer = rest + self._buffer
        line, self._buffer = self._buffer[:end], self._buffer[end + 2 :]
        if len(line) > limit:
            raise RequestRefused("the chunked body holds a line that is too long")
        return line

    def send(self, data: bytes) -> None:
        """Send all of it. Raises ClientGone, also when the client does not take it within a minute."""
        try:
            self.socket.settimeout(_SEND_SECONDS)
            self.socket.sendall(data)
        except OSError as error:
            raise ClientGone(str(error)) from None

    def close_if_idle(self) -> None:
        """End the wait for a request unless one has arrived. To be called from another greenlet."""
        if not self.idle or self._has_arrived():
            return
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RD)

    def linger(self) -> None:
        """Let the client read the answer although it is still sending: a close with unread bytes would reset it."""
        deadline = time.monotonic() + _LINGER_SECONDS
        left = _LINGER_BYTES
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)
            while left > 0 and (seconds := deadline - time.monotonic()) > 0:
                self.socket.settimeout(seconds)
                data = self.socket.recv(_RECEIVE_BYTES)
                if not data:
                    return
                left -= len(data)

    def _wait_for_request(self, seconds: float) -> bytes:
        self.socket.settimeout(seconds)
        self.idle = True
        try:
            return self.socket.recv(_RECEIVE_BYTES)
        except OSError:
            return b""
        finally:
            self.idle = False

    def _has_arrived(self) -> bool:
        """Say, without waiting, whether the kernel holds bytes of a request."""
        seconds = self.socket.gettimeout()
        self.socket.settimeout(0)
        try:
            return bool(self.socket.recv(1, socket.MSG_PEEK))
        except OSError:
            return False
        finally:
            self.socket.settimeout(seconds)

    def _complete_head(self, limits: Limits) -> int:
        """Receive until the head ends; return where."""
        deadline = time.monotonic() + _HEAD_SECONDS
        end = -1
        while end < 0:
            check_incomplete_head(self._buffer, limits)
            data = self._receive(deadline - time.monotonic(), "the head of the request")
            searched = max(len(self._buffer) - 3, 0)
            self._buffer += data
            end = self._buffer.find(b"\r\n\r\n", searched)
        return end

    def _receive_body(self) -> None:
        """Receive more of a body. A client has 30 s, and a second more for each KiB that it has sent."""
        allowed = _BODY_SECONDS + self._body_received / _BODY_BYTES_PER_SECOND - self._body_waited
        started = time.monotonic()
        self._buffer = self._receive(allowed, "the body")
        self._body_waited += time.monotonic() - started
        self._body_received += len(self._buffer)

    def _receive(self, seconds: float, part: str) -> bytes:
        self.socket.settimeout(max(seconds, 0.001))
        try:
            data = self.socket.recv(_RECEIVE_BYTES)
        except TimeoutError:
            raise RequestRefused(f"{part} came too slowly") from None
        except OSError:
            raise RequestRefused(f"{part} ends early") from None
        if not data:
            raise RequestRefused(f"{part} ends early")
        return data
