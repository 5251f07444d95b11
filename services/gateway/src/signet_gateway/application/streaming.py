"""To the service and back, for bodies that are passed on as they arrive."""

from collections.abc import Mapping

from signet_gateway.application.admission import Admitted
from signet_gateway.application.content import CLOSE
from signet_gateway.application.errors import AnswerUnfit
from signet_gateway.application.forwarding import SHOWN, outgoing_headers, reply_to
from signet_gateway.application.ports import Passports, UpstreamAnswer
from signet_gateway.application.request import Reply, Request
from signet_gateway.application.stream_ports import StreamedAnswer, StreamUpstream
from signet_gateway.application.stream_shares import StreamShares
from signet_gateway.application.uploads import Upload

_NO_CONTENT, _NOT_MODIFIED, _LEAST_ERROR = 204, 304, 400
_LARGEST_ERROR_BYTES = 1_048_576


class Streaming:
    """Sends admitted requests of streams to their services."""

    def __init__(self, passports: Passports, upstreams: Mapping[str, StreamUpstream], shares: StreamShares) -> None:
        self._passports = passports
        self._upstreams = upstreams
        self._shares = shares

    def forward(self, request: Request, admitted: Admitted) -> Reply:
        """Return the reply with its body still coming; a service's error is read whole, since it must be an envelope.

        Raises UpstreamUnavailable, UpstreamTimeout, AnswerUnfit, and Refusal for an upload that turned out to be none,
        or for one stream too many at once.
        """
        service = admitted.passport.audience
        headers = outgoing_headers(request, admitted, self._passports)
        body: bytes | Upload = admitted.body
        if admitted.upload is not None:
            body = admitted.upload
            headers.append(("x-content-sha256", admitted.upload.sha256))
        upstream = self._upstreams[service]
        caller = admitted.passport.user_id or request.client_ip
        answer = self._shares.open(
            service, caller, lambda: upstream.open(request.method, request.target, headers, body)
        )
        try:
            reply = _reply(request, answer, service)
        except BaseException:
            answer.close()
            raise
        if not answer.took_all:
            # What the client still sends belongs to nothing any more.
            reply.headers.extend(CLOSE)
        return reply


def _reply(request: Request, answer: StreamedAnswer, service: str) -> Reply:
    bodiless = request.method == "HEAD" or answer.status in {_NO_CONTENT, _NOT_MODIFIED}
    if bodiless or answer.status >= _LEAST_ERROR:
        body = b"" if bodiless else _whole(answer, service)
        answer.close()
        return reply_to(request, UpstreamAnswer(answer.status, answer.headers, body), service)
    # The first bytes are awaited: while nothing has left, a service that breaks off can still be told as an error.
    first = answer.read()
    shown = [(SHOWN[name], value) for name, value in answer.headers if name in SHOWN]
    return Reply(answer.status, shown, first, answer.status, stream=answer)


def _whole(answer: StreamedAnswer, service: str) -> bytes:
    body = bytearray()
    while piece := answer.read():
        body += piece
        if len(body) > _LARGEST_ERROR_BYTES:
            raise AnswerUnfit(f"{service} explains an error at more length than anybody reads")
    return bytes(body)
