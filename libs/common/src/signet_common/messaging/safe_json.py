"""JSON that every reader understands alike: integers beyond ±(2^53-1) are strings, times are UTC and end in Z."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

MAX_SAFE_INTEGER = 2**53 - 1
"""The largest integer that every JSON reader keeps exactly (RFC 8259 section 6)."""

_OPTIONS = orjson.OPT_STRICT_INTEGER | orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z


def to_json(document: Mapping[str, Any]) -> bytes:
    """Serialise; the walk that spells large integers as strings is paid only by documents that hold one."""
    try:
        return orjson.dumps(document, option=_OPTIONS)
    except TypeError:
        return orjson.dumps(_large_integers_as_text(document), option=_OPTIONS)


def _large_integers_as_text(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return value if -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER else str(int(value))
    if isinstance(value, Mapping):
        return {key: _large_integers_as_text(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_large_integers_as_text(item) for item in value]
    return value
