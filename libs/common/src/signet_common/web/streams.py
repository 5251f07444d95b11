"""Bodies that pass through a service as they arrive, at any size: those of operations marked `stream=True`.

The client declares the SHA-256 of an upload in `X-Content-SHA256` and signs that; the gateway binds the passport to it
without seeing the body. So it is here that the body is proven: whoever stores it hashes it meanwhile, and keeps nothing
of one that turns out to be another.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, cast

from flask import Request, current_app

from signet_common.web.application import Answer
from signet_common.web.errors import ApiError
from signet_common.web.operations import Operation, operation_of
from signet_protocol.return_codes import ReturnCode

if TYPE_CHECKING:
    from signet_common.web.http_body import RequestBody

UPLOADING = ("POST", "PUT", "PATCH")
"""The methods whose body is streamed; that of any other is small, and read and hashed as everywhere."""

HEADER = "X-Content-SHA256"
_VARIABLE = "HTTP_X_CONTENT_SHA256"
_DIGEST = re.compile("[0-9a-f]{64}")
_PIECE_BYTES = 262_144


class BodyStream:
    """The body of an upload. `length` is None where the client did not tell it; `sha256` is what it declared."""

    def __init__(self, source: "RequestBody", length: int | None, sha256: str) -> None:
        self._source = source
        self.length = length
        self.sha256 = sha256

    def chunks(self) -> Iterator[bytes]:
        """Yield the body as it arrives, at most 256 KiB at a time, once.

        Nothing may be kept until the iterator has ended: it raises ApiError 400001 where the body breaks off, and at
        the end where its hash is not the declared one.
        """
        digest = hashlib.sha256()
        try:
            while piece := self._source.read1(_PIECE_BYTES):
                digest.update(piece)
                yield piece
        except OSError:
            raise ApiError(ReturnCode.PARAM_ERROR, "The body is broken off or badly framed.") from None
        if not hmac.compare_digest(digest.hexdigest(), self.sha256):
            raise _bad_header(f"{HEADER} is not the SHA-256 of the body.")


def declared_digest(request: Request) -> str | None:
    """The digest to hold against the passport instead of the body's own; None unless this is a streamed upload.

    Of any other operation the header proves nothing: its body is read and hashed, whatever has been declared.
    """
    declared: str | None = request.environ.get(_VARIABLE)
    if declared is None or request.method not in UPLOADING or not _DIGEST.fullmatch(declared):
        return None
    operation = _operation(request)
    return declared if operation is not None and operation.stream else None


def body_stream(request: Request) -> BodyStream:
    """The body of a streamed upload. Raises ApiError 400001 where no digest has been declared."""
    declared = declared_digest(request)
    if declared is None:
        raise _bad_header(f"{HEADER} must be the SHA-256 of the body, 64 lower-case hexadecimal digits.")
    length = None if "HTTP_TRANSFER_ENCODING" in request.environ else int(request.environ.get("CONTENT_LENGTH") or 0)
    return BodyStream(request.environ["wsgi.input"], length, declared)


def stream_answer(
    chunks: Iterable[bytes | memoryview],
    *,
    content_type: str,
    length: int | None,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """An answer that leaves piece by piece. One whose iterator raises, or gives less than `length`, is cut off."""
    # Typed for WSGI's bytes; neither Werkzeug nor the strict worker looks into what is no text.
    answer = Answer(cast("Iterable[bytes]", chunks), status=status, content_type=content_type, headers=headers)
    if length is not None:
        answer.headers["Content-Length"] = str(length)
    return answer


def _operation(request: Request) -> Operation | None:
    """The operation that the request will be routed to; None if there is none."""
    if request.url_rule is None:
        return None
    view_class = getattr(current_app.view_functions[request.url_rule.endpoint], "view_class", None)
    view = getattr(view_class, request.method.lower(), None)
    return None if view is None else operation_of(view)


def _bad_header(message: str) -> ApiError:
    return ApiError(ReturnCode.PARAM_ERROR, message, {"errors": [{"field": HEADER, "message": message}]})
