"""Durations on their way to a collector, over OTLP and HTTP: beside `tracing`, and from the same setting.

    configure_metrics("scheduler", settings.otel_exporter_otlp_endpoint)

Call it in the process that works, after its fork: the exporter's thread starts here and survives none. What has not
been sent by then is when the interpreter exits, by the SDK's own exit hook.
"""

from signet_common.observability.timing import record_durations_in


def configure_metrics(service: str, endpoint: str | None) -> None:
    """Let durations go to the collector at `endpoint`, None or "" for none."""
    if not endpoint:
        record_durations_in(None)
        return
    # Imported only here: a process without a collector does not pay for the SDK.
    from signet_common.observability.exporting_metrics import ExportedDurations

    record_durations_in(ExportedDurations(service, endpoint))
