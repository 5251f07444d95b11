"""What trackers and storages have in common: a port of loopback, a thread per connection, and faults to apply."""

import socket
import threading
from collections import Counter
from collections.abc import Callable
from typing import ClassVar

from signet_fastdfs import wire
from signet_fastdfs.testing.channel import Channel, Hangup, Reply
from signet_fastdfs.testing.faults import Fault
from signet_fastdfs.wire import Address, Command

BAD_REQUEST = 22
Handler = Callable[[Channel, int, Fault], Reply]


class Peer:
    """A server on 127.0.0.1. It may be stopped and started again on the same port, keeping what it holds."""

    closes_after: ClassVar[tuple[int, ...]] = ()
    """The statuses after which this kind of server closes the connection."""

    def __init__(self) -> None:
        self.requests: Counter[int] = Counter()
        """How many requests came, by command."""
        self.accepted = 0
        """How many connections were made."""
        self._port = 0
        self._faults: list[tuple[Fault, int | None, int]] = []
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._over = threading.Event()
        self._over.set()

    @property
    def address(self) -> Address:
        """Where it listens, or did."""
        return Address("127.0.0.1", self._port)

    def misbehave(self, fault: Fault, *, command: int | None = None, times: int = 1) -> None:
        """Apply `fault` to the next `times` requests of `command`, or of any."""
        with self._lock:
            self._faults.append((fault, command, times))

    def behave(self) -> None:
        """Forget all faults that are still to come."""
        with self._lock:
            self._faults.clear()

    def start(self) -> None:
        """Listen and serve."""
        listener = socket.create_server(("127.0.0.1", self._port))
        self._port = listener.getsockname()[1]
        self._over = threading.Event()
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener, self._over), daemon=True).start()

    def stop(self) -> None:
        """End every connection and the port; a second time there is nothing to end."""
        if self._over.is_set():
            return
        self._over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop_connections()

    def drop_connections(self) -> None:
        """Close every connection, as a server does with those that idle."""
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            _shut(connection)

    def handlers(self) -> dict[int, Handler]:
        """What answers which command."""
        return {Command.ACTIVE_TEST: lambda _channel, length, _fault: Reply(0 if not length else BAD_REQUEST)}

    def _accept(self, listener: socket.socket, over: threading.Event) -> None:
        while not over.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self.accepted += 1
                self._connections.add(connection)
            threading.Thread(target=self._serve, args=(connection, over), daemon=True).start()

    def _serve(self, connection: socket.socket, over: threading.Event) -> None:
        channel, handlers = Channel(connection, over.is_set), self.handlers()
        try:
            while not over.is_set():
                self._serve_one(channel, handlers)
        except (Hangup, OSError):
            pass
        finally:
            with self._lock:
                self._connections.discard(connection)
            _shut(connection)
            connection.close()

    def _serve_one(self, channel: Channel, handlers: dict[int, Handler]) -> None:
        length, command, _ = wire.HEADER.unpack(channel.read(wire.HEADER.size))
        if command == Command.QUIT:
            raise Hangup
        with self._lock:
            self.requests[command] += 1
        fault, handler = self._fault_for(command), handlers.get(command)
        if handler is None:
            drain(channel, length)
            reply = Reply(BAD_REQUEST)
        else:
            reply = handler(channel, length, fault)
        fault.send(channel, fault.on_reply(reply))
        if reply.status in self.closes_after:
            raise Hangup

    def _fault_for(self, command: int) -> Fault:
        with self._lock:
            for at, (fault, meant, times) in enumerate(self._faults):
                if meant in (None, command):
                    self._faults[at : at + 1] = [(fault, meant, times - 1)] if times > 1 else []
                    return fault
        return Fault()


def drain(channel: Channel, size: int) -> None:
    """Read and forget."""
    for _ in channel.pieces(size):
        pass


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
