"""What is being worked on right now, for log lines and events: the request's id and the W3C trace context.

Context variables follow a thread and a greenlet, but not `gevent.spawn` nor a thread pool: whoever hands work over
hands these over too (`contextvars.copy_context().run`).
"""

from contextvars import ContextVar

REQUEST_ID: ContextVar[str] = ContextVar("signet_request_id", default="")
TRACEPARENT: ContextVar[str] = ContextVar("signet_traceparent", default="")


def current_trace_id() -> str:
    """Return the 32 hex digits of the current trace, or "" outside of any span."""
    return TRACEPARENT.get()[3:35]
