"""A tracker's word and then a storage's: the four ways in which operations talk to a cluster, and what each may repeat.

Reading is repeated once when the storage goes away before it answered, beginning at the tracker, who may name another.
A change is sent once: nobody knows whether a lost one was made. An upload whose storage was `Unreachable` has sent
nothing, and asks for another place.
"""

from collections.abc import Callable, Collection
from contextlib import suppress
from typing import TypeVar

from signet_fastdfs import replies, wire
from signet_fastdfs.connection import Connection
from signet_fastdfs.deadline import Deadline
from signet_fastdfs.downloads import Download
from signet_fastdfs.errors import ConnectionLost, ProtocolError, TimedOut, Unreachable
from signet_fastdfs.pool import Pool
from signet_fastdfs.sources import Content
from signet_fastdfs.trackers import Trackers
from signet_fastdfs.wire import Command, FileName

Answer = TypeVar("Answer")

PLACES = 3
"""How many places an upload asks for while they turn out to be unreachable."""


class Exchanges:
    """Operations as bytes; what they mean is the client's business."""

    def __init__(self, pool: Pool, trackers: Trackers) -> None:
        self._pool = pool
        self._trackers = trackers

    def upload(self, command: Command, data: Content, extension: str, group: str | None, deadline: Deadline) -> str:
        """Store `data` as a new file and return its id."""
        suffix = wire.padded(extension, wire.EXTENSION_SIZE, "extension")
        connection, path_index = self._reach_place(group, deadline)
        try:
            head = bytes([path_index]) + wire.number(data.size) + suffix
            connection.send(command, head, deadline, data.pieces, data.size)
            return replies.file_id(connection.receive_body(replies.FILE_SIZES, _doing(command), deadline))
        finally:
            self._pool.give_back(connection)

    def change(
        self,
        command: Command,
        file: FileName,
        head: bytes,
        *,
        sizes: Collection[int],
        deadline: Deadline,
        data: Content | None = None,
    ) -> bytes:
        """Send a change, once, to the storage that may make it; returns the body of the reply."""
        address = self._trackers.server_for(Command.UPDATE, file, deadline)
        with self._pool.connection(address, deadline) as connection:
            connection.send(command, head, deadline, *(data or ()))
            return connection.receive_body(sizes, _doing(command), deadline)

    def reach(self, deadline: Deadline) -> None:
        """Connect to where a new file would go."""
        connection, _ = self._reach_place(None, deadline)
        self._pool.give_back(connection)

    def query(self, command: Command, file: FileName, sizes: Collection[int], deadline: Deadline) -> bytes:
        """Ask about a file; returns the body of the reply."""

        def once() -> bytes:
            address = self._trackers.server_for(Command.FETCH, file, deadline)
            with self._pool.connection(address, deadline) as connection:
                connection.send(command, file.body, deadline)
                return connection.receive_body(sizes, _doing(command), deadline)

        return _twice(once)

    def download(self, file: FileName, body: bytes, length: int | None, deadline: Deadline) -> Download:
        """Begin a download: the header of the reply is read, its body is the caller's."""

        def once() -> Download:
            connection = self._pool.take(self._trackers.server_for(Command.FETCH, file, deadline), deadline)
            try:
                connection.send(Command.DOWNLOAD, body, deadline)
                size = connection.receive_header("download", deadline)
                if length is not None and size > length:
                    raise ProtocolError(f"download: {connection.address} sends {size} bytes where {length} were asked")
            except BaseException:
                self._pool.give_back(connection)
                raise
            return Download(size, connection, self._pool, deadline)

        return _twice(once)

    def _reach_place(self, group: str | None, deadline: Deadline) -> tuple[Connection, int]:
        """A connection to a storage with room, and the path to store on."""
        for _ in range(PLACES - 1):
            with suppress(Unreachable):
                return self._take_place(group, deadline)
        return self._take_place(group, deadline)

    def _take_place(self, group: str | None, deadline: Deadline) -> tuple[Connection, int]:
        place = self._trackers.place_for_upload(group, deadline)
        return self._pool.take(place.address, deadline), place.path_index


def _twice(once: Callable[[], Answer]) -> Answer:
    try:
        return once()
    except TimedOut:
        raise
    except ConnectionLost:
        return once()


def _doing(command: Command) -> str:
    return command.name.lower().replace("_", " ")
