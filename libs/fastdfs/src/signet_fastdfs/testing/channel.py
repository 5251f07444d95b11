"""The server's end of one connection."""

import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from signet_fastdfs import wire

PIECE = 256 * 1024


class Hangup(Exception):
    """This connection ends now."""


@dataclass(frozen=True)
class Reply:
    """A reply: `body`, then as many zero bytes, sent without being held. `length` is a lie to announce."""

    status: int = 0
    body: bytes = b""
    zeros: int = 0
    command: int = wire.REPLY
    length: int | None = None

    @property
    def size(self) -> int:
        return len(self.body) + self.zeros

    def pieces(self) -> Iterator[bytes]:
        """All of it, header first."""
        yield wire.HEADER.pack(self.size if self.length is None else self.length, self.command, self.status) + self.body
        for at in range(0, self.zeros, PIECE):
            yield bytes(min(PIECE, self.zeros - at))


class Channel:
    """Reads requests and sends replies; every end of the stream is a Hangup."""

    def __init__(self, connection: socket.socket, is_over: Callable[[], bool]) -> None:
        self._socket = connection
        self._is_over = is_over

    def read(self, size: int) -> bytes:
        """Exactly `size` bytes."""
        return b"".join(self.pieces(size))

    def pieces(self, size: int) -> Iterator[bytes]:
        """`size` bytes as they come."""
        while size:
            piece = self._socket.recv(min(size, PIECE))
            if not piece:
                raise Hangup
            size -= len(piece)
            yield piece

    def send(self, reply: Reply) -> None:
        """Send all of it."""
        for piece in reply.pieces():
            self.send_raw(piece)

    def send_with(self, extra: bytes, reply: Reply) -> None:
        """Send a short reply and `extra` at once: a peer that has read the one has the other before it."""
        self.send_raw(b"".join(reply.pieces()) + extra)

    def send_first(self, size: int, reply: Reply) -> None:
        """Send the first `size` bytes of it."""
        for piece in reply.pieces():
            self.send_raw(piece[:size])
            size -= min(size, len(piece))

    def dribble(self, reply: Reply, pause: float) -> None:
        """Send it byte by byte, for as long as anybody reads."""
        for piece in reply.pieces():
            for at in range(len(piece)):
                time.sleep(pause)
                if self._is_over():
                    raise Hangup
                self.send_raw(piece[at : at + 1])

    def send_raw(self, data: bytes) -> None:
        """Send `data` as it is."""
        self._socket.sendall(data)

    def wait_for_the_end(self) -> None:
        """Send nothing more, read nothing more, until the server is stopped or the client is gone."""
        while not self._is_over():
            time.sleep(0.02)
            if self._peer_is_gone():
                break
        raise Hangup

    def _peer_is_gone(self) -> bool:
        try:
            return not self._socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True
