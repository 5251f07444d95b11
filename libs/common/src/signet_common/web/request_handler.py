"""Serves the requests of one connection, one after the other: head, application, answer."""

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote_to_bytes

from signet_common.web.http_body import BodyRefused, RequestBody
from signet_common.web.http_connection import ClientConnection, ClientGone
from signet_common.web.http_fields import Limits, RequestRefused
from signet_common.web.http_framing import RequestHead, parse_head
from signet_common.web.http_response import HttpDate, Response, TransferBroken, new_request_id, refusal
from signet_common.web.refused_heads import tell
from signet_protocol.return_codes import ReturnCode

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_LOGGER = logging.getLogger(__name__)
_DISCARD_BYTES = 65536
UNIX_PEER = "unix"
"""The REMOTE_ADDR of whoever comes through a unix socket: no address, and nothing that could be taken for one."""


class Server(Protocol):
    """What a handler needs of its server."""

    application: "WSGIApplication"
    environ: dict[str, Any]
    limits: Limits
    date: HttpDate
    draining: bool


class RequestHandler:
    """The loop of one connection. A request that is refused is the last one: what follows it is never parsed."""

    def __init__(self, connection: ClientConnection, address: Any, server: Server) -> None:
        self._connection = connection
        self._server = server
        self._request_id = ""  # of a request that is refused here
        self._environ = dict(server.environ)
        if isinstance(address, tuple):
            self._environ |= {"REMOTE_ADDR": str(address[0]), "REMOTE_PORT": str(address[1])}
        else:
            self._environ["REMOTE_ADDR"] = UNIX_PEER

    def serve(self) -> None:
        """Serve until the client or the server wants to end. Never raises for what a client sends or does."""
        try:
            while (head := self._read_head()) is not None and self._serve_one(head):
                pass
        except RequestRefused as error:
            self._refuse(error)
        except ClientGone as error:
            _LOGGER.debug("a client did not take its answer: %s", error)

    def _read_head(self) -> RequestHead | None:
        data: bytes | None = b""
        try:
            data = self._connection.read_head(self._server.limits)
            return None if data is None else parse_head(data, self._server.limits)
        except RequestRefused as error:
            self._request_id = new_request_id()
            tell(self._server.application, self._environ, self._request_id, data or b"", error)
            raise

    def _serve_one(self, head: RequestHead) -> bool:
        """Run the application and send its answer; say whether the connection may carry another request.

        Raises RequestRefused if the body was none and nothing has been answered yet; ClientGone.
        """
        server = self._server
        body = RequestBody(self._connection, head.content_length, expects_continue=head.expects_continue)

        def may_keep_alive() -> bool:
            wanted = head.keep_alive and not server.draining
            return wanted and body.may_be_discarded(_DISCARD_BYTES)

        response = Response(
            self._connection.send,
            date=server.date,
            method=head.method,
            version=head.version,
            may_keep_alive=may_keep_alive,
        )
        try:
            self._run_application(head, body, response)
        except ClientGone:
            raise
        except Exception as error:
            if body.refused is None:
                if not isinstance(error, TransferBroken):
                    _LOGGER.exception("the application failed")
                self._answer_failure(response)
                return False
        if body.refused is not None and not response.started:
            self._request_id = response.header("x-request-id")
            raise body.refused
        return self._finish(body, response)

    def _run_application(self, head: RequestHead, body: RequestBody, response: Response) -> None:
        """Call the application and send its answer, unless its body was refused: then the refusal is the answer."""
        result: Iterable[bytes] = self._server.application(self._request_environ(head, body), response.start)
        try:
            if body.refused is None:
                response.send(result)
        finally:
            close = getattr(result, "close", None)
            if close is not None:
                close()

    def _request_environ(self, head: RequestHead, body: RequestBody) -> dict[str, Any]:
        path, _, query = head.target.partition("?")
        environ = self._environ.copy()
        environ.update(head.fields)
        environ["REQUEST_METHOD"] = head.method
        environ["SCRIPT_NAME"] = ""
        environ["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1") if "%" in path else path
        environ["QUERY_STRING"] = query
        environ["RAW_URI"] = head.target
        environ["SERVER_PROTOCOL"] = head.version
        environ["wsgi.input"] = body
        environ["wsgi.input_terminated"] = True
        return environ

    def _finish(self, body: RequestBody, response: Response) -> bool:
        """Say whether another request may follow; where the body was not read, end without resetting the answer."""
        try:
            if response.keep_alive and body.discard(_DISCARD_BYTES):
                return True
        except BodyRefused:
            response.keep_alive = False
        if not body.finished:
            self._connection.linger()
        return False

    def _answer_failure(self, response: Response) -> None:
        """Answer 500001, or cut a stream off that has begun."""
        if not response.started:
            self._connection.send(refusal(ReturnCode.INTERNAL_ERROR, "", self._server.date, new_request_id()))
            self._connection.linger()

    def _refuse(self, error: RequestRefused) -> None:
        try:
            request_id = self._request_id or new_request_id()
            self._connection.send(refusal(error.code, str(error), self._server.date, request_id))
        except ClientGone:
            return
        self._connection.linger()
