"""Header fields, read the strict way: names, characters, repetitions and sizes.

No header that carries authority (`GUARDED`) may be repeated, empty or anything but printable ASCII.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from signet_protocol.return_codes import ReturnCode

GUARDED = {
    f"HTTP_{name.upper().replace('-', '_')}": name
    for name in (
        "X-Api-Key",
        "Authorization",
        "X-Timestamp",
        "X-Nonce",
        "X-Sign",
        "X-Key",
        "X-Key-Id",
        "X-Content-SHA256",
        "X-Passport",
        "Idempotency-Key",
        "If-Match",
        "If-None-Match",
        "Range",
        "If-Range",
    )
} | {"CONTENT_TYPE": "Content-Type"}
"""Headers that decide who may do what, by CGI name: at most once, never empty, printable ASCII."""

_SINGLE = {
    "CONTENT_LENGTH": "Content-Length",
    "HTTP_TRANSFER_ENCODING": "Transfer-Encoding",
    "HTTP_HOST": "Host",
    "HTTP_EXPECT": "Expect",
} | GUARDED

_NAME = re.compile(r"[!#$%&'*+.^`|~0-9A-Za-z-]+")  # RFC 9110 token, without the underscore
CONTROLS = bytes({*range(0x20), 0x7F} - {0x09, 0x0D, 0x0A})  # control characters with no place in a head


class RequestRefused(Exception):
    """What the client sent is not a request this platform takes; `code` and the message are its answer."""

    def __init__(self, message: str, code: ReturnCode = ReturnCode.PARAM_ERROR) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a head is read, in bytes and lines."""

    request_line: int = 8190
    fields: int = 100
    field_size: int = 8190
    head: int = 32768


@lru_cache(maxsize=512)
def cgi_name(name: str) -> str:
    """Return the WSGI key of a header name, `HTTP_X_SIGN`. Raises RequestRefused for a name that is not a token."""
    if not _NAME.fullmatch(name):
        raise RequestRefused(f"the header name {printable(name)!r} is malformed")
    key = name.upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"


def printable(text: str, most: int = 64) -> str:
    """Return the beginning of what a client sent, fit for a message."""
    return "".join(character if " " <= character <= "~" else "?" for character in text[:most])


def check_characters(head: bytes, lines: list[str]) -> None:
    """Refuse control characters and CR or LF that do not stand together, naming the line's header."""
    breaks = len(lines) - 1
    if head.translate(None, CONTROLS) == head and head.count(b"\r") == breaks and head.count(b"\n") == breaks:
        return
    for line in lines[1:]:
        if any((character < " " and character != "\t") or character == "\x7f" for character in line):
            raise RequestRefused(f"the header {printable(line.partition(':')[0])!r} holds a control character")
    raise RequestRefused("the head of the request holds a control character")


def parse_fields(lines: list[str], limits: Limits) -> dict[str, str]:
    """Return the header fields of a head's lines (the first is the request line) by CGI name."""
    fields: dict[str, str] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon or len(line) > limits.field_size:
            raise _malformed_line(line, limits)
        key = cgi_name(name)
        value = value.strip(" \t")
        if key in fields:
            value = _joined(key, fields[key], value)
        if key in GUARDED and not (value and value.isascii()):
            raise RequestRefused(f"{GUARDED[key]} is empty or not printable ASCII")
        fields[key] = value
    return fields


def _malformed_line(line: str, limits: Limits) -> RequestRefused:
    name = printable(line.partition(":")[0])
    if len(line) > limits.field_size:
        return RequestRefused(f"the header {name!r} is longer than {limits.field_size} bytes")
    return RequestRefused(f"the header line {name!r} has no colon or continues the line before")


def _joined(key: str, first: str, second: str) -> str:
    """Return the value of a repeated header. Raises RequestRefused for those that may stand only once."""
    if key in _SINGLE:
        raise RequestRefused(f"{_SINGLE[key]} is repeated")
    return f"{first}{'; ' if key == 'HTTP_COOKIE' else ', '}{second}"
