"""The middleware gives the request's ids to whatever runs inside, and takes them back."""

from typing import Any

from signet_common.observability.context import REQUEST_ID, TRACEPARENT
from signet_common.observability.traced_application import TracedApplication
from signet_common.observability.tracing import configure_tracing

TRACE = "0af7651916cd43dd8448eb211c80319c"


def test_ids_are_there_during_the_request_and_gone_after_it() -> None:
    """One greenlet serves many requests; no line may carry the ids of the one before."""
    seen: list[tuple[str, str]] = []

    def application(environ: dict[str, Any], start_response: object) -> list[bytes]:
        seen.append((REQUEST_ID.get(), TRACEPARENT.get()))
        return []

    traced = TracedApplication(application, configure_tracing("x", None))
    environ = {
        "REQUEST_METHOD": "GET",
        "HTTP_X_REQUEST_ID": "r" * 100,
        "HTTP_TRACEPARENT": f"00-{TRACE}-b7ad6b7169203331-01",
    }
    traced(environ, lambda *arguments: lambda data: None)
    ((request_id, traceparent),) = seen
    assert request_id == "r" * 64
    assert traceparent[3:35] == TRACE
    assert (REQUEST_ID.get(), TRACEPARENT.get()) == ("", "")
