"""An answer that is read piece by piece, from a connection that goes back to its pool only when all of it was read."""

from collections.abc import Sequence

import gevent.socket
from geventhttpclient.response import HTTPParseError

from signet_gateway.adapters.outbound.answer_parser import AnswerParser
from signet_gateway.adapters.outbound.connections import Connections
from signet_gateway.application.errors import UpstreamTimeout, UpstreamUnavailable

_HEAD_BYTES = 65_536
_BODY_BYTES = 262_144
_FRAMING = {"content-length", "transfer-encoding"}
_WITHOUT_BODY = {204, 304}


class ClosedSilently(Exception):
    """The other side closed the connection before it said anything."""


class AnswerStream:
    """A StreamedAnswer; see the port.

    A body whose length was told is counted here and handed on as it is received; the parser, which copies what it
    parses, has done its part with the head.
    """

    def __init__(self, service: str, connections: Connections, connection: gevent.socket.socket, method: str) -> None:
        self.connection = connection
        self.took_all = True
        self._service = service
        self._connections = connections
        self._method = method
        self._parser = AnswerParser(method)
        self._received = False
        self._left: int | None = None
        self._closed = False

    @property
    def status(self) -> int:
        return int(self._parser.get_code())

    @property
    def headers(self) -> Sequence[tuple[str, str]]:
        return self._parser.fields

    @property
    def head_complete(self) -> bool:
        """Whether the head has arrived; interim answers (1xx) do not count."""
        return bool(self._parser.headers_complete) and self.status >= 200

    def ask(self, message: bytes) -> None:
        """Send a whole request and wait for the head of its answer. Raises ClosedSilently, OSError, HTTPParseError."""
        try:
            self.connection.sendall(message)
        except (ConnectionResetError, BrokenPipeError):
            raise ClosedSilently from None
        while not self.head_complete:
            self.receive()

    def receive(self) -> None:
        """Wait for some bytes and take them in. Raises ClosedSilently, OSError, HTTPParseError.

        A close never ends an answer well: the framing says where it ends.
        """
        try:
            data = self.connection.recv(_HEAD_BYTES)
        except ConnectionResetError:
            data = b""
        if not data:
            if not self._received:
                raise ClosedSilently
            raise HTTPParseError("closed in the middle of an answer")
        self._received = True
        self._parser.feed(data)

    def check_framing(self) -> None:
        """Raise HTTPParseError unless the head says where the body ends: one cut short would look whole."""
        if self._method == "HEAD" or self.status in _WITHOUT_BODY:
            return
        framing = {name: value for name, value in self.headers if name in _FRAMING}
        if not framing:
            raise HTTPParseError("an answer that ends with its connection")
        if "transfer-encoding" not in framing:
            # The parser has made sure that it is one number.
            self._left = int(framing["content-length"]) - len(self._parser.body)

    def read(self) -> bytes:
        """See the port."""
        parser = self._parser
        try:
            if self._left and not parser.body:
                return self._counted(self._left)
            while self._left is None and not parser.body and not parser.complete:
                self.receive()
        except TimeoutError as error:
            self.close()
            raise UpstreamTimeout(f"{self._service} stalls in the middle of an answer") from error
        except (OSError, HTTPParseError) as error:
            self.close()
            raise UpstreamUnavailable(f"{self._service} broke off in the middle of an answer") from error
        piece = bytes(parser.body)
        parser.body.clear()
        return piece

    def close(self) -> None:
        """See the port."""
        if self._closed:
            return
        self._closed = True
        if self.took_all and not self._parser.body and self._may_be_followed:
            self._connections.give_back(self.connection)
        else:
            self._connections.drop(self.connection)

    @property
    def _may_be_followed(self) -> bool:
        """Whether all of the answer was received, and the connection is good for another one."""
        if self._left is None:
            return bool(self._parser.complete) and not self._parser.should_close()
        return not self._left and bool(self._parser.should_keep_alive())

    def _counted(self, left: int) -> bytes:
        """The next bytes of a body whose length is known; never one beyond it. Raises OSError, HTTPParseError."""
        data = self.connection.recv(min(left, _BODY_BYTES))
        if not data:
            raise HTTPParseError("closed in the middle of an answer")
        self._left = left - len(data)
        return bytes(data)
