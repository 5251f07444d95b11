"""One request and one reply, as the pipeline knows them: no WSGI, no sockets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from signet_gateway.application.ports import Allowance


class AnswerCloser(Protocol):
    """Seals the answer to a request that was sealed itself."""

    def close(self, reply: "Reply", method: str) -> "Reply":
        """Return the reply with its data sealed."""


@dataclass(slots=True)
class Request:
    """A request whose body has not been read.

    `headers` holds the headers that the gateway looks at, under lower-case names. `content_length` is None for a
    chunked body. `read(limit)` returns the body, at most `limit` bytes of it, once; `receive(limit)` what of it has
    arrived, at least one byte, none at its end.

    Known on the way: `operation` by its id in the contract, `credential_id` as named and not proven yet, `user_id` once
    it is proven, and the `allowances` of the limits that counted the request.
    """

    request_id: str
    client_ip: str
    method: str
    target: str
    headers: Mapping[str, str] = field(repr=False)
    content_length: int | None
    read: Callable[[int], bytes] = field(repr=False)
    receive: Callable[[int], bytes] = field(repr=False)
    traceparent: str = ""
    operation: str = ""
    credential_id: str = ""
    user_id: int | None = None
    answer_seal: AnswerCloser | None = field(default=None, repr=False)
    """There once a seal was opened: from then on every answer is sealed, an error too."""
    allowances: list[Allowance] = field(default_factory=list)


class ReplyStream(Protocol):
    """A body that is passed on as it arrives."""

    def read(self) -> bytes:
        """Return the next bytes, none once the body is whole. Raises UpstreamFailed where the service breaks off."""

    def close(self) -> None:
        """Let go of the service, wherever the body has come to."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back to the client: `body`, then what `stream` brings. `return_code` is for the access log."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes = field(repr=False)
    return_code: int
    stream: ReplyStream | None = None
