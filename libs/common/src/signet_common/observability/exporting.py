"""Spans that reach a collector, over OTLP and HTTP.

Imported only where a collector is configured. The exporter's thread starts with the first span, not before: threads
do not survive a fork. It flushes when the interpreter exits (the SDK's own exit hook), or by `shutdown`.
"""

from types import TracebackType

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
    set_span_in_context,
)
from opentelemetry.trace import Span as RecordedSpan

from signet_common.observability.spans import Span, Tracing
from signet_common.observability.traceparent import TraceParent, format_traceparent, parse_traceparent

_EXPORT_SECONDS = 2.0  # retries included; also how long the end of a process may wait for a collector that is gone


class ExportedSpan(Span):
    """A span that OpenTelemetry records."""

    __slots__ = ("_recorded",)

    recording = True

    def __init__(self, recorded: RecordedSpan) -> None:
        context = recorded.get_span_context()
        super().__init__(
            format_traceparent(
                f"{context.trace_id:032x}", f"{context.span_id:016x}", sampled=context.trace_flags.sampled
            )
        )
        self._recorded = recorded

    def set_attribute(self, name: str, value: str | int) -> None:
        self._recorded.set_attribute(name, value)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the span. An error is named by its type alone: its text may hold what must not leave the process."""
        super().__exit__(kind, error, trace)
        if kind is not None:
            self._recorded.set_status(Status(StatusCode.ERROR, kind.__name__))
        self._recorded.end()


class ExportingTracing(Tracing):
    """Records every span whose caller did not decide against it, and sends them in batches."""

    def __init__(self, service: str, endpoint: str) -> None:
        self._service = service
        self._traces_url = f"{endpoint.rstrip('/')}/v1/traces"
        self._provider: TracerProvider | None = None
        self._tracer: Tracer | None = None

    def span(self, name: str, traceparent: str | None = None) -> Span:
        tracer = self._tracer or self._start()
        parent = parse_traceparent(traceparent)
        context = set_span_in_context(NonRecordingSpan(_remote(parent))) if parent else None
        return ExportedSpan(tracer.start_span(name, context=context, kind=SpanKind.SERVER))

    def shutdown(self) -> None:
        if self._provider is not None:
            self._provider.shutdown()

    def _start(self) -> Tracer:
        """Start the exporter. Nothing in here gives way to another greenlet before the tracer is set."""
        provider = TracerProvider(resource=Resource.create({"service.name": self._service}))
        provider.add_span_processor(
            BatchSpanProcessor(OTLPSpanExporter(endpoint=self._traces_url, timeout=_EXPORT_SECONDS))
        )
        self._provider = provider
        self._tracer = provider.get_tracer("signet")
        return self._tracer


def _remote(parent: TraceParent) -> SpanContext:
    flags = TraceFlags.SAMPLED if parent.sampled else TraceFlags.DEFAULT
    return SpanContext(int(parent.trace_id, 16), int(parent.span_id, 16), is_remote=True, trace_flags=TraceFlags(flags))
