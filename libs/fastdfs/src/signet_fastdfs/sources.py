"""What is uploaded: bytes, a file object or an iterable, always as pieces of a total that is known before."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol, runtime_checkable

from signet_fastdfs import wire
from signet_fastdfs.connection import PIECE
from signet_fastdfs.deadline import Deadline
from signet_fastdfs.errors import BadArgument


@runtime_checkable
class Readable(Protocol):
    """A file object, open for reading bytes."""

    def read(self, size: int, /) -> bytes: ...


Data = bytes | bytearray | memoryview
Source = Data | Readable | Iterable[bytes]


class Content(NamedTuple):
    """`pieces` hold exactly `size` bytes, or end in an exception before the last of them is handed out."""

    pieces: Iterator[bytes]
    size: int


def content(source: Source, size: int | None, deadline: Deadline) -> Content:
    """Pieces of `source`, drawn one at a time while the clock of `deadline` stands still.

    A file object is read from where it stands and never beyond `size`. An iterable has to give exactly `size` bytes:
    its last piece is held back until it has ended, so one that raises at its end, too long or for a reason of its own,
    stores nothing. Raises BadArgument.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        data = memoryview(source).cast("B")
        if size not in (None, len(data)):
            raise BadArgument(f"the data has {len(data)} bytes, not {size}")
        return Content(_slices(data), len(data))
    if size is None:
        raise BadArgument("the size of a stream has to be given: the protocol sends it first")
    wire.number(size, "size")
    pieces = _of_file(source, size) if isinstance(source, Readable) else _of_iterable(source, size)
    return Content(_unclocked(pieces, deadline), size)


def _slices(data: memoryview) -> Iterator[bytes]:
    for at in range(0, len(data), PIECE):
        yield bytes(data[at : at + PIECE])


def _of_file(file: Readable, size: int) -> Iterator[bytes]:
    left = size
    while left:
        piece = file.read(min(left, PIECE))
        if not piece:
            raise BadArgument(f"the stream ended {left} bytes early")
        if len(piece) > left:
            raise BadArgument("the stream gave more than was asked of it")
        left -= len(piece)
        yield piece


def _of_iterable(source: Iterable[bytes], size: int) -> Iterator[bytes]:
    left, held = size, b""
    for piece in source:
        left -= len(piece)
        if left < 0:
            raise BadArgument("the stream is longer than was said")
        if piece:
            if held:
                yield held
            held = piece
    if left:
        raise BadArgument(f"the stream ended {left} bytes early")
    if held:
        yield held


def _unclocked(pieces: Iterator[bytes], deadline: Deadline) -> Iterator[bytes]:
    while True:
        with deadline.paused():
            piece = next(pieces, None)
        if piece is None:
            return
        yield piece
