"""Spans that are ids alone: a few microseconds each, and no OpenTelemetry import (12 MB)."""

from contextvars import Token
from types import TracebackType
from typing import Self

from signet_common.observability.context import TRACEPARENT
from signet_common.observability.traceparent import (
    format_traceparent,
    new_span_id,
    new_trace_id,
    parse_traceparent,
)


class Span:
    """A stretch of work within a trace; a context manager, entered once, in one thread or greenlet.

    `traceparent` is what goes downstream; within the block it is also the context's, which log lines read.
    """

    __slots__ = ("_token", "traceparent")

    recording = False

    def __init__(self, traceparent: str) -> None:
        self.traceparent = traceparent
        self._token: Token[str] | None = None

    @property
    def trace_id(self) -> str:
        """The trace's 32 hex digits."""
        return self.traceparent[3:35]

    def set_attribute(self, name: str, value: str | int) -> None:
        """Say something about the work. Never a secret, a header or a body."""

    def __enter__(self) -> Self:
        self._token = TRACEPARENT.set(self.traceparent)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._token is not None:
            TRACEPARENT.reset(self._token)


class Tracing:
    """Starts spans: here ids alone; `tracing.configure_tracing` picks one that exports where that is wanted."""

    def span(self, name: str, traceparent: str | None = None) -> Span:  # noqa: ARG002 (an exported span has a name)
        """Return a span to enter: a child of `traceparent`, or a new trace's first if that is absent or invalid."""
        parent = parse_traceparent(traceparent)
        if parent is None:
            return Span(format_traceparent(new_trace_id(), new_span_id(), sampled=False))
        return Span(format_traceparent(parent.trace_id, new_span_id(), sampled=parent.sampled))

    def shutdown(self) -> None:
        """Send what has not been sent. A worker that exits does this by itself."""
