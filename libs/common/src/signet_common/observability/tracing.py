"""One thin span per hop, in W3C Trace Context.

Without a collector a span is ids alone, so that events, log lines and upstream calls carry the trace of whoever sent
one. With a collector the same calls record real spans.

    tracing = configure_tracing("gateway", settings.otel_exporter_otlp_endpoint)
    with tracing.span("GET /api/v1/demos/{demo_id}", environ.get("HTTP_TRACEPARENT")) as span:
        upstream_headers["traceparent"] = span.traceparent
"""

from signet_common.observability.spans import Tracing


def configure_tracing(service: str, endpoint: str | None) -> Tracing:
    """The tracing of a process; `endpoint` is `OTEL_EXPORTER_OTLP_ENDPOINT`, None or "" for no collector."""
    if not endpoint:
        return Tracing()
    # Imported only here: a process without a collector does not pay for the SDK.
    from signet_common.observability.exporting import ExportingTracing

    return ExportingTracing(service, endpoint)
