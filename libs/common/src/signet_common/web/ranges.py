"""Which part of a content a request is to get, if any (RFC 9110, sections 13.2.2 and 14).

Werkzeug's parsers serve other ends: they take a weak tag in If-Range for a strong one, and refuse a suffix that is
longer than the content.
"""

import re
from dataclasses import dataclass
from typing import Literal

from flask import Request

from signet_common.web.errors import ApiError, RangeUnsatisfiable
from signet_common.web.preconditions import has_changed, is_known
from signet_protocol.return_codes import ReturnCode

# A position has as many digits as anybody likes; one of more than these is no position, and such a header is ignored.
_ONE_RANGE = re.compile(r"bytes=[ \t]*(?:([0-9]{1,999})-([0-9]{0,999})|-([0-9]{1,999}))[ \t]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Selection:
    """The answer to a request for a content of `size` bytes: its bytes [start, stop), or none of them with 304."""

    status: Literal[200, 206, 304]
    tag: str
    start: int
    stop: int
    size: int

    @property
    def length(self) -> int:
        """How many bytes the answer has."""
        return self.stop - self.start

    @property
    def headers(self) -> dict[str, str]:
        """What the answer says about the content and its part."""
        said = {"ETag": self.tag, "Accept-Ranges": "bytes"}
        if self.status == 206:
            said["Content-Range"] = f"bytes {self.start}-{self.stop - 1}/{self.size}"
        return said


def select(request: Request, tag: str, size: int) -> Selection:
    """What the request is to get of the content with this strong tag, after its conditions.

    Raises ApiError 412001 where If-Match names another content, 416001 where nothing of it is in the range, and 400001
    for a condition that is no list of tags; in the order of section 13.2.2. A Range that is malformed, of other units
    or of several parts is ignored, as is any but that of GET (section 14.2), or one for another content (If-Range): the
    answer is the whole.
    """
    if has_changed(request, tag):
        raise ApiError(ReturnCode.VERSION_CONFLICT)
    if is_known(request, tag):
        return Selection(304, tag, 0, 0, size)
    part = _range(request.headers["Range"], size) if _is_for_a_part(request, tag) else None
    if part is None:
        return Selection(200, tag, 0, size, size)
    return Selection(206, tag, *part, size)


def _is_for_a_part(request: Request, tag: str) -> bool:
    # A date never matches: the time of a change is no strong validator of a content (section 13.1.5).
    return (
        request.method == "GET" and "Range" in request.headers and request.headers.get("If-Range", tag).strip() == tag
    )


def _range(header: str, size: int) -> tuple[int, int] | None:
    """[start, stop) of the one range that the header names; None where it is to be ignored."""
    found = _ONE_RANGE.fullmatch(header.strip())
    if found is None:
        return None
    first, last, suffix = found.groups()
    if suffix is not None:
        return _end_of(int(suffix), size)
    start, stop = int(first), int(last) + 1 if last else max(size, int(first) + 1)
    if stop <= start:
        return None
    if start >= size:
        raise RangeUnsatisfiable(size)
    return start, min(stop, size)


def _end_of(length: int, size: int) -> tuple[int, int] | None:
    if length == 0:
        raise RangeUnsatisfiable(size)
    # The end of nothing can be had (section 14.1.2), but no Content-Range can say so.
    return (max(0, size - length), size) if size else None
