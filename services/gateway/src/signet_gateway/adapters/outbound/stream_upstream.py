"""One service behind HTTP/1.1, for bodies of any size: nothing is held but the piece that is under way.

Each direction reads only what the other has taken, so a slow end slows its opposite down (back-pressure). Connections
are a pool of their own: streams last long, and must not keep ordinary requests waiting.

A request is sent again only where nothing of it can have been applied: a GET or HEAD whose kept-alive connection was
closed before a byte of an answer. A service that nobody listens for may be restarting and is waited for: nothing was
sent yet, and of an upload nothing was read.

The circuit breaker is the streams' own, as their connections are: what stalls here need not stall everybody else. It
counts heads of answers alone. A body that breaks off later says little about the next one.
"""

from collections.abc import Callable, Sequence

import gevent.socket
from geventhttpclient.response import HTTPParseError

from signet_gateway.adapters.outbound.answer_stream import AnswerStream, ClosedSilently
from signet_gateway.adapters.outbound.breaker import CircuitBreaker
from signet_gateway.adapters.outbound.connections import Connections
from signet_gateway.adapters.outbound.patience import Patience, take_patiently
from signet_gateway.adapters.outbound.upload_pump import UploadPump
from signet_gateway.application.errors import UpstreamBusy, UpstreamTimeout, UpstreamUnavailable
from signet_gateway.application.uploads import Upload

_SAFE = {"GET", "HEAD"}
_Headers = Sequence[tuple[str, str]]


class HttpStreamUpstream:
    """A StreamUpstream; see the port. All times are in seconds."""

    def __init__(
        self,
        service: str,
        host: str,
        connections: Connections,
        read_timeout: float,
        monotonic: Callable[[], float],
        *,
        restart_seconds: float = 0.0,
    ) -> None:
        self._service = service
        self._connections = connections
        self._patience = Patience(monotonic, restart_seconds)
        self._breaker = CircuitBreaker(monotonic)
        self._read_timeout = read_timeout
        self._host_line = f"host: {host}\r\n"

    def open(self, method: str, target: str, headers: _Headers, body: bytes | Upload) -> AnswerStream:
        """See the port. Method, target and header values have been checked: they hold no control characters."""
        if not self._breaker.allows():
            raise UpstreamUnavailable(f"{self._service} keeps failing and is left alone for a moment")
        try:
            answer = self._open(method, self._head(method, target, headers, body), body)
        except UpstreamBusy:
            raise  # the gateway's own limit, as everywhere
        except (UpstreamUnavailable, UpstreamTimeout):
            self._breaker.failed()
            raise
        self._breaker.succeeded()
        return answer

    def _open(self, method: str, head: bytes, body: bytes | Upload) -> AnswerStream:
        if isinstance(body, Upload):
            connection, _ = self._connect(fresh=True)
            return self._exchange(connection, method, lambda answer: self._upload(answer, head, body))
        message = head + body
        connection, used = self._connect(fresh=False)
        try:
            return self._exchange(connection, method, lambda answer: answer.ask(message))
        except ClosedSilently as closed:
            if not used or method not in _SAFE:
                raise UpstreamUnavailable(f"{self._service} closed the connection") from closed
        connection, _ = self._connect(fresh=True)
        return self._exchange(connection, method, lambda answer: answer.ask(message))

    def _head(self, method: str, target: str, headers: _Headers, body: bytes | Upload) -> bytes:
        length = body.length if isinstance(body, Upload) else len(body)
        framing = "transfer-encoding: chunked\r\n" if length is None else f"content-length: {length}\r\n"
        if method in _SAFE and length == 0:
            framing = ""
        lines = "".join([f"{name}: {value}\r\n" for name, value in headers])
        return f"{method} {target} HTTP/1.1\r\n{self._host_line}{lines}{framing}\r\n".encode("latin-1")

    def _connect(self, *, fresh: bool) -> tuple[gevent.socket.socket, bool]:
        return take_patiently(self._connections, self._patience, fresh=fresh)

    def _exchange(
        self, connection: gevent.socket.socket, method: str, converse: Callable[[AnswerStream], None]
    ) -> AnswerStream:
        """Send the request and return the answer once its head is there; whatever fails ends the connection."""
        answer = AnswerStream(self._service, self._connections, connection, method)
        try:
            converse(answer)
            answer.check_framing()
        except TimeoutError as error:
            answer.close()
            raise UpstreamTimeout(f"{self._service} took too long") from error
        except (OSError, HTTPParseError) as error:
            answer.close()
            raise UpstreamUnavailable(f"{self._service} broke off: {type(error).__name__}") from error
        except BaseException:
            answer.close()
            raise
        return answer

    def _upload(self, answer: AnswerStream, head: bytes, body: Upload) -> None:
        answer.took_all = False
        pump = UploadPump(answer.connection, body, self._read_timeout)
        try:
            answer.connection.sendall(head)
            pump.start()
            while not answer.head_complete:
                pump.await_answer()
                answer.receive()
        except ClosedSilently:
            raise UpstreamUnavailable(f"{self._service} closed the connection") from None
        finally:
            answer.took_all = pump.stop()
