"""What a request carries: the headers that are passed on, and the body, within its limit and not otherwise encoded."""

from collections.abc import Mapping

from signet_gateway.application.errors import Refusal, bad_field, malformed
from signet_gateway.application.request import Request
from signet_protocol.errors import ProtocolError
from signet_protocol.headers import check_header_value
from signet_protocol.return_codes import ReturnCode

# Under the names that a client knows, and those that the pipeline uses.
_FORWARDED = {
    "content-type": "Content-Type",
    "idempotency-key": "Idempotency-Key",
    "if-match": "If-Match",
    "if-none-match": "If-None-Match",
    "range": "Range",
    "if-range": "If-Range",
    "accept": "Accept",
    "accept-language": "Accept-Language",
}
MAX_KEY_CHARACTERS = 255
CLOSE = (("Connection", "close"),)


def check_content(request: Request, limit: int) -> None:
    """Refuse a body by what its headers say, before a byte of it is read: 400001, 413001, 415001."""
    headers = request.headers
    if "content-encoding" in headers:
        raise Refusal(ReturnCode.MEDIA_TYPE_UNSUPPORTED, "Content-Encoding is not supported.")
    if "x-content-sha256" in headers:
        raise bad_field("X-Content-SHA256", "X-Content-SHA256 belongs to streams; here the body itself is hashed.")
    if request.content_length is not None and request.content_length > limit:
        raise too_large(limit)


def forwarded_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that may go to a service, trimmed, under lower-case names; raises Refusal 400001.

    Among them are all signed ones but those of a seal, which ends here: what was signed is what the service reads.
    """
    forwarded = {}
    try:
        for name, known_as in _FORWARDED.items():
            if name in headers:
                forwarded[name] = check_header_value(known_as, headers[name])
    except ProtocolError as error:
        raise malformed(error) from None
    _check_key(forwarded.get("idempotency-key", ""))
    return forwarded


def _check_key(key: str) -> None:
    """Refuse what the contracts call no key: 400001."""
    if len(key) > MAX_KEY_CHARACTERS:
        raise bad_field("Idempotency-Key", f"Idempotency-Key has more than {MAX_KEY_CHARACTERS} characters.")
    if " " in key:
        raise bad_field("Idempotency-Key", "Idempotency-Key must not hold a space.")


def read_body(request: Request, limit: int) -> bytes:
    """Return the whole body; raises Refusal 413001 for a chunked one that is too large, 400001 for a broken one."""
    if request.content_length == 0:
        return b""
    try:
        body = request.read(limit + 1)
    except OSError as error:
        raise broken_body(error) from None
    if len(body) > limit:
        raise too_large(limit)
    return body


def broken_body(error: OSError) -> Refusal:
    """Refuse a body that cannot be read to its end with 400001, as the server does; the log is told why."""
    message = "The body is broken off or badly framed."
    return Refusal(ReturnCode.PARAM_ERROR, message, headers=CLOSE, reason=str(error))


def too_large(limit: int) -> Refusal:
    """Refuse a body of more than `limit` bytes; what is left of it is not read."""
    return Refusal(ReturnCode.BODY_TOO_LARGE, f"The body may have {limit} bytes.", headers=CLOSE)
