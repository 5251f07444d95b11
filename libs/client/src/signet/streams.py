"""Upload and download files of any size in constant memory, by the operations whose contract says `x-stream`.

An upload is read twice: once to declare its SHA-256, which is signed, and once to be sent; the service refuses what
turns out to be another. A download is believed when it has ended as it was announced, and not before. Streams are
never sealed.
"""

import hashlib
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NoReturn

import httpx

from signet.answers import Answer, read_answer
from signet.attempts import Attempts
from signet.credentials import Credential
from signet.downloads import PIECE_BYTES, Download, Part, Progress, check_part
from signet.errors import AnswerInvalid, ArgumentInvalid, NotSignedIn
from signet.wire import exchange, prove
from signet_protocol.headers import new_nonce
from signet_protocol.signing import body_digest

_DIGEST = re.compile("[0-9a-f]{64}")
_STREAMED = frozenset({httpx.codes.OK, httpx.codes.PARTIAL_CONTENT})
Query = Mapping[str, object]

Measured = Callable[[int, str], None]
"""Told how many bytes there are to send, and their SHA-256 in hex."""


class Streams:
    """The streams of one connection."""

    def __init__(self, http: httpx.Client, credential: Credential | None, attempts: Attempts) -> None:
        self._http = http
        self._credential = credential
        self._attempts = attempts

    def upload(
        self,
        method: str,
        path: str,
        source: Path | BinaryIO,
        *,
        content_type: str = "application/octet-stream",
        query: Query | None = None,
        headers: Mapping[str, str] | None = None,
        measured: Measured | None = None,
        progress: Progress | None = None,
    ) -> Answer:
        """Send a file, from where it stands to its end, and return the answer.

        It must be seekable, and stay as it is meanwhile. Like any unsafe request it has an Idempotency-Key and is sent
        again where that is safe; `progress` then begins at 0 again. `measured` is told what will be sent. Raises
        SignetError and what is below it.
        """
        with _opened(source) as file:
            start, size, sha256 = _measure(file)
            if measured is not None:
                measured(size, sha256)
            sent = httpx.Headers(headers)
            sent.setdefault("Idempotency-Key", str(uuid.uuid4()))
            sent.update({"Content-Type": content_type, "Content-Length": str(size), "X-Content-SHA256": sha256})

            def attempt() -> Answer:
                request = self._build(method, path, query, sent, _pieces(file, start, size, progress))
                self._prove(request, sha256)
                return read_answer(exchange(self._http, request))

            return self._attempts.make(attempt, repeatable=True)

    @contextmanager
    def download(
        self,
        path: str,
        *,
        part: Part | None = None,
        if_range: str | None = None,
        sha256: str | None = None,
        query: Query | None = None,
        progress: Progress | None = None,
    ) -> Iterator[Download]:
        """Open a download, for a `with`; its bytes are read by iterating over it or by its `save`.

        With `part` the answer is that part, or, if `if_range` is an ETag that the thing does not have any more, the
        whole as it is now: look at `first`. `sha256` is what these bytes must hash to, in lower-case hex. It is opened
        again where that is safe; once bytes come, a break is TransferBroken, and a part says where to go on from.
        Raises SignetError and what is below it.
        """
        if sha256 is not None and _DIGEST.fullmatch(sha256) is None:
            raise ArgumentInvalid("A SHA-256 is 64 lower-case hexadecimal digits.")
        if if_range is not None and part is None:
            raise ArgumentInvalid("Only a part is asked for by If-Range.")
        wanted = {"Range": part.header if part else None, "If-Range": if_range, "Accept-Encoding": "identity"}
        sent = httpx.Headers({name: value for name, value in wanted.items() if value is not None} | {"Accept": "*/*"})

        def attempt() -> httpx.Response:
            request = self._build("GET", path, query, sent, None)
            self._prove(request, body_digest(b""))
            response = exchange(self._http, request, stream=True)
            if response.status_code not in _STREAMED:
                _refuse(response)
            return response

        response = self._attempts.make(attempt, repeatable=True)
        try:
            check_part(response, part, whole_is_fine=if_range is not None)
            yield Download(response, sha256=sha256, progress=progress)
        finally:
            response.close()

    def _build(
        self, method: str, path: str, query: Query | None, headers: httpx.Headers, body: Iterator[bytes] | None
    ) -> httpx.Request:
        known = {name: str(value) for name, value in (query or {}).items() if value is not None}
        try:
            return self._http.build_request(method, path, params=known or None, content=body, headers=headers)
        except (ValueError, TypeError, httpx.InvalidURL) as error:
            raise ArgumentInvalid(f"The request cannot be written: {error}") from error

    def _prove(self, request: httpx.Request, sha256: str) -> None:
        if self._credential is None:
            raise NotSignedIn("No credential: sign in first, or give an API key and its secret.")
        timestamp = self._attempts.timestamp()
        prove(request, self._credential, timestamp=timestamp, nonce=new_nonce(), body_sha256=sha256)


@contextmanager
def _opened(source: Path | BinaryIO) -> Iterator[BinaryIO]:
    if not isinstance(source, Path):
        yield source
        return
    try:
        file = source.open("rb")
    except OSError as error:
        raise ArgumentInvalid(f"{source} cannot be read: {error.strerror}.") from error
    with file:
        yield file


def _measure(file: BinaryIO) -> tuple[int, int, str]:
    """Where the file stands, how many bytes follow, and their SHA-256 in hex."""
    try:
        start = file.tell()
        digest, size = hashlib.sha256(), 0
        while piece := file.read(PIECE_BYTES):
            digest.update(piece)
            size += len(piece)
        file.seek(start)
    except (OSError, ValueError) as error:
        raise ArgumentInvalid(f"An upload is read twice, and this cannot be: {error}") from error
    return start, size, digest.hexdigest()


def _pieces(file: BinaryIO, start: int, size: int, progress: Progress | None) -> Iterator[bytes]:
    """The bytes that were measured. Raises ArgumentInvalid where some are gone: a part must not pass for the whole."""
    file.seek(start)
    sent = 0
    while sent < size:
        try:
            piece = file.read(min(PIECE_BYTES, size - sent))
        except OSError as error:
            raise ArgumentInvalid(f"The file cannot be read to its end: {error.strerror or error}.") from error
        if not piece:
            raise ArgumentInvalid("The file has become shorter while it was sent.")
        yield piece
        sent += len(piece)
        if progress is not None:
            progress(sent, size)


def _refuse(response: httpx.Response) -> NoReturn:
    """Raise the error that an answer is; it is read whole, and closed."""
    try:
        response.read()
    except httpx.RequestError as error:
        raise AnswerInvalid(f"HTTP {response.status_code}, broken off.", http_status=response.status_code) from error
    finally:
        response.close()
    read_answer(response)
    raise AnswerInvalid(f"HTTP {response.status_code} is no download.", http_status=response.status_code)
