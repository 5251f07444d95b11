"""What a contract says of streams: bodies of any media type, ranges, and the digest that an upload declares."""

from typing import Any

from signet_common.web.operations import Operation
from signet_common.web.streams import HEADER, UPLOADING
from signet_protocol.return_codes import ReturnCode

_BYTES: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
_UPLOADED = {"application/octet-stream": _BYTES}
_DOWNLOADED = {"*/*": _BYTES}
_DOWNLOAD_HEADERS = {
    "Accept-Ranges": "`bytes`, where parts can be asked for.",
    "Content-Disposition": "The name of the file.",
    "ETag": "Names the content.",
}
# What is no range is ignored and not refused, so any text is one to the contract; a condition must be spelled well.
_ANY = r"^[!-~]([ -~]*[!-~])?$"
_TAG = r'^(\*|"[!#-~]*")$'
_CONDITIONS = {
    "Range": (_ANY, "One part, `bytes=0-65535`. Of several, and of what is no range, the whole is the answer."),
    "If-Range": (_ANY, "The part only of the content with this ETag, otherwise the whole."),
    "If-Match": (_TAG, "Only the content with this ETag."),
    "If-None-Match": (_TAG, "Unless it is the content with this ETag."),
}


def stream_extensions(operation: Operation) -> dict[str, Any]:
    """Signet's own words on a body: whether it is streamed, and its limit where the gateway's does not fit."""
    said: dict[str, Any] = {"x-stream": True} if operation.stream else {}
    return said if operation.max_body_bytes is None else said | {"x-max-body-bytes": operation.max_body_bytes}


def uploads(method: str, operation: Operation) -> bool:
    """Whether the body of the request is streamed; `method` in any case."""
    return operation.stream and method.upper() in UPLOADING


def digest_parameter() -> dict[str, Any]:
    """The header without which no upload is let in."""
    return {
        "name": HEADER,
        "in": "header",
        "required": True,
        "description": "The SHA-256 of the body. It is signed, and the body is held against it as it is stored.",
        "schema": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    }


def upload_body() -> dict[str, Any]:
    """The OpenAPI request body of an upload."""
    return {"required": True, "content": _UPLOADED}


def downloads(method: str, operation: Operation) -> bool:
    """Whether the body of the answer is streamed; `method` in any case."""
    return operation.stream and method.upper() == "GET"


def download_parameters() -> list[dict[str, Any]]:
    """The headers that choose what of a content is sent (RFC 9110, 13 and 14)."""
    return [
        {
            "name": name,
            "in": "header",
            "required": False,
            "description": description,
            "schema": {"type": "string", "pattern": pattern},
        }
        for name, (pattern, description) in _CONDITIONS.items()
    ]


def download_answers() -> dict[str, Any]:
    """The OpenAPI answers of a download: the whole, a part of it, or nothing that is new (RFC 9110, 13 and 14)."""
    headers = {name: _text(description) for name, description in _DOWNLOAD_HEADERS.items()}
    part = headers | {"Content-Range": _text("Which part this is, and of how many bytes.")}
    return {
        "200": {"description": "The whole content.", "headers": headers, "content": _DOWNLOADED},
        "206": {"description": "The part that `Range` asked for.", "headers": part, "content": _DOWNLOADED},
        "304": {"description": "The client has this content.", "headers": {"ETag": headers["ETag"]}},
    }


def stream_errors(method: str, operation: Operation) -> list[ReturnCode]:
    """What can be wrong with a download, beyond everybody's errors."""
    return [ReturnCode.RANGE_INVALID, ReturnCode.VERSION_CONFLICT] if downloads(method, operation) else []


def _text(description: str) -> dict[str, Any]:
    return {"schema": {"type": "string"}, "description": description}
