"""Uploads: what their headers must say, and the body that is read only once the request has been let in."""

import re

from signet_gateway.application.content import broken_body, too_large
from signet_gateway.application.errors import Refusal, bad_field
from signet_gateway.application.request import Request
from signet_protocol.return_codes import ReturnCode

_HEADER = "X-Content-SHA256"
_DIGEST = re.compile("[0-9a-f]{64}")


class Upload:
    """The body of one upload. `length` is None for a chunked one; `sha256` is declared, and proven by the service."""

    def __init__(self, request: Request, limit: int, sha256: str) -> None:
        self.length = request.content_length
        self.sha256 = sha256
        self._receive = request.receive
        self._limit = limit
        self._received = 0

    def read(self, size: int) -> bytes:
        """Return what has arrived, at most `size` bytes, none at the end.

        Raises Refusal 413001 beyond the limit, and 400001 where the client stalls, leaves or frames it badly.
        """
        try:
            piece = self._receive(size)
        except OSError as error:
            raise broken_body(error) from None
        self._received += len(piece)
        if self._received > self._limit:
            raise too_large(self._limit)
        return piece


def check_upload(request: Request, limit: int) -> Upload:
    """Refuse an upload by what its headers say: 400001, 400003, 413001, 415001. Nothing of it is read here."""
    headers = request.headers
    if "content-encoding" in headers:
        raise Refusal(ReturnCode.MEDIA_TYPE_UNSUPPORTED, "Content-Encoding is not supported.")
    if "x-key" in headers or "x-key-id" in headers:
        raise Refusal(ReturnCode.SEAL_INVALID, "A stream is never sealed.")
    declared = headers.get("x-content-sha256", "").strip(" \t")
    if not _DIGEST.fullmatch(declared):
        raise bad_field(_HEADER, f"{_HEADER} must be the SHA-256 of the body, 64 lower-case hexadecimal digits.")
    if request.content_length is not None and request.content_length > limit:
        raise too_large(limit)
    return Upload(request, limit, declared)
