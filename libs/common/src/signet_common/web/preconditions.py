"""Conditional requests (RFC 9110, section 13), on the version of an object or on any other strong tag."""

import re

from flask import Request

from signet_common.web.errors import ApiError
from signet_protocol.return_codes import ReturnCode

_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e]*"')
_LIST = re.compile(rf"{_TAG.pattern}(?:[ \t]*,[ \t]*{_TAG.pattern})*")
_VERSION = re.compile(r'"([1-9][0-9]{0,8})"')


def entity_tag(version: int) -> str:
    """The strong ETag of a version."""
    return f'"{version}"'


def expected_versions(request: Request) -> frozenset[int] | None:
    """The versions that If-Match accepts; None when there is no condition, or `*`, which an existing object meets.

    Raises ApiError 400001 when the header is no list of entity tags. Weak tags match nothing (strong comparison).
    """
    header = request.headers.get("If-Match")
    if header is None or header == "*":
        return None
    return frozenset(int(match.group(1)) for tag in _tags(header, "If-Match") if (match := _VERSION.fullmatch(tag)))


def is_unchanged(request: Request, version: int) -> bool:
    """Whether If-None-Match of a read names this version (weak comparison)."""
    return is_known(request, entity_tag(version))


def is_known(request: Request, tag: str) -> bool:
    """Whether If-None-Match of a read names what has this tag (weak comparison)."""
    header = request.headers.get("If-None-Match")
    if header is None or request.method not in ("GET", "HEAD"):
        return False
    return header == "*" or tag in (named.removeprefix("W/") for named in _tags(header, "If-None-Match"))


def has_changed(request: Request, tag: str) -> bool:
    """Whether If-Match does not name what has this tag (strong comparison)."""
    header = request.headers.get("If-Match")
    return not (header is None or header == "*" or tag in _tags(header, "If-Match"))


def _tags(header: str, name: str) -> list[str]:
    if not _LIST.fullmatch(header):
        raise ApiError(ReturnCode.PARAM_ERROR, f"{name} is no list of entity tags")
    return _TAG.findall(header)
