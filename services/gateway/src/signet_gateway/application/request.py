"""One request and one reply, as the pipeline knows them: no WSGI, no sockets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from signet_gateway.application.ports import Allowance


@dataclass(slots=True)
class Request:
    """A request whose body has not been read.

    `headers` holds the headers that the gateway looks at, under lower-case names. `content_length` is None for a
    chunked body. `read(limit)` returns the body, at most `limit` bytes of it, once. Known on the way: `user_id` for the
    access log, and the `allowances` of the limits that counted the request.
    """

    request_id: str
    client_ip: str
    method: str
    target: str
    headers: Mapping[str, str] = field(repr=False)
    content_length: int | None
    read: Callable[[int], bytes] = field(repr=False)
    traceparent: str = ""
    user_id: int | None = None
    allowances: list[Allowance] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back to the client; `return_code` is for the access log."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes = field(repr=False)
    return_code: int
