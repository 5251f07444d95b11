"""The attempts that are under way in this process, and how one of them is stopped.

An attempt is stopped by an exception that is raised in its thread from outside, as Dramatiq's own time limit does it.
Unlike that, it is raised only while the job's handler runs, never while its row is written: a claim that is committed
and then interrupted would be a run that nobody works for. Nor is it raised where the handler keeps stops away.
Whoever wants an end asks for it again and again, so one that comes too early, or meanwhile, is not lost.

AttemptStopped(BaseException)
├── TimedOut      it has used up the time that its job declares
├── Cancelled     somebody asked for its end
├── HandedBack    the process stops, and somebody else can begin it again
└── Lost          the run is not this worker's any more; nothing that it does will count
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from signet_scheduler.application.attempts import Claimed
from signet_scheduler.application.run_log import RunLog

T = TypeVar("T")

_DELIVERY_TURNS = 1_000
_AGAIN_SECONDS = 3.0


class AttemptStopped(BaseException):
    """Not an Exception: what handlers catch for themselves must not swallow it."""


class TimedOut(AttemptStopped):
    """It has used up the time that its job declares."""


class Cancelled(AttemptStopped):
    """Somebody asked for its end."""


class HandedBack(AttemptStopped):
    """The process stops, and somebody else can begin it again."""


class Lost(AttemptStopped):
    """The run is not this worker's any more; nothing that it does will count."""


RaiseInThread = Callable[[int, type[BaseException]], None]
"""Lets an exception be raised in the thread of that id, as soon as it runs Python code."""
Monotonic = Callable[[], float]


class Work:
    """One attempt that is under way, in the thread that made this."""

    def __init__(
        self, claimed: Claimed, *, deadline: float, idempotent: bool, log: RunLog, raise_in: RaiseInThread
    ) -> None:
        self.claimed = claimed
        self.deadline = deadline
        self.idempotent = idempotent
        self.log = log
        self._raise_in = raise_in
        self._thread = threading.get_ident()
        self._lock = threading.Lock()
        self._interruptible = False
        self._stopped_at: float | None = None

    def stop(self, reason: type[AttemptStopped]) -> None:
        """Raise `reason` in the handler, unless it is over, is not to be stopped now, or was stopped a moment ago.

        Once may not do: an exception that arrives in a finalizer is swallowed by the interpreter.
        """
        with self._lock:
            if not self._interruptible:
                return
            now = time.monotonic()
            if self._stopped_at is None or now - self._stopped_at > _AGAIN_SECONDS:
                self._stopped_at = now
                self._raise_in(self._thread, reason)

    def run(self, handler: Callable[[], T]) -> T:
        """What `handler` returns or raises; AttemptStopped where it was stopped. Nothing is raised afterwards."""
        try:
            self._open()
            result = handler()
            self._shut()
        except AttemptStopped:
            self._shut()
            raise
        except BaseException:
            self._shut_quietly()
            raise
        return result

    @contextmanager
    def unstopped(self) -> Iterator[None]:
        """For the handler: nothing stops what stands inside, which is short, or ends by itself in good time."""
        try:
            self._shut()
            yield
        finally:
            self._open()

    def _open(self) -> None:
        with self._lock:
            self._interruptible = True

    def _shut(self) -> None:
        with self._lock:
            awaited = self._interruptible and self._stopped_at is not None
            self._interruptible = False
        # What has been raised from outside arrives at one of the next instructions: here, not in what follows.
        for _ in range(_DELIVERY_TURNS if awaited else 0):
            time.sleep(0)

    def _shut_quietly(self) -> None:
        try:
            self._shut()
        except AttemptStopped:
            self._shut()


class UnderWay:
    """All attempts of this process."""

    def __init__(self, monotonic: Monotonic = time.monotonic) -> None:
        self._monotonic = monotonic
        self._works: dict[int, Work] = {}
        self._lock = threading.Lock()

    def begin(self, work: Work) -> None:
        """From now on `work` is told to be alive."""
        with self._lock:
            self._works[work.claimed.run_id] = work

    def end(self, work: Work) -> None:
        """It is over, and written down."""
        with self._lock:
            if self._works.get(work.claimed.run_id) is work:
                del self._works[work.claimed.run_id]

    def works(self) -> Sequence[Work]:
        """Those of this moment."""
        with self._lock:
            return tuple(self._works.values())

    def stop_late_ones(self) -> None:
        """Stop those that have used up their time."""
        now = self._monotonic()
        for work in self.works():
            if now >= work.deadline:
                work.stop(TimedOut)

    def hand_back(self) -> None:
        """Stop those that somebody else can begin again; the others go on."""
        for work in self.works():
            if work.idempotent:
                work.stop(HandedBack)
