"""The WSGI application: from the server's environment to a request, and from a reply or an error to bytes.

A thin path on purpose. Flask is loaded for `/docs` alone, with the first request for it.
"""

import logging
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

from signet_common.observability.access_log import AccessLog
from signet_common.observability.context import REQUEST_ID
from signet_common.observability.spans import Tracing
from signet_common.web.refused_heads import RefusedHead
from signet_gateway.adapters.inbound.browsers import CrossOrigin, protect
from signet_gateway.adapters.inbound.client_address import ClientAddress
from signet_gateway.adapters.inbound.environ import read_refused, read_request
from signet_gateway.adapters.inbound.pages import Pages
from signet_gateway.adapters.inbound.streamed_body import StreamedBody
from signet_gateway.application.envelopes import own_reply
from signet_gateway.application.errors import GatewayError, Refusal
from signet_gateway.application.live_contracts import LiveContracts
from signet_gateway.application.refusals import RefusalNotes
from signet_gateway.application.request import Reply, ReplyStream, Request
from signet_gateway.application.traffic import limit_headers
from signet_protocol.return_codes import ReturnCode

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_LOGGER = logging.getLogger(__name__)
_STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
_NOTED = {code.value: code for code in ReturnCode if code.http_status == 403} | {
    ReturnCode.RESOURCE_NOT_FOUND.value: ReturnCode.RESOURCE_NOT_FOUND
}
"""What a service refuses for want of a right. 404001 is among them: it is what somebody sees of what is not theirs."""


class HttpApplication:
    """Answers every request that the worker lets through; never raises."""

    def __init__(
        self,
        contracts: LiveContracts,
        pages: Pages,
        addresses: ClientAddress,
        *,
        cross_origin: CrossOrigin,
        refusals: RefusalNotes,
        tracing: Tracing,
        access_log: AccessLog | None,
        new_request_id: Callable[[], str],
    ) -> None:
        self._contracts = contracts
        self._pages = pages
        self._addresses = addresses
        self._cross_origin = cross_origin
        self._refusals = refusals
        self._tracing = tracing
        self._access_log = access_log
        self._new_request_id = new_request_id

    def reload(self) -> None:
        """Read the contracts anew; the server calls it on SIGHUP, beside the requests in flight."""
        self._contracts.reload()

    def refused_head(self, refused: RefusedHead) -> None:
        """Note what the server has refused before it was a request; see the port of signet_common."""
        request = read_refused(refused, self._addresses)
        self._refusals.note(request, refused.code, refused.reason)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        started = time.perf_counter()
        request = read_request(environ, self._new_request_id(), self._addresses)
        token = REQUEST_ID.set(request.request_id)
        try:
            with self._tracing.span(request.method, environ.get("HTTP_TRACEPARENT")) as span:
                request.traceparent = span.traceparent
                reply = self._answer(request, environ)
                if request.answer_seal is not None:
                    reply = request.answer_seal.close(reply, request.method)
                if span.recording:
                    span.set_attribute("http.response.status_code", reply.status)
                headers = _complete(reply, request)
                self._cross_origin.complete(environ, headers)
                start_response(_STATUS_LINES.get(reply.status) or f"{reply.status} ", headers)
                if reply.stream is not None:
                    return self._streamed(request, reply, reply.stream, span.trace_id, started)
                self._log(request, reply, span.trace_id, started, len(reply.body))
        finally:
            REQUEST_ID.reset(token)
        return (reply.body,) if reply.body and request.method != "HEAD" else ()

    def _answer(self, request: Request, environ: "WSGIEnvironment") -> Reply:
        try:
            page = self._pages.find(request.target)
            if page is not None:
                return page(request, environ)
            reply = self._contracts.served.gateway.handle(request)
        except Refusal as refusal:
            self._refusals.note(request, refusal.code, refusal.reason)
            return own_reply(refusal.code, refusal.message, refusal.data, refusal.headers)
        except GatewayError as error:
            _LOGGER.warning("%s", error)
            return own_reply(error.code)
        except Exception:
            _LOGGER.exception("unexpected failure")
            return own_reply(ReturnCode.INTERNAL_ERROR)
        code = _NOTED.get(reply.return_code)
        if code is not None and request.user_id is not None:
            self._refusals.note(request, code)
        return reply

    def _streamed(
        self, request: Request, reply: Reply, stream: ReplyStream, trace_id: str, started: float
    ) -> StreamedBody:
        """The log's line is written at the end: only then is it known how much was sent."""
        return StreamedBody(reply.body, stream, lambda taken: self._log(request, reply, trace_id, started, taken))

    def _log(self, request: Request, reply: Reply, trace_id: str, started: float, bytes_sent: int) -> None:
        if self._access_log is None:
            return
        self._access_log.write(
            request_id=request.request_id,
            trace_id=trace_id,
            client_ip=request.client_ip,
            user_id=request.user_id,
            method=request.method,
            target=request.target.partition("?")[0],
            status=reply.status,
            return_code=reply.return_code,
            bytes_sent=bytes_sent,
            seconds=time.perf_counter() - started,
        )


def _complete(reply: Reply, request: Request) -> list[tuple[str, str]]:
    """Add what every answer of the gateway carries."""
    headers = reply.headers
    headers.append(("X-Request-Id", request.request_id))
    if request.allowances:
        headers.extend(limit_headers(request.allowances))
    protect(headers)
    return headers
