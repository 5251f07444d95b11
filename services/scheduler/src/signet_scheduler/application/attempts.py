"""What workers need of the rows of runs, in their own words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from signet_scheduler.domain.endings import Ending, Policy
from signet_scheduler.domain.runs import LogLine, RunState


@dataclass(frozen=True, slots=True)
class Claimed:
    """An attempt that this worker has begun. `traceparent` is its place in a trace of its own (W3C Trace Context).

    `first_line` is the number of the first line that it logs; after the `last` attempt a failure ends the run.
    `arguments` are None where what is stored is no JSON object; `due_at` is the time of the slot, or of the request.
    """

    run_id: int
    attempt: int
    job_name: str
    arguments: Mapping[str, Any] | None
    due_at: datetime
    traceparent: str
    first_line: int = 1
    last: bool = False


class Lines(Protocol):
    """What an attempt has logged and nobody has stored yet."""

    def unsaved(self) -> Sequence[LogLine]: ...

    def saved(self, lines: Sequence[LogLine]) -> None:
        """Forget `lines`, which are stored now."""
        ...


@dataclass(frozen=True, slots=True)
class Beat:
    """A sign of life of one attempt, with what it has logged."""

    run_id: int
    attempt: int
    lines: Lines


@dataclass(frozen=True, slots=True)
class Pulse:
    """What the rows say to a sign of life: `lost` holds the runs that are somebody else's by now, or nobody's."""

    lost: frozenset[int]
    cancelled: frozenset[int]


class AttemptRows(Protocol):
    """The attempts of this worker, each step committed at once. All of it may be called by many threads."""

    def claim(self, run_id: int, attempt: int) -> Claimed | None:
        """Begin the attempt. None where it is not to be begun: it has been, or the run has ended, or must wait."""
        ...

    def complete(self, claimed: Claimed, ending: Ending, policy: Policy, lines: Lines) -> RunState | None:
        """Write down how the attempt ended, with what it logged; the run's state. None: it was taken over meanwhile."""
        ...

    def beat(self, beats: Iterable[Beat]) -> Pulse:
        """Tell that these attempts are alive, and store what they have logged."""
        ...
