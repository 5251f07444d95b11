"""W3C Trace Context, level 1: reading and making the `traceparent` header.

Strict on purpose: version 00 alone, lower-case hex, no zero ids. Anything else starts a new trace, as the standard
asks, and never an error: a trace is not worth refusing a request.
"""

import random
import re
from dataclasses import dataclass

_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})", re.ASCII)


@dataclass(frozen=True, slots=True)
class TraceParent:
    """The caller's place in a trace: 32 hex digits, 16 hex digits, and whether the caller recorded its span."""

    trace_id: str
    span_id: str
    sampled: bool


def parse_traceparent(text: str | None) -> TraceParent | None:
    """Return what a `traceparent` header says, or None if it is absent or not valid."""
    match = _TRACEPARENT.fullmatch(text) if text else None
    if match is None:
        return None
    trace_id, span_id, flags = match.groups()
    return TraceParent(trace_id, span_id, bool(int(flags, 16) & 1))


def format_traceparent(trace_id: str, span_id: str, *, sampled: bool) -> str:
    """Return the header's text."""
    return f"00-{trace_id}-{span_id}-{'01' if sampled else '00'}"


def new_trace_id() -> str:
    """Return 32 random hex digits, never all zero. Unique, not secret: `random` is reseeded after every fork."""
    return f"{random.getrandbits(128) or 1:032x}"


def new_span_id() -> str:
    """Return 16 random hex digits, never all zero."""
    return f"{random.getrandbits(64) or 1:016x}"
