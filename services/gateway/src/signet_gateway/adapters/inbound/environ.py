"""Reading a WSGI environment (PEP 3333, with gunicorn's RAW_URI) into a request."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from signet_common.web.refused_heads import RefusedHead
from signet_gateway.adapters.inbound.client_address import ClientAddress
from signet_gateway.application.request import Request

if TYPE_CHECKING:
    from _typeshed.wsgi import InputStream, WSGIEnvironment

_HEADERS = {
    "CONTENT_TYPE": "content-type",
    "HTTP_ACCEPT": "accept",
    "HTTP_ACCEPT_LANGUAGE": "accept-language",
    "HTTP_AUTHORIZATION": "authorization",
    "HTTP_CONTENT_ENCODING": "content-encoding",
    "HTTP_IDEMPOTENCY_KEY": "idempotency-key",
    "HTTP_IF_MATCH": "if-match",
    "HTTP_IF_NONE_MATCH": "if-none-match",
    "HTTP_IF_RANGE": "if-range",
    "HTTP_RANGE": "range",
    "HTTP_X_API_KEY": "x-api-key",
    "HTTP_X_CONTENT_SHA256": "x-content-sha256",
    "HTTP_X_KEY": "x-key",
    "HTTP_X_KEY_ID": "x-key-id",
    "HTTP_X_NONCE": "x-nonce",
    "HTTP_X_SIGN": "x-sign",
    "HTTP_X_TIMESTAMP": "x-timestamp",
}


def read_request(environ: "WSGIEnvironment", request_id: str, addresses: ClientAddress) -> Request:
    """Return the request with its body still unread; the target is what the client sent, byte for byte."""
    return Request(
        request_id=request_id,
        client_ip=addresses.of(environ.get("REMOTE_ADDR", ""), environ.get("HTTP_X_FORWARDED_FOR")),
        method=environ["REQUEST_METHOD"],
        target=environ["RAW_URI"],
        headers={name: environ[key] for key, name in _HEADERS.items() if key in environ},
        content_length=_content_length(environ),
        read=_reader(environ["wsgi.input"]),
        receive=environ["wsgi.input"].read1,
    )


def read_refused(refused: RefusedHead, addresses: ClientAddress) -> Request:
    """Return what is known of a request that was none; there is nothing more to read of it."""
    return Request(
        request_id=refused.request_id,
        client_ip=addresses.of(refused.peer, refused.forwarded_for),
        method=refused.method,
        target=refused.target,
        headers={},
        content_length=0,
        read=_nothing,
        receive=_nothing,
    )


def _nothing(_: int) -> bytes:
    return b""


def _content_length(environ: "WSGIEnvironment") -> int | None:
    """Return the announced bytes, None for a chunked body. The strict worker has checked the spelling."""
    if "HTTP_TRANSFER_ENCODING" in environ:
        return None
    return int(environ.get("CONTENT_LENGTH") or 0)


def _reader(stream: "InputStream") -> Callable[[int], bytes]:
    def read(limit: int) -> bytes:
        parts: list[bytes] = []
        while limit > 0 and (part := stream.read(limit)):
            parts.append(part)
            limit -= len(part)
        return b"".join(parts)

    return read
