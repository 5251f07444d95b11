"""Spans reach a collector, from a real process, over real HTTP; and without one nothing of OpenTelemetry is loaded."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


class Collector:
    """An OTLP endpoint that keeps what it is sent."""

    def __init__(self) -> None:
        self.requests: list[ExportTraceServiceRequest] = []
        self.measured: list[ExportMetricsServiceRequest] = []
        received, measured = self.requests, self.measured

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path == "/v1/traces":
                    received.append(ExportTraceServiceRequest.FromString(body))
                if self.path == "/v1/metrics":
                    measured.append(ExportMetricsServiceRequest.FromString(body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the standard library's name)
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"

    @property
    def spans(self) -> list[Span]:
        return [
            span
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


@pytest.fixture
def collector() -> Iterator[Collector]:
    running = Collector()
    thread = threading.Thread(target=running.server.serve_forever)
    thread.start()
    yield running
    running.server.shutdown()
    thread.join(10)
    running.server.server_close()


def run(program: str, *arguments: str) -> str:
    """Run a program in a fresh interpreter with an empty environment: exporters read variables of theirs."""
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, timeout=60, check=False, env={}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


SERVES_ONE = """
import sys
from signet_common.observability.traced_application import TracedApplication
from signet_common.observability.tracing import configure_tracing

def application(environ, start_response):
    if environ["PATH_INFO"] == "/fails":
        raise RuntimeError("a secret")
    start_response("404 Not Found", [])
    return [b""]

traced = TracedApplication(application, configure_tracing("resources", sys.argv[1]))
environ = {"REQUEST_METHOD": "GET", "PATH_INFO": sys.argv[2], "HTTP_TRACEPARENT": sys.argv[3]}
try:
    traced(environ, lambda status, headers, exc_info=None: None)
except RuntimeError:
    pass
"""


def test_a_span_is_sent_when_the_process_ends(collector: Collector) -> None:
    """Parent, status and service arrive; nobody called shutdown, as a worker does not."""
    run(SERVES_ONE, collector.endpoint, "/", f"00-{TRACE}-{PARENT}-01")
    (span,) = collector.spans
    assert (span.trace_id.hex(), span.parent_span_id.hex(), span.name) == (TRACE, PARENT, "GET")
    attributes = {attribute.key: attribute.value for attribute in span.attributes}
    assert attributes["http.response.status_code"].int_value == 404
    resource = collector.requests[0].resource_spans[0].resource
    assert {a.key: a.value.string_value for a in resource.attributes}["service.name"] == "resources"


def test_a_failure_is_told_without_its_words(collector: Collector) -> None:
    """What an error says may be a secret, and a collector is somebody else's."""
    run(SERVES_ONE, collector.endpoint, "/fails", f"00-{TRACE}-{PARENT}-01")
    (span,) = collector.spans
    assert span.status.message == "RuntimeError"
    assert "a secret" not in str(collector.requests)


def test_a_caller_who_does_not_record_is_followed(collector: Collector) -> None:
    """Half a trace is worth nothing."""
    run(SERVES_ONE, collector.endpoint, "/", f"00-{TRACE}-{PARENT}-00")
    assert collector.spans == []


def test_spans_of_a_gevent_process_arrive_after_a_fork(collector: Collector) -> None:
    """The exporter's thread must be the worker's own, and a greenlet."""
    program = """
import sys
from gevent import monkey; monkey.patch_all()
import os
from signet_common.observability.tracing import configure_tracing
tracing = configure_tracing("gateway", sys.argv[1])
if os.fork() == 0:
    with tracing.span("GET"):
        pass
    sys.exit(0)
os.wait()
"""
    run(program, collector.endpoint)
    assert [span.name for span in collector.spans] == ["GET"]


MEASURES = """
import os, sys
if sys.argv[2] == "forked":
    from gevent import monkey; monkey.patch_all()
from signet_common.observability.metrics import configure_metrics
from signet_common.observability.timing import timed
if sys.argv[2] == "forked" and os.fork():
    os.wait()
    sys.exit(0)
configure_metrics("scheduler", sys.argv[1])
for fails in (False, True):
    try:
        with timed("job.files.purge"):
            if fails:
                raise RuntimeError("a secret")
    except RuntimeError:
        pass
"""


@pytest.mark.parametrize("process", ["plain", "forked"])
def test_durations_are_sent_when_the_process_ends(collector: Collector, process: str) -> None:
    """A histogram in seconds, what failed apart from what did not; also from the fork of a gevent process."""
    run(MEASURES, collector.endpoint, process)
    metrics = [
        metric
        for request in collector.measured
        for resource in request.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    ]
    assert {(metric.name, metric.unit) for metric in metrics} == {("signet.duration", "s")}
    points = [
        ({each.key: each.value.string_value for each in point.attributes}, point.count)
        for point in metrics[-1].histogram.data_points
    ]
    assert sorted(points, key=str) == [
        ({"name": "job.files.purge", "outcome": "RuntimeError"}, 1),
        ({"name": "job.files.purge", "outcome": "ok"}, 1),
    ]
    assert "a secret" not in str(collector.measured)


def test_without_a_collector_opentelemetry_is_not_loaded() -> None:
    """The import alone costs 12 MB in every process."""
    program = """
import sys
from signet_common.observability.traced_application import TracedApplication
from signet_common.observability.metrics import configure_metrics
from signet_common.observability.timing import timed
from signet_common.observability.tracing import configure_tracing
configure_metrics("x", None)
with configure_tracing("x", None).span("GET"), timed("x"):
    print([name for name in sys.modules if name.startswith("opentelemetry")])
"""
    assert run(program).strip() == "[]"


def test_a_collector_that_is_gone_harms_nobody() -> None:
    """Traces are a convenience; the process must work and end without them."""
    program = """
import sys
from signet_common.observability.tracing import configure_tracing
tracing = configure_tracing("x", "http://127.0.0.1:1")
with tracing.span("GET") as span:
    print(span.traceparent)
"""
    assert run(program).startswith("00-")
