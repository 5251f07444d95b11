"""What the gateway refused, counted by the second, for the audit log: the gateway itself has no database.

Under attack millions of requests are refused, so they are grouped, and the groups are bounded: what finds no place is
counted under its return code alone. A refusal is never lost here, only its details are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from signet_gateway.application.ports import Clock
from signet_gateway.application.request import Request
from signet_protocol.return_codes import ReturnCode

MOST_GROUPS = 200
UNKNOWN = "unknown"
_METHOD_CHARACTERS = 32
_TARGET_CHARACTERS = 256
_REASON_CHARACTERS = 256


class Group(NamedTuple):
    """What refusals have in common: all empty but the code where there are too many groups.

    `credential` is the one that was named, `api_key/7` or `unknown`; only `proven` ones are sure to have been used by
    their holder. `operation` is the operation's id in its contract, empty for a target that no contract knows.
    `framing` is true for what was no well-formed request.
    """

    code: ReturnCode
    credential: str
    proven: bool
    client_ip: str
    operation: str
    framing: bool = False


@dataclass(slots=True)
class Refused:
    """One group: how often, from when until when in unix seconds, and the last of its requests as a sample.

    `target` is the sample's without its query, which may name people; `reason` is more than the code says, or empty.
    """

    group: Group
    count: int
    since: float
    until: float
    user_id: int | None
    request_id: str
    method: str
    target: str
    reason: str


class RefusalNotes(Protocol):
    """Where the application notes what it refused."""

    def note(self, request: Request, code: ReturnCode, reason: str = "") -> None:
        """Count one refusal; never raises and never waits. `reason` tells what is wrong with the framing."""


class RefusalLog:
    """Counts refusals until somebody takes them. Used by greenlets of one thread."""

    def __init__(self, clock: Clock, most_groups: int = MOST_GROUPS) -> None:
        self._clock = clock
        self._most_groups = most_groups
        self._groups: dict[Group, Refused] = {}

    def note(self, request: Request, code: ReturnCode, reason: str = "") -> None:
        """See the port."""
        proven, framing = request.user_id is not None, bool(reason)
        group = Group(code, request.credential_id or UNKNOWN, proven, request.client_ip, request.operation, framing)
        if len(self._groups) >= self._most_groups and group not in self._groups:
            group = Group(code, "", False, "", "")
        now = self._clock()
        refused = self._groups.get(group)
        if refused is None:
            refused = self._groups[group] = Refused(group, 0, now, now, None, "", "", "", "")
        refused.count += 1
        refused.until = now
        refused.user_id = request.user_id if group.proven else None
        refused.request_id = request.request_id
        refused.method = request.method[:_METHOD_CHARACTERS]
        refused.target = request.target.partition("?")[0][:_TARGET_CHARACTERS]
        refused.reason = reason[:_REASON_CHARACTERS] if group.framing else ""

    def take(self) -> Sequence[Refused]:
        """Return what was refused since the last time, and start anew."""
        taken, self._groups = list(self._groups.values()), {}
        return taken
