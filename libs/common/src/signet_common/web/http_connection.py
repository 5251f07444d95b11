"""A client's connection: buffered reading with a time limit on everything a client could drag out."""

import contextlib
import socket
import time
from dataclasses import dataclass

import gevent

from signet_common.web.http_fields import Limits, RequestRefused
from signet_common.web.http_framing import check_incomplete_head

_LINGER_BYTES = 4 * 1024 * 1024
_LINGER_PAUSE = 0.02
_RECEIVE_BYTES = 65536
_LARGE_BODY_BYTES = 262_144
_SEND_BYTES = 65536
_TURN_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """How long a client is waited for, in seconds.

    `body` is for the body's first byte; every KiB that arrives gives a second back, never more than `body` in all:
    large uploads may take long, and whoever stalls is ended that many seconds later, however much has arrived before.
    Time in which the application does not read is not counted. `send` is for each 64 KiB of an answer.
    """

    first_request: float = 10.0
    idle: float = 75.0
    head: float = 10.0
    body: float = 30.0
    send: float = 60.0
    linger: float = 2.0


def send_all(connection: socket.socket, data: bytes | memoryview) -> None:
    """Send all of it. Raises OSError.

    As a rule the kernel takes everything at once: then gevent's `sendall`, which asks for the size of the buffer first
    and counts pieces, would cost twice as much.
    """
    sent = connection.send(data)
    if sent < len(data):
        connection.sendall(memoryview(data)[sent:])


class ClientGone(Exception):
    """The client does not take its answer: it has left, or stopped reading."""


class ClientConnection:
    """Reads heads and bodies from a socket, and sends answers.

    `idle` is true while it waits for the first byte of a request: only then may a shutdown end it.
    """

    __slots__ = ("_body_seconds", "_buffer", "_moved", "_position", "_served", "idle", "socket", "times")

    def __init__(self, client: socket.socket, times: TimeLimits) -> None:
        self.socket = client
        self.times = times
        self.idle = False
        self._served = False
        self._buffer = b""  # what has been received, and before _position also been read
        self._position = 0
        self._body_seconds = times.body
        self._moved = 0

    def read_head(self, limits: Limits) -> bytes | None:
        """Return a head without its empty line, or None if the client leaves or stays silent.

        Raises RequestRefused for a head that does not end, comes too slowly or cannot become one.
        """
        self._body_seconds = self.times.body
        if self._position == len(self._buffer):
            self._fill(self._wait_for_request())
            if not self._buffer:
                return None
        self._served = True
        end = self._buffer.find(b"\r\n\r\n", self._position)
        if end < 0:
            end = self._complete_head(limits)
        head = self._buffer[self._position : end]
        self._position = end + 4
        return head

    def read(self, size: int) -> bytes:
        """Return between 1 and `size` bytes of a body. Raises RequestRefused when they do not come."""
        if self._position == len(self._buffer):
            self._fill(self._receive_body(size))
        data = self._buffer[self._position : self._position + size]
        self._position += len(data)
        return data

    def read_line(self, limit: int) -> bytes:
        """Return a line of a chunked body without its CRLF. Raises RequestRefused if it is longer than `limit`."""
        while (end := self._buffer.find(b"\r\n", self._position, self._position + limit + 2)) < 0:
            rest = self._buffer[self._position :]
            if len(rest) > limit + 1 or b"\n" in rest:
                raise RequestRefused("the chunked body holds a line that is too long or does not end in CRLF")
            self._fill(rest + self._receive_body())
        line = self._buffer[self._position : end]
        self._position = end + 2
        return line

    def send(self, data: bytes) -> None:
        """Send all of it. Raises ClientGone, also when the client takes less than 64 KiB within a minute."""
        try:
            self.socket.settimeout(self.times.send)
            sent = self.socket.send(data)
            if sent < len(data):
                view = memoryview(data)
                for start in range(sent, len(view), _SEND_BYTES):
                    send_all(self.socket, view[start : start + _SEND_BYTES])
        except OSError as error:
            raise ClientGone(str(error)) from None
        self._take_turns(len(data))

    def close_if_idle(self) -> None:
        """End the wait for a request unless one has arrived. To be called from another greenlet."""
        if not self.idle or self._has_arrived():
            return
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RD)

    def linger(self) -> None:
        """Let the client read the answer although it is still sending: a close with unread bytes would reset it.

        What it sends is thrown away: the first of it as it comes, the rest by the drop, so that it has all of its time
        and we have little to do. A proxy whose sending fails does not look for an answer any more.
        """
        deadline = time.monotonic() + self.times.linger
        left = _LINGER_BYTES
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)
            while (seconds := deadline - time.monotonic()) > 0:
                if left <= 0:
                    gevent.sleep(_LINGER_PAUSE)
                self.socket.settimeout(seconds)
                data = self.socket.recv(_RECEIVE_BYTES)
                if not data:
                    return
                left -= len(data)

    def _fill(self, data: bytes) -> None:
        self._buffer, self._position = data, 0

    def _wait_for_request(self) -> bytes:
        """Return the first bytes of a request, b"" if the client leaves or stays silent."""
        self.socket.settimeout(self.times.idle if self._served else self.times.first_request)
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
        deadline = time.monotonic() + self.times.head
        self._fill(self._buffer[self._position :])
        end = -1
        while end < 0:
            check_incomplete_head(self._buffer, limits)
            data = self._receive(deadline - time.monotonic(), "the head of the request")
            searched = max(len(self._buffer) - 3, 0)
            self._buffer += data
            end = self._buffer.find(b"\r\n\r\n", searched)
        return end

    def _receive_body(self, wanted: int = 0) -> bytes:
        """Receive more of a body; see TimeLimits for how long that may take. Where much is wanted, more at a time."""
        started = time.monotonic()
        most = max(_RECEIVE_BYTES, min(wanted, _LARGE_BODY_BYTES))
        data = self._receive(self._body_seconds, "the body", most)
        left = self._body_seconds - (time.monotonic() - started)
        self._body_seconds = min(self.times.body, left + len(data) / 1024)
        self._take_turns(len(data))
        return data

    def _take_turns(self, moved: int) -> None:
        """Let the other connections run now and then: between fast peers nothing would ever have to wait."""
        self._moved += moved
        if self._moved >= _TURN_BYTES:
            self._moved = 0
            gevent.sleep(0)

    def _receive(self, seconds: float, part: str, most: int = _RECEIVE_BYTES) -> bytes:
        self.socket.settimeout(max(seconds, 0.001))
        try:
            data = self.socket.recv(most)
        except TimeoutError:
            raise RequestRefused(f"{part} came too slowly") from None
        except OSError:
            raise RequestRefused(f"{part} ends early") from None
        if not data:
            raise RequestRefused(f"{part} ends early")
        return data
