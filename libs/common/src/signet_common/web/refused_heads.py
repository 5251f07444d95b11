"""What the server refuses before there is a request, told to the application: who probes a parser leaves a trace, too.

An application that wants to know has a method `refused_head`; see the port. What is told is for a log, never for a
decision: nothing here was understood, so nothing of it is trusted.
"""

from dataclasses import dataclass
from typing import Any, Protocol

from signet_common.web.http_fields import RequestRefused, printable
from signet_protocol.return_codes import ReturnCode

_METHOD_CHARACTERS = 32
_TARGET_CHARACTERS = 256
_REASON_CHARACTERS = 256
_FORWARDED_CHARACTERS = 1024
_FORWARDED_FOR = b"x-forwarded-for"


@dataclass(frozen=True, slots=True)
class RefusedHead:
    """A head that was refused, as far as it can be read at all; printable ASCII, and bounded.

    `request_id` stands in the answer, `peer` is the REMOTE_ADDR: the other end's address, or "unix". `forwarded_for` is
    there if the head is whole and says it exactly once: then it is the word of the last proxy, if that is one of ours.
    """

    request_id: str
    peer: str
    code: ReturnCode
    reason: str
    method: str
    target: str
    forwarded_for: str | None


class HeadRefusals(Protocol):
    """The application's side."""

    def refused_head(self, refused: RefusedHead) -> None:
        """Take note; never raises and never waits."""


def tell(application: Any, environ: dict[str, Any], request_id: str, head: bytes, error: RequestRefused) -> None:
    """Tell the application, if it wants to know; `head` is what came, empty where it did not come to its end."""
    note = getattr(application, "refused_head", None)
    if note is None:
        return
    lines = head.split(b"\r\n")
    method, _, rest = lines[0].decode("latin-1").partition(" ")
    note(
        RefusedHead(
            request_id=request_id,
            peer=environ.get("REMOTE_ADDR", ""),
            code=error.code,
            reason=printable(str(error), _REASON_CHARACTERS),
            method=printable(method, _METHOD_CHARACTERS),
            target=printable(rest.partition(" ")[0].partition("?")[0], _TARGET_CHARACTERS),
            forwarded_for=_forwarded_for(lines[1:]),
        )
    )


def _forwarded_for(lines: list[bytes]) -> str | None:
    """A proxy of ours replaces the client's header of exactly this name, so what it forwards has exactly one."""
    found = [value for name, _, value in (line.partition(b":") for line in lines) if name.lower() == _FORWARDED_FOR]
    if len(found) != 1 or len(found[0]) > _FORWARDED_CHARACTERS:
        return None
    return printable(found[0].decode("latin-1").strip(" \t"), _FORWARDED_CHARACTERS)
