"""WSGI middleware: one span per hop, and the request's ids in every log line written meanwhile."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from signet_common.observability.context import REQUEST_ID
from signet_common.observability.spans import Span, Tracing

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_LONGEST_REQUEST_ID = 64


class TracedApplication:
    """Wraps a service's application; application code reads its trace from `context.TRACEPARENT`.

    The span ends when the application returns: a streamed body is sent after it. The span carries the method and the
    status, never the target, which may hold names of people and files.
    """

    def __init__(self, application: "WSGIApplication", tracing: Tracing) -> None:
        self._application = application
        self._tracing = tracing

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        request_id = REQUEST_ID.set(environ.get("HTTP_X_REQUEST_ID", "")[:_LONGEST_REQUEST_ID])
        try:
            with self._tracing.span(environ["REQUEST_METHOD"], environ.get("HTTP_TRACEPARENT")) as span:
                if span.recording:
                    span.set_attribute("http.request.method", environ["REQUEST_METHOD"])
                    start_response = _with_status(span, start_response)
                return self._application(environ, start_response)
        finally:
            REQUEST_ID.reset(request_id)


def _with_status(span: Span, start_response: "StartResponse") -> "StartResponse":
    """Return a `start_response` that also tells the span."""

    def start(status: str, headers: list[tuple[str, str]], exc_info: object = None, /) -> Callable[[bytes], object]:
        span.set_attribute("http.response.status_code", int(status[:3]))
        return start_response(status, headers, exc_info)  # type: ignore[arg-type]

    return start
