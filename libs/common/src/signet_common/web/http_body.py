"""The body of a request as WSGI's `wsgi.input`: counted or de-chunked, and refused where its framing is in doubt."""

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Protocol

from signet_common.web.http_connection import ClientGone
from signet_common.web.http_fields import RequestRefused

_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,12}")
_LINE_BYTES = 8192
_CHUNK_LINE_BYTES = 256
_EXTENSION_BYTES = 1024
_FREE_CHUNKS = 1024
_SMALL_CHUNK_BYTES = 64
_TRAILER_BYTES = 4096
_TRAILER = re.compile(rb"[!#$%&'*+.^`|~0-9A-Za-z-]+:[\t -~\x80-\xff]*")
_EXTENSION = re.compile(rb"[ \t]*;[\t -~]*")


class BodyRefused(OSError):
    """The body cannot be read; the server answers 400001 whatever the application makes of it.

    An OSError because that is what WSGI frameworks take for "the client's connection is at fault".
    """


class BodySource(Protocol):
    """Where the bytes come from: a connection."""

    def read(self, size: int) -> bytes:
        """Return between 1 and `size` bytes. Raises RequestRefused."""

    def read_line(self, limit: int) -> bytes:
        """Return a line without its CRLF. Raises RequestRefused."""

    def send(self, data: bytes) -> None:
        """Send an interim answer. Raises ClientGone."""


class RequestBody:
    """A file object over one body. Ends where the body ends; never reads a byte of what follows.

    `length` is None for a chunked body. After `refused` is set, every read raises BodyRefused.
    """

    def __init__(self, source: BodySource, length: int | None, *, expects_continue: bool) -> None:
        self._source = source
        self._chunked = length is None
        self._left = length or 0
        self._finished = length == 0
        self._expects_continue = expects_continue
        self._started = False
        self._chunks = 0
        self._chunk_bytes = 0
        self._extension_bytes = 0
        self._ahead = BytesIO()  # what readline has read too much
        self.refused: RequestRefused | None = None

    def read(self, size: int | None = -1) -> bytes:
        """Return `size` bytes, fewer at the end, all that is left for a negative size. Raises BodyRefused."""
        pieces: list[bytes] = []
        wanted = -1 if size is None or size < 0 else size
        while wanted and (piece := self._ahead.read(wanted) or self._piece(wanted)):
            pieces.append(piece)
            if wanted > 0:
                wanted -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def read1(self, size: int) -> bytes:
        """Return what has arrived, between 1 and `size` bytes of it, b"" at the end. Raises BodyRefused."""
        return self._ahead.read(size) or self._piece(size)

    def readline(self, size: int | None = -1) -> bytes:
        """Return up to and with the next LF, at most `size` bytes."""
        wanted = -1 if size is None or size < 0 else size
        parts = [self._ahead.readline(wanted)]
        size = len(parts[0])
        while not parts[-1].endswith(b"\n") and size != wanted and (piece := self._piece(_LINE_BYTES)):
            self._ahead = BytesIO(piece)
            parts.append(self._ahead.readline(wanted - size if wanted > 0 else -1))
            size += len(parts[-1])
        return b"".join(parts)

    def readlines(self, hint: int | None = -1) -> list[bytes]:
        """Return the lines, or those of the first `hint` bytes."""
        lines: list[bytes] = []
        total = 0
        for line in self:
            lines.append(line)
            total += len(line)
            if hint is not None and 0 < hint <= total:
                break
        return lines

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    @property
    def finished(self) -> bool:
        """Whether the body has been read to its end."""
        return self._finished

    def may_be_discarded(self, limit: int) -> bool:
        """Say whether it is worth reading the rest, so that the connection can carry another request.

        A client that still waits for `100 Continue` is not asked for what nobody wants.
        """
        if self._finished:
            return True
        awaited = self._expects_continue and not self._started
        return self.refused is None and not awaited and (self._chunked or self._left <= limit)

    def discard(self, limit: int) -> bool:
        """Read what the application left, as far as `limit` bytes; say whether that was all. Raises BodyRefused."""
        while not self._finished and limit >= 0:
            limit -= len(self._piece(65536))
        return self._finished

    def _piece(self, wanted: int) -> bytes:
        """Return some bytes, at most `wanted` unless that is negative, or b"" at the end."""
        if self._finished:
            return b""
        if self.refused is not None:
            raise BodyRefused(str(self.refused))
        try:
            return self._receive(wanted)
        except RequestRefused as error:
            self.refused = error
        except ClientGone:
            self.refused = RequestRefused("the body ends early")
        raise BodyRefused(str(self.refused))

    def _receive(self, wanted: int) -> bytes:
        if not self._started:
            self._started = True
            if self._expects_continue:
                self._source.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        if self._chunked and self._left == 0:
            self._left = self._next_chunk()
            if self._left == 0:
                self._finished = True
                return b""
        data = self._source.read(self._left if wanted < 0 else min(wanted, self._left))
        self._left -= len(data)
        if self._left == 0:
            if not self._chunked:
                self._finished = True
            elif self._source.read_line(0):
                raise RequestRefused("a chunk of the body is longer than its size says")
        return data

    def _next_chunk(self) -> int:
        """Return the next chunk's size, 0 after the last one and its trailers. RFC 9112, 7.1."""
        line = self._source.read_line(_CHUNK_LINE_BYTES)
        size, semicolon, _ = line.partition(b";")
        size = size.rstrip(b" \t") if semicolon else size
        if not _CHUNK_SIZE.fullmatch(size):
            raise RequestRefused("the chunked body has a malformed chunk size")
        self._check_extension(line[len(size) :])
        number = int(size, 16)
        self._check_fragments(number)
        if number == 0:
            self._skip_trailers()
        return number

    def _check_fragments(self, size: int) -> None:
        """Refuse a body of tiny pieces: each costs as much as a large one, and only an attacker sends thousands."""
        self._chunks += 1
        self._chunk_bytes += size
        if self._chunks > _FREE_CHUNKS and self._chunk_bytes < self._chunks * _SMALL_CHUNK_BYTES:
            raise RequestRefused("the chunked body is cut into too many pieces")

    def _check_extension(self, extension: bytes) -> None:
        if not extension:
            return
        self._extension_bytes += len(extension)
        if self._extension_bytes > _EXTENSION_BYTES or not _EXTENSION.fullmatch(extension):
            raise RequestRefused("the chunked body has a malformed chunk extension, or too many of them")

    def _skip_trailers(self) -> None:
        """Read and forget the trailers: nothing that follows a body may change what its head said."""
        left = _TRAILER_BYTES
        while line := self._source.read_line(_TRAILER_BYTES):
            left -= len(line)
            if left < 0 or not _TRAILER.fullmatch(line):
                raise RequestRefused("the chunked body has a malformed trailer, or too many of them")
