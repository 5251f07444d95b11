"""The body of a streamed reply as WSGI takes it: piece by piece, and cut off where the service breaks off."""

import logging
from collections.abc import Callable, Iterator

from signet_common.web.http_response import TransferBroken
from signet_gateway.application.errors import UpstreamFailed
from signet_gateway.application.request import ReplyStream

_LOGGER = logging.getLogger(__name__)


class StreamedBody:
    """Yields `first` and the rest of the stream. `done` is told how many bytes were taken, once, whatever happened."""

    def __init__(self, first: bytes, stream: ReplyStream, done: Callable[[int], None]) -> None:
        self._first = first
        self._stream = stream
        self._done = done
        self._taken = 0
        self._closed = False

    def __iter__(self) -> Iterator[bytes]:
        piece = self._first
        while piece:
            yield piece
            self._taken += len(piece)
            try:
                piece = self._stream.read()
            except UpstreamFailed as error:
                _LOGGER.warning("a transfer is cut off: %s", error)
                raise TransferBroken(str(error)) from None

    def close(self) -> None:
        """Let go of the service. The server calls this, too when the client has left (PEP 3333)."""
        if not self._closed:
            self._closed = True
            self._stream.close()
            self._done(self._taken)
