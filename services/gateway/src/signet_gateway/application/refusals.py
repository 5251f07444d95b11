"""What the gateway refused, counted by the second, for the audit log: the gateway itself has no database.

Under attack millions of requests are refused, and whatever their senders vary, the log may grow by little. So refusals
are grouped, and each source may open a few groups a minute: an address, or the user whom a signature proves. What is
beyond is counted by its return code and source, and told once a minute; what is beyond that, by its return code alone.
A refusal is never lost here, only its details are, and what is proven never makes room for what is not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from signet_gateway.application.networks import network_of
from signet_gateway.application.ports import Clock
from signet_gateway.application.refusal_budget import RefusalBudget
from signet_gateway.application.request import Request
from signet_protocol.return_codes import ReturnCode

REFUSAL_RATE = 20
_MINUTE = 60.0
UNKNOWN = "unknown"
_METHOD_CHARACTERS = 32
_TARGET_CHARACTERS = 256
_REASON_CHARACTERS = 256


class Group(NamedTuple):
    """What refusals have in common: without details, then without source, where there are too many.

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

    def add(self, request: Request, reason: str, now: float) -> None:
        """Count one more, which becomes the sample."""
        self.count += 1
        self.until = now
        self.user_id = request.user_id if self.group.proven else None
        self.request_id = request.request_id
        self.method = request.method[:_METHOD_CHARACTERS]
        self.target = request.target.partition("?")[0][:_TARGET_CHARACTERS]
        self.reason = reason[:_REASON_CHARACTERS] if self.group.framing else ""


class RefusalNotes(Protocol):
    """Where the application notes what it refused."""

    def note(self, request: Request, code: ReturnCode, reason: str = "") -> None:
        """Count one refusal; never raises and never waits. `reason` tells what is wrong with the framing."""


class RefusalLog:
    """Counts refusals until somebody takes them. Used by greenlets of one thread.

    `rate` is how many groups a minute one address may open; all addresses together have three times as much, a proven
    user has three times as much, and all of them together sixty times. As many again are told collapsed.
    """

    def __init__(self, clock: Clock, rate: int = REFUSAL_RATE) -> None:
        self._clock = clock
        self._proven = _Groups(3 * rate, 60 * rate)
        self._unproven = _Groups(rate, 3 * rate)
        self._minute_ends = float("-inf")

    def note(self, request: Request, code: ReturnCode, reason: str = "") -> None:
        """See the port."""
        now = self._clock()
        self._begin_minute(now)
        credential, framing = request.credential_id or UNKNOWN, bool(reason)
        if request.user_id is None:
            groups, source = self._unproven, network_of(request.client_ip)
            less = Group(code, "", False, source, "")
        else:
            groups, source = self._proven, str(request.user_id)
            less = Group(code, credential, True, "", "")
        group = Group(code, credential, groups is self._proven, request.client_ip, request.operation, framing)
        groups.find(group, less, source, now).add(request, reason, now)

    def take(self, *, everything: bool = False) -> Sequence[Refused]:
        """Return what was refused since the last time, and start anew.

        What is collapsed waits for the end of its minute, unless `everything` is wanted.
        """
        self._begin_minute(self._clock())
        return [*self._proven.take(everything=everything), *self._unproven.take(everything=everything)]

    def _begin_minute(self, now: float) -> None:
        # A clock that was put back must not make the minute longer than it is.
        if not self._minute_ends - _MINUTE <= now < self._minute_ends:
            self._minute_ends = now + _MINUTE
            self._proven.renew()
            self._unproven.renew()


class _Groups:
    """The groups of one kind of source. `each` and `in_all` bound what is opened in a minute, and what waits."""

    def __init__(self, each: int, in_all: int) -> None:
        self._own = RefusalBudget(each, in_all)
        self._shared = RefusalBudget(each, in_all)
        self._most = in_all
        self._groups: dict[Group, Refused] = {}
        self._collapsed: dict[Group, Refused] = {}
        self._due = False

    def find(self, group: Group, less: Group, source: str, now: float) -> Refused:
        """Return where a refusal counts: in its own group, in the one that says less, or in that of its code."""
        found = self._groups.get(group)
        if found is not None:
            return found
        if len(self._groups) < self._most and self._own.spend(source):
            return self._groups.setdefault(group, _opened(group, now))
        if less not in self._collapsed and not (len(self._collapsed) < self._most and self._shared.spend(source)):
            less = Group(group.code, "", False, "", "")
        return self._collapsed.setdefault(less, _opened(less, now))

    def renew(self) -> None:
        """A new minute begins: what was collapsed in the last one is told with the next report."""
        self._own.renew()
        self._shared.renew()
        self._due = True

    def take(self, *, everything: bool) -> list[Refused]:
        """Return what is to be told by now."""
        taken, self._groups = list(self._groups.values()), {}
        if everything or self._due:
            taken += self._collapsed.values()
            self._collapsed, self._due = {}, False
        return taken


def _opened(group: Group, now: float) -> Refused:
    return Refused(group, 0, now, now, None, "", "", "", "")
