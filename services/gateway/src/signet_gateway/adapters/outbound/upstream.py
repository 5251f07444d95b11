"""One service behind HTTP/1.1, on kept-alive connections.

geventhttpclient brings the parser (llhttp). Its client is not used: that one repeats DELETE and PUT, which may have
been applied, and spends half of its time on building headers. Here a request is sent again only if

* nobody took the connection: nothing was sent, and the service may be restarting, so it is waited for; or
* the connection was closed before one byte of an answer, which is what a server does that stops, and either the method
  is GET or HEAD, so that nothing can have been changed, or the request carries an Idempotency-Key, so that the service
  answers a repeated one with the first answer.

Everything else that breaks is the caller's to know: it may have been applied.
"""

from collections.abc import Callable, Sequence

import gevent.socket
from geventhttpclient.response import HTTPParseError

from signet_common.web.http_connection import send_all
from signet_gateway.adapters.outbound.answer_parser import AnswerParser
from signet_gateway.adapters.outbound.breaker import CircuitBreaker
from signet_gateway.adapters.outbound.connections import Connections
from signet_gateway.adapters.outbound.patience import Patience, take_patiently
from signet_gateway.application.errors import UpstreamBusy, UpstreamTimeout, UpstreamUnavailable
from signet_gateway.application.ports import UpstreamAnswer

_RECEIVE_BYTES = 65_536
_SAFE = {"GET", "HEAD"}
_REPEATABLE_BY = "idempotency-key"
_MOST_TRIES = 3


class _ClosedSilently(Exception):
    """The other side closed the connection before it said anything."""


class HttpUpstream:
    """Sends requests to one service; `restart_seconds` is how long one that refuses connections is waited for."""

    def __init__(
        self,
        service: str,
        host: str,
        connections: Connections,
        monotonic: Callable[[], float],
        *,
        restart_seconds: float = 0.0,
    ) -> None:
        self._service = service
        self._patience = Patience(monotonic, restart_seconds)
        self._connections = connections
        self._breaker = CircuitBreaker(monotonic)
        self._host_line = f"host: {host}\r\n"

    def send(self, method: str, target: str, headers: Sequence[tuple[str, str]], body: bytes) -> UpstreamAnswer:
        """See the port. Method, target and header values have been checked: they hold no control characters."""
        if not self._breaker.allows():
            raise UpstreamUnavailable(f"{self._service} keeps failing and is left alone for a moment")
        message = self._message(method, target, headers, body)
        try:
            answer = self._try(method, message, repeatable=_is_repeatable(method, headers))
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

    def _try(self, method: str, message: bytes, *, repeatable: bool) -> UpstreamAnswer:
        for number in range(_MOST_TRIES if repeatable else 1):
            connection, _ = take_patiently(self._connections, self._patience, fresh=number > 0)
            try:
                return self._exchange(connection, method, message)
            except _ClosedSilently:
                continue
        raise UpstreamUnavailable(f"{self._service} closed the connection")

    def _exchange(self, connection: gevent.socket.socket, method: str, message: bytes) -> UpstreamAnswer:
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
        if not received:
            self._connections.drop(connection)
            raise _ClosedSilently
        if answer.should_close():
            self._connections.drop(connection)
        else:
            self._connections.give_back(connection)
        return UpstreamAnswer(answer.get_code(), answer.fields, bytes(answer.body))

    @staticmethod
    def _converse(connection: gevent.socket.socket, message: bytes, answer: AnswerParser) -> bool:
        """Send, and read one whole answer; return False if the other side closed before its first byte.

        A reset counts as closed: it is what a server does to a request that reaches it after it closed.
        """
        received = False
        try:
            send_all(connection, message)
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


def _is_repeatable(method: str, headers: Sequence[tuple[str, str]]) -> bool:
    """Whether a service that has applied a request would, asked once more, answer without applying it again."""
    return method in _SAFE or any(name == _REPEATABLE_BY for name, _ in headers)
