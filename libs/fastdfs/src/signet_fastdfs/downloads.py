"""A file on its way here."""

from collections.abc import Iterator
from types import TracebackType
from typing import Protocol, Self

from signet_fastdfs.connection import PIECE, Connection
from signet_fastdfs.deadline import Deadline
from signet_fastdfs.pool import Pool


class Writable(Protocol):
    """A file object, open for writing bytes."""

    def write(self, data: bytes, /) -> object: ...


class Download:
    """`size` bytes, once, piece by piece, in constant memory; a context manager.

    The header of the answer has been read: the file is there. Iterating ends normally only when all `size` bytes have
    come; a storage that goes away raises ConnectionLost, and what came before must not be taken for the whole.
    Leaving early closes the connection. The clock of the operation stands still while the caller holds a piece.
    """

    def __init__(self, size: int, connection: Connection | None, pool: Pool, deadline: Deadline) -> None:
        self.size = size
        self._left = size
        self._connection = connection
        self._pool = pool
        self._deadline = deadline
        deadline.pause()
        if not size:
            self._finish()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        """The next piece, at most 256 KiB. Raises ConnectionLost, TimedOut."""
        if not self._connection:
            raise StopIteration
        self._deadline.resume()
        try:
            piece = self._connection.receive_some(min(self._left, PIECE), self._deadline)
        except BaseException:
            self.close()
            raise
        self._deadline.pause()
        self._left -= len(piece)
        if not self._left:
            self._finish()
        return piece

    def read(self) -> bytes:
        """All that is left, in memory."""
        with self:
            return b"".join(self)

    def write_to(self, file: Writable) -> int:
        """Write all that is left to `file`; returns how many bytes that were."""
        written = self._left
        with self:
            for piece in self:
                file.write(piece)
        return written

    def close(self) -> None:
        """Give up what is left; the connection is closed unless all has come."""
        connection, self._connection = self._connection, None
        if connection:
            self._pool.give_back(connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _finish(self) -> None:
        if self._connection:
            self._connection.reusable = True
        self.close()
