"""One download: what its head says, and its bytes, which are either all there or an error."""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

import httpx

from signet.errors import AnswerInvalid, ArgumentInvalid, ChecksumMismatch, TransferBroken

Progress = Callable[[int, int | None], None]
"""Told how many bytes have moved, and of how many, None where nobody knows."""

PIECE_BYTES = 65_536
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)")
_LENGTH = re.compile("[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes `first` to `last`, both included and counted from 0; to the end without `last` (RFC 9110 14.1.2)."""

    first: int
    last: int | None = None

    def __post_init__(self) -> None:
        """Raises ArgumentInvalid for what is no part of anything."""
        if self.first < 0 or (self.last is not None and self.last < self.first):
            raise ArgumentInvalid(f"There are no bytes from {self.first} to {self.last}.")

    @property
    def header(self) -> str:
        """The value of `Range`."""
        return f"bytes={self.first}-{'' if self.last is None else self.last}"


class Download:
    """A download whose head has arrived. Iterate over it once, or `save` it.

    `partial` tells a part from the whole, `first` is where it begins in the whole, `length` how many bytes are to come,
    `total` how many the whole has; both may be None. `etag` is as sent, quotes included.
    """

    def __init__(self, response: httpx.Response, *, sha256: str | None, progress: Progress | None) -> None:
        """Raises AnswerInvalid for an answer whose end could not be told from a break."""
        self._response = response
        self._sha256 = sha256
        self._progress = progress
        self.etag = response.headers.get("etag", "")
        self.content_type = response.headers.get("content-type", "")
        self.partial = response.status_code == httpx.codes.PARTIAL_CONTENT
        self.first, self.length, self.total = _extent(response)

    def expect(self, sha256: str) -> None:
        """Say, before anything is read, what these bytes must hash to, in lower-case hex."""
        self._sha256 = sha256

    def __iter__(self) -> Iterator[bytes]:
        """Yield the bytes as they arrive; they count when they have ended. Raises TransferBroken, ChecksumMismatch."""
        digest, received = hashlib.sha256(), 0
        try:
            for piece in self._response.iter_raw(PIECE_BYTES):
                digest.update(piece)
                received += len(piece)
                yield piece
                if self._progress is not None:
                    self._progress(received, self.length)
        except httpx.RequestError as error:
            reason = str(error) or type(error).__name__
            raise TransferBroken(
                f"The download broke off after {received} bytes: {reason}", received=received
            ) from error
        if self.length is not None and received != self.length:
            raise TransferBroken(f"{received} bytes came, {self.length} were announced.", received=received)
        if self._sha256 is not None and digest.hexdigest() != self._sha256:
            raise ChecksumMismatch("What came has another SHA-256 than what was asked for.", received=received)

    def save(self, file: BinaryIO) -> int:
        """Write everything to `file` and return the number of bytes.

        Raises TransferBroken; what has been written until then stays in the file and is not to be believed.
        """
        written = 0
        for piece in self:
            file.write(piece)
            written += len(piece)
        return written


def check_part(response: httpx.Response, part: Part | None, *, whole_is_fine: bool) -> None:
    """Raise AnswerInvalid where the answer is another part than `part`, or the whole unless `whole_is_fine`."""
    if response.status_code == httpx.codes.OK and (part is None or whole_is_fine):
        return
    found = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
    if response.status_code != httpx.codes.PARTIAL_CONTENT or part is None or found is None:
        raise AnswerInvalid("The answer is not the part that was asked for.", http_status=response.status_code)
    first, last = int(found[1]), int(found[2])
    if first != part.first or last < first or (part.last is not None and last > part.last):
        raise AnswerInvalid(f"Bytes {part.header} were asked for, {found[0]} came.", http_status=response.status_code)


def _extent(response: httpx.Response) -> tuple[int, int | None, int | None]:
    """First byte, number of bytes, size of the whole."""
    if response.headers.get("content-encoding", "identity") != "identity":
        raise AnswerInvalid("The download is encoded, which nobody asked for.", http_status=response.status_code)
    told = response.headers.get("content-length", "")
    length = int(told) if _LENGTH.fullmatch(told) else None
    if length is None and response.headers.get("transfer-encoding", "").lower() != "chunked":
        raise AnswerInvalid("The download tells neither length nor end.", http_status=response.status_code)
    found = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
    if found is None or response.status_code != httpx.codes.PARTIAL_CONTENT:
        return 0, length, length
    spans = int(found[2]) - int(found[1]) + 1
    if length is not None and length != spans:
        raise AnswerInvalid("The download tells two lengths.", http_status=response.status_code)
    return int(found[1]), spans, None if found[3] == "*" else int(found[3])
