"""A histogram of durations that reaches a collector, over OTLP and HTTP. Imported only where one is configured."""

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource

_EXPORT_SECONDS = 2.0
_EVERY_MILLISECONDS = 15_000
_BOUNDARIES = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)


class ExportedDurations:
    """One histogram, `signet.duration` in seconds, by the attributes `name` and `outcome`."""

    def __init__(self, service: str, endpoint: str) -> None:
        exporter = OTLPMetricExporter(endpoint=f"{endpoint.rstrip('/')}/v1/metrics", timeout=_EXPORT_SECONDS)
        reader = PeriodicExportingMetricReader(exporter, export_interval_millis=_EVERY_MILLISECONDS)
        provider = MeterProvider([reader], Resource.create({"service.name": service}))
        self._histogram = provider.get_meter("signet").create_histogram(
            "signet.duration",
            unit="s",
            description="How long pieces of work took.",
            explicit_bucket_boundaries_advisory=_BOUNDARIES,
        )

    def record(self, name: str, seconds: float, outcome: str) -> None:
        """Count one; it is sent within a quarter of a minute, or at the end of the process."""
        self._histogram.record(seconds, {"name": name, "outcome": outcome})
