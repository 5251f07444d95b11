"""The head of an HTTP/1 request, read the strict way: what two parsers could read differently is refused.

A gateway that signs and a service behind it must see the very same request, and so must whatever stands in front of
them. So this takes less than RFC 9112 allows: nothing is repaired, folded, or guessed.

Pure functions over bytes: no sockets here.
"""

import re
from dataclasses import dataclass

from signet_common.web.http_fields import CONTROLS, Limits, RequestRefused, check_characters, parse_fields
from signet_protocol.return_codes import ReturnCode

_METHOD = re.compile(r"[A-Z][A-Z-]{0,19}")
_TARGET = re.compile(r"/[!-~]*")
_LENGTH = re.compile(r"0|[1-9][0-9]{0,14}")
_HOST = re.compile(r"(?:[A-Za-z0-9._~%!$&'()*+,;=-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_VERSIONS = ("HTTP/1.1", "HTTP/1.0")


@dataclass(frozen=True, slots=True)
class RequestHead:
    """A request line and its header fields; `fields` go by their CGI names, as WSGI wants them.

    `content_length` is None for a chunked body and 0 for none.
    """

    method: str
    target: str
    version: str
    fields: dict[str, str]
    content_length: int | None
    keep_alive: bool
    expects_continue: bool


def parse_head(head: bytes, limits: Limits) -> RequestHead:
    """Parse a head without its final empty line. Raises RequestRefused, which names what is wrong."""
    if len(head) > limits.head:
        raise RequestRefused(f"the head of the request is longer than {limits.head} bytes")
    lines = head.decode("latin-1").split("\r\n")
    method, target, version = parse_request_line(lines[0], limits)
    check_characters(head, lines)
    if len(lines) - 1 > limits.fields:
        raise RequestRefused(f"the request has more than {limits.fields} header fields")
    fields = parse_fields(lines, limits)
    _check_host(fields, version)
    return RequestHead(
        method=method,
        target=target,
        version=version,
        fields=fields,
        content_length=_body_length(fields, version),
        keep_alive=_keep_alive(fields, version),
        expects_continue=_expects_continue(fields),
    )


def parse_request_line(line: str, limits: Limits) -> tuple[str, str, str]:
    """Return method, target and version. Raises RequestRefused."""
    if len(line) > limits.request_line:
        raise RequestRefused(f"the request line is longer than {limits.request_line} bytes")
    words = line.split(" ")
    if len(words) != 3:
        raise RequestRefused("the request line is not a method, a target and a version, each after one space")
    method, target, version = words
    if not _METHOD.fullmatch(method):
        raise RequestRefused("the request method is malformed")
    if not _TARGET.fullmatch(target):
        raise RequestRefused("the request target is not a path of printable ASCII")
    if version not in _VERSIONS:
        raise RequestRefused("the HTTP version is neither 1.1 nor 1.0")
    return method, target, version


def check_incomplete_head(data: bytes, limits: Limits) -> None:
    """Refuse early what no further bytes could turn into a head, so that nobody waits for it to end."""
    if len(data) > limits.head:
        raise RequestRefused(f"the head of the request is longer than {limits.head} bytes")
    line, line_feed, _ = data.partition(b"\n")
    if line_feed:
        parse_request_line(line.removesuffix(b"\r").decode("latin-1"), limits)
        if data.count(b"\n") != data.count(b"\r\n"):
            raise RequestRefused("a line of the head ends in a bare line feed")
    elif len(line) > limits.request_line:
        raise RequestRefused(f"the request line is longer than {limits.request_line} bytes")
    elif not line[:1].isalpha() or line.translate(None, CONTROLS) != line:
        raise RequestRefused("the request line is malformed")


def _body_length(fields: dict[str, str], version: str) -> int | None:
    """Return the body's length, None if it is chunked. Raises RequestRefused for any doubt about where it ends."""
    if "HTTP_CONTENT_ENCODING" in fields:
        raise RequestRefused("Content-Encoding is not supported", ReturnCode.MEDIA_TYPE_UNSUPPORTED)
    length, coding = fields.get("CONTENT_LENGTH"), fields.get("HTTP_TRANSFER_ENCODING")
    if coding is not None:
        if length is not None:
            raise RequestRefused("Content-Length and Transfer-Encoding exclude each other")
        if coding != "chunked" or version == "HTTP/1.0":
            raise RequestRefused("Transfer-Encoding is not chunked")
        return None
    if length is None:
        return 0
    if not _LENGTH.fullmatch(length):
        raise RequestRefused("Content-Length is not a number of bytes")
    return int(length)


def _keep_alive(fields: dict[str, str], version: str) -> bool:
    options = fields.get("HTTP_CONNECTION")
    if options is None:
        return version == "HTTP/1.1"
    words = {word.strip() for word in options.lower().split(",")}
    return "close" not in words and (version == "HTTP/1.1" or "keep-alive" in words)


def _expects_continue(fields: dict[str, str]) -> bool:
    """Say whether the client waits for `100 Continue` before it sends its body."""
    expectation = fields.get("HTTP_EXPECT")
    if expectation is not None and expectation.lower() != "100-continue":
        raise RequestRefused("Expect is not 100-continue")
    return expectation is not None


def _check_host(fields: dict[str, str], version: str) -> None:
    host = fields.get("HTTP_HOST")
    if host is None:
        if version == "HTTP/1.1":
            raise RequestRefused("Host is missing")
    elif not _HOST.fullmatch(host):
        raise RequestRefused("Host is malformed")
