"""Passes an upload on to a service, while somebody else waits for the service to answer."""

import gevent
import gevent.socket
from gevent import Greenlet

from signet_common.web.http_connection import send_all
from signet_gateway.application.errors import Refusal
from signet_gateway.application.uploads import Upload

_PIECE_BYTES = 262_144


class UploadPump:
    """Sends the body from a greenlet of its own, a piece at a time: the client is read as fast as the service takes.

    A service may answer before it has read everything, to refuse it; so whoever started this waits for the answer from
    the beginning. While the client sends, only the client's own time limits apply; `seconds` is how long the service
    may take for a piece, and for its answer once it has everything.
    """

    def __init__(self, connection: gevent.socket.socket, body: Upload, seconds: float) -> None:
        self._connection = connection
        self._body = body
        self._seconds = seconds
        self._sender: Greenlet = Greenlet(self._run)
        self._left = body.length
        self._sent_all = False
        self._refusal: Refusal | None = None

    def start(self) -> None:
        """Begin to send."""
        self._sender.start()

    def await_answer(self) -> None:
        """Return when the service has said something, or closed. Raises TimeoutError, and Refusal for a bad body."""
        readable = gevent.spawn(gevent.socket.wait_read, self._connection.fileno())
        try:
            gevent.wait((self._sender, readable), count=1)
            if self._refusal is not None:
                raise self._refusal
            if not readable.ready() and not gevent.wait((readable,), timeout=self._seconds):
                raise TimeoutError
        finally:
            readable.kill()

    def stop(self) -> bool:
        """End it; return whether everything was sent."""
        self._sender.kill()
        return self._sent_all

    def _run(self) -> None:
        try:
            self._send_all()
        except Refusal as refusal:
            self._refusal = refusal
        except OSError:
            # The service takes no more. Whether it has said why is for whoever reads its answer.
            return

    def _send_all(self) -> None:
        while piece := self._body.read(_PIECE_BYTES):
            send_all(self._connection, piece if self._left is not None else b"%x\r\n%b\r\n" % (len(piece), piece))
        if self._left is None:
            self._connection.sendall(b"0\r\n\r\n")
        self._sent_all = True
