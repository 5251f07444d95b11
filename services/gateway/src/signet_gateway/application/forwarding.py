"""To the service and back: what goes upstream, and what of the answer may be shown to a client."""

import logging
from collections.abc import Mapping

from signet_gateway.application.admission import Admitted
from signet_gateway.application.envelopes import read_envelope
from signet_gateway.application.errors import AnswerUnfit, UpstreamFailed, UpstreamTimeout, UpstreamUnavailable
from signet_gateway.application.ports import Passports, Upstream, UpstreamAnswer
from signet_gateway.application.request import Reply, Request
from signet_protocol.return_codes import ReturnCode

_LOGGER = logging.getLogger(__name__)

SHOWN = {
    "accept-ranges": "Accept-Ranges",
    "allow": "Allow",
    "cache-control": "Cache-Control",
    "content-disposition": "Content-Disposition",
    "content-length": "Content-Length",
    "content-range": "Content-Range",
    "content-type": "Content-Type",
    "etag": "ETag",
    "last-modified": "Last-Modified",
    "location": "Location",
    "retry-after": "Retry-After",
    "vary": "Vary",
    "www-authenticate": "WWW-Authenticate",
}
_WITHOUT_BODY = {204, 304}


class Forwarding:
    """Sends admitted requests to their services."""

    def __init__(self, passports: Passports, upstreams: Mapping[str, Upstream]) -> None:
        self._passports = passports
        self._upstreams = upstreams

    def forward(self, request: Request, admitted: Admitted) -> Reply:
        """Return the service's answer, as far as it is for clients.

        Raises UpstreamUnavailable, UpstreamTimeout and AnswerUnfit.
        """
        headers = outgoing_headers(request, admitted, self._passports)
        service = admitted.passport.audience
        answer = self._upstreams[service].send(request.method, request.target, headers, admitted.body)
        return reply_to(request, answer, service)


def outgoing_headers(request: Request, admitted: Admitted, passports: Passports) -> list[tuple[str, str]]:
    """Return what a service is told: the client's headers that are passed on, and the gateway's own."""
    headers = [
        *admitted.headers.items(),
        ("x-passport", passports.issue(admitted.passport)),
        ("x-request-id", request.request_id),
    ]
    if request.traceparent:
        headers.append(("traceparent", request.traceparent))
    return headers


def reply_to(request: Request, answer: UpstreamAnswer, service: str) -> Reply:
    """Return what the client gets of a service's whole answer; raises UpstreamUnavailable and AnswerUnfit."""
    code = _return_code(answer, service, request.method)
    return Reply(answer.status, _shown_headers(answer, request.method), answer.body, code)


def _shown_headers(answer: UpstreamAnswer, method: str) -> list[tuple[str, str]]:
    """Keep the allowed headers; the length is told anew, because the answer's framing ended here."""
    shown = []
    for name, value in answer.headers:
        known_as = SHOWN.get(name)
        if known_as is not None and (name != "content-length" or method == "HEAD"):
            shown.append((known_as, value))
    if method != "HEAD" and answer.status not in _WITHOUT_BODY:
        shown.append(("Content-Length", str(len(answer.body))))
    return shown


def _return_code(answer: UpstreamAnswer, service: str, method: str) -> int:
    """Return the answer's code, having made sure that nothing but an envelope tells of an error."""
    status = answer.status
    if 200 <= status < 300 or status == 304:
        return status
    if method == "HEAD":
        code = status * 1000 + 1
    else:
        told = read_envelope(answer.body)
        code = 0 if told is None else told[0]
        if code // 1000 != status:
            _LOGGER.error("%s answered %d without an envelope", service, status)
            raise _substitute(status)
    if code == ReturnCode.PASSPORT_INVALID:
        _LOGGER.error("%s refused the gateway's passport", service)
        raise UpstreamUnavailable(f"{service} refused the gateway's passport")
    return code


def _substitute(status: int) -> UpstreamFailed:
    """Choose what a client is told instead of an answer that is not for it."""
    if status == 504:
        return UpstreamTimeout("the service itself waited too long")
    if status in {502, 503}:
        return UpstreamUnavailable("the service is not available")
    return AnswerUnfit(f"an answer with status {status} is no envelope")
