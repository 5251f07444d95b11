"""One TCP connection: requests go out, replies come in, each within a deadline.

Invariant: `reusable` is true only between exchanges, when the last reply was read to its last byte and the server keeps
the connection after such a status. Everything else, an exception of any kind included, leaves it false.
"""

import socket
import threading
from collections.abc import Collection, Iterable
from itertools import chain

from signet_fastdfs import errors, wire
from signet_fastdfs.deadline import Deadline
from signet_fastdfs.errors import ConnectionLost, ProtocolError, TimedOut, Unreachable
from signet_fastdfs.wire import Address, Command

PIECE = 256 * 1024
"""Bytes read from a socket or a file at once."""
KEPT_AFTER = (0, errors.NOT_FOUND)
PARTING_WORDS = 0.5
"""Seconds to look for the reply of a server that stopped reading."""


def owner() -> int:
    """Who may use a socket made now: gevent's belong to the event loop of one operating system's thread."""
    return 0 if socket.socket.__module__ == "socket" else threading.get_native_id()


class Connection:
    """A connection to a tracker or a storage. Not for two users at once."""

    def __init__(self, address: Address, deadline: Deadline) -> None:
        self.address = address
        self.owner = owner()
        self.reusable = False
        self._socket = _connected(address, deadline)

    def is_silent(self) -> bool:
        """Whether nothing has arrived unasked: neither the peer's end of the stream nor stray bytes."""
        try:
            self._socket.settimeout(0)
            self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def is_active(self, deadline: Deadline) -> bool:
        """Whether the peer answers; asked of connections that were idle for long."""
        try:
            self.send(Command.ACTIVE_TEST, b"", deadline)
            self.receive_body((0,), "active test", deadline)
        except errors.FastDfsError:
            return False
        return True

    def send(
        self, command: Command, head: bytes, deadline: Deadline, pieces: Iterable[bytes] = (), size: int = 0
    ) -> None:
        """Send a request; `pieces` are `size` bytes that follow `head`. The caller makes sure that they are.

        The first piece is drawn before anything is sent, and travels with the head: what is wrong with a short body is
        known in time. A server that refuses in the middle of a body answers and closes: its answer is what is raised.
        """
        rest = iter(pieces)
        first = wire.HEADER.pack(len(head) + size, command, 0) + head + next(rest, b"")
        self.reusable = False
        for piece in chain((first,), rest):
            try:
                self._send(piece, deadline)
            except TimedOut:
                raise
            except ConnectionLost:
                self._raise_parting_words(deadline)
                raise

    def receive_header(self, doing: str, deadline: Deadline) -> int:
        """Read the header of the reply and return the length of its body. Raises the error of its status."""
        length, command, status = wire.HEADER.unpack(self.receive_exactly(wire.HEADER.size, deadline))
        if command != wire.REPLY or length < 0:
            raise ProtocolError(f"{doing}: {self.address} answered with command {command} and length {length}")
        if status:
            self.reusable = status in KEPT_AFTER and not length
            raise errors.of_status(status, doing)
        return int(length)

    def receive_body(self, sizes: Collection[int], doing: str, deadline: Deadline) -> bytes:
        """Read a reply whose body has one of `sizes`. Raises ProtocolError for any other."""
        length = self.receive_header(doing, deadline)
        if length not in sizes:
            raise ProtocolError(f"{doing}: {self.address} answered {length} bytes")
        body = self.receive_exactly(length, deadline)
        self.reusable = True
        return body

    def receive_exactly(self, size: int, deadline: Deadline) -> bytes:
        """`size` bytes; a peer that closes before raises ConnectionLost at once."""
        received = bytearray()
        while len(received) < size:
            received += self.receive_some(min(size - len(received), PIECE), deadline)
        return bytes(received)

    def receive_some(self, limit: int, deadline: Deadline) -> bytes:
        """What has arrived, from 1 to `limit` bytes."""
        try:
            self._socket.settimeout(deadline.remaining())
            received = self._socket.recv(limit)
        except TimeoutError:
            raise TimedOut(f"{self.address} did not answer in time") from None
        except OSError as failed:
            raise ConnectionLost(f"{self.address}: {failed.strerror or failed}") from None
        if not received:
            raise ConnectionLost(f"{self.address} closed the connection")
        return received

    def close(self) -> None:
        """End it; never raises."""
        self.reusable = False
        self._socket.close()

    def _send(self, data: bytes, deadline: Deadline) -> None:
        try:
            self._socket.settimeout(deadline.remaining())
            self._socket.sendall(data)
        except TimeoutError:
            raise TimedOut(f"{self.address} did not read in time") from None
        except OSError as failed:
            raise ConnectionLost(f"{self.address}: {failed.strerror or failed}") from None

    def _raise_parting_words(self, deadline: Deadline) -> None:
        """Raise the refusal that a server sent before it closed, if it can still be read."""
        try:
            self.receive_header("sending", deadline.within(PARTING_WORDS))
        except (ConnectionLost, ProtocolError):
            return


def _connected(address: Address, deadline: Deadline) -> socket.socket:
    """A connected socket; every address of a name is tried within the one deadline. Raises Unreachable."""
    reason: Exception | None = None
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as failed:
        raise Unreachable(f"{address}: {failed}") from None
    for family, kind, protocol, _, target in found:
        fresh = socket.socket(family, kind, protocol)
        try:
            fresh.settimeout(deadline.remaining())
            fresh.connect(target)
            fresh.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except (OSError, TimedOut) as failed:
            fresh.close()
            reason = failed
        except BaseException:
            fresh.close()
            raise
        else:
            return fresh
    raise Unreachable(f"{address}: {reason or 'no such host'}")
