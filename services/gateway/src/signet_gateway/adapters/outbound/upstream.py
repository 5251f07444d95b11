"""One service behind HTTP/1.1, on kept-alive connections.

geventhttpclient brings the parser (llhttp). Its client is not used: that one repeats DELETE and PUT, which may have
been applied, and spends half of its time on building headers. Here a request is sent again only if

* the connection could not be made: nothing was sent; or
* a kept-alive connection was closed before one byte of an answer, and the method is GET or HEAD: the usual race with a
  server that closes an idle connection, and nothing can have been changed.

Everything else that breaks is the caller's to know: it may have been applied.
"""

from collections.abc import Callable, Sequence

import gevent
import gevent.socket
from geventhttpclient.response import HTTPParseError

from signet_gateway.adapters.outbound.answer_parser import AnswerParser
from signet_gateway.adapters.outbound.breaker import CircuitBreaker
from signet_gateway.adapters.outbound.connections import Connections
from signet_gateway.application.errors import UpstreamBusy, UpstreamTimeout, UpstreamUnavailable
from signet_gateway.application.ports import UpstreamAnswer

_RECEIVE_BYTES = 65_536
_SAFE = {"GET", "HEAD"}
_SECOND_TRY_AFTER = 0.05


class _ClosedSilently(Exception):
    """The other side closed a used connection before it said anything."""


class HttpUpstream:
    """Sends requests to one service."""

    def __init__(self, service: str, authority: str, connections: Connections, monotonic: Callable[[], float]) -> None:
        self._service = service
        self._connections = connections
        self._breaker = CircuitBreaker(monotonic)
        self._host_line = f"host: {authority}\r\n"

    def send(self, method: str, target: str, headers: Sequence[tuple[str, str]], body: bytes) -> UpstreamAnswer:
        """See the port. Method, target and header values have been checked: they hold no control characters."""
        if not self._breaker.allows():
            raise UpstreamUnavailable(f"{self._service} keeps failing and is left alone for a moment")
        message = self._message(method, target, headers, body)
        try:
            answer = self._try_twice(method, message)
        except UpstreamBusy:
            raise  # the gateway's own limit: no verdict on the service, which may be answering everybody else
        except (UpstreamUnavailable, UpstreamTimeout):
            self._breaker.failed()
            raise
        self._breaker.succeeded()
        return answer

    def close(self) -> None:
        """Close the idle connections."""
        self._connections.close()

    def _message(self, method: str, target: str, headers: Sequence[tuple[str, str]], body: bytes) -> bytes:
        """Make the whole request, head and body in one send."""
        lines = "".join([f"{name}: {value}\r\n" for name, value in headers])
        length = f"content-length: {len(body)}\r\n" if body or method not in _SAFE else ""
        return f"{method} {target} HTTP/1.1\r\n{self._host_line}{lines}{length}\r\n".encode("latin-1") + body

    def _try_twice(self, method: str, message: bytes) -> UpstreamAnswer:
        try:
            connection, used = self._connections.take(fresh=False)
        except UpstreamBusy:
            raise  # it has waited already
        except UpstreamUnavailable:
            gevent.sleep(_SECOND_TRY_AFTER)
            connection, used = self._connections.take(fresh=False)
        try:
            return self._exchange(connection, method, message, used=used)
        except _ClosedSilently as closed:
            if method not in _SAFE:
                raise UpstreamUnavailable(f"{self._service} closed the connection") from closed
        connection, _ = self._connections.take(fresh=True)
        return self._exchange(connection, method, message, used=False)

    def _exchange(self, connection: gevent.socket.socket, method: str, message: bytes, *, used: bool) -> UpstreamAnswer:
        answer = AnswerParser(method)
        try:
            received = self._converse(connection, message, answer)
        except TimeoutError as error:
            self._connections.drop(connection)
            raise UpstreamTimeout(f"{self._service} took too long") from error
        except (OSError, HTTPParseError) as error:
            self._connections.drop(connection)
            raise UpstreamUnavailable(f"{self._service} broke off: {type(error).__name__}") from error
        except BaseException:
            self._connections.drop(connection)
            raise
        if answer.should_close():
            self._connections.drop(connection)
        else:
            self._connections.give_back(connection)
        if not received:
            if used:
                raise _ClosedSilently
            raise UpstreamUnavailable(f"{self._service} closed the connection")
        return UpstreamAnswer(answer.get_code(), answer.fields, bytes(answer.body))

    @staticmethod
    def _converse(connection: gevent.socket.socket, message: bytes, answer: AnswerParser) -> bool:
        """Send, and read one whole answer; return False if the other side closed before its first byte.

        A reset counts as closed: it is what a server does to a request that reaches it after it closed.
        """
        received = False
        try:
            connection.sendall(message)
            while not answer.complete:
                data = connection.recv(_RECEIVE_BYTES)
                if not data and not received:
                    return False
                received = True
                answer.feed(data)
                if not data and not answer.complete:
                    raise HTTPParseError("closed in the middle of an answer")
        except (ConnectionResetError, BrokenPipeError):
            if received:
                raise
            return False
        return True
