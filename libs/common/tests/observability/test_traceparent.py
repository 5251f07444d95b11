"""W3C Trace Context: strict reading, and a fresh trace for whatever is not valid."""

import pytest

from signet_common.observability.context import TRACEPARENT, current_trace_id
from signet_common.observability.traceparent import parse_traceparent
from signet_common.observability.tracing import configure_tracing

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
VALID = f"00-{TRACE}-{PARENT}-01"


def test_a_valid_header_is_read() -> None:
    """The example of the standard."""
    parent = parse_traceparent(VALID)
    assert parent is not None
    assert (parent.trace_id, parent.span_id, parent.sampled) == (TRACE, PARENT, True)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        VALID.upper(),
        VALID + "-00",
        VALID + "\n",
        " " + VALID,
        f"ff-{TRACE}-{PARENT}-01",
        f"01-{TRACE}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE[1:]}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-1",
        f"{VALID}, {VALID}",
    ],
)
def test_anything_else_starts_a_new_trace(text: str | None) -> None:
    """The header is the client's: rubbish must neither fail a request nor enter an event."""
    assert parse_traceparent(text) is None
    with configure_tracing("x", None).span("GET", text) as span:
        assert parse_traceparent(span.traceparent) is not None
        assert span.trace_id != TRACE


def test_a_span_is_the_child_of_its_parent() -> None:
    """Same trace, same decision to record, an id of its own."""
    with configure_tracing("x", None).span("GET", VALID) as span:
        child = parse_traceparent(span.traceparent)
    assert child is not None
    assert (child.trace_id, child.sampled) == (TRACE, True)
    assert child.span_id != PARENT


def test_the_context_is_restored_even_after_an_error() -> None:
    """A kept-alive connection serves the next request in the same greenlet."""

    def fail() -> None:
        with configure_tracing("x", None).span("GET", VALID):
            assert current_trace_id() == TRACE
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert TRACEPARENT.get() == ""
