"""Timing a piece of work: a log line and, where a collector is configured, a histogram.

    with timed("ask.files.collect-orphans"):
        …

    @timed("file.verify", slow=5.0)
    def verify(...): ...

A generator function is refused: the call that makes a generator does none of its work. Durations are of the monotonic
clock, in seconds. What a piece is called is chosen by the code, never made of what a request brings: names are kept
for ever by whoever collects them.
"""

import inspect
import logging
import time
from collections.abc import Callable
from functools import wraps
from types import TracebackType
from typing import ParamSpec, Protocol, Self, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

SLOW_SECONDS = 10.0

_logger = logging.getLogger(__name__)


class Durations(Protocol):
    """Keeps durations. `outcome` is `ok`, or the name of an exception's type."""

    def record(self, name: str, seconds: float, outcome: str) -> None: ...


class _Recorder:
    """Where this process's durations go: set once, after the fork, by `metrics.configure_metrics`."""

    durations: Durations | None = None


def record_durations_in(durations: Durations | None) -> None:
    """From now on durations go there, besides the log; None for the log alone."""
    _Recorder.durations = durations


class timed:  # noqa: N801 - read as a verb, in front of a block or a function
    """Times a block, or each call of a function. One instance times one block at a time; a function may run in many.

    Told at debug level; at warning level once it took `slow` seconds or longer.
    """

    __slots__ = ("_name", "_slow", "_started")

    def __init__(self, name: str, *, slow: float = SLOW_SECONDS) -> None:
        self._name = name
        self._slow = slow
        self._started = 0.0

    def __enter__(self) -> Self:
        self._started = time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Tell how long it took; what was raised goes on, told by its type alone, as its text may hold a secret."""
        seconds = time.perf_counter() - self._started
        durations = _Recorder.durations
        slow = seconds >= self._slow
        if durations is None and not slow and not _logger.isEnabledFor(logging.DEBUG):
            return
        outcome = "ok" if kind is None else kind.__name__
        if durations is not None:
            durations.record(self._name, seconds, outcome)
        _logger.log(logging.WARNING if slow else logging.DEBUG, "%s took %.3f s: %s", self._name, seconds, outcome)

    def __call__(self, function: Callable[P, T]) -> Callable[P, T]:
        """The function, each call of it timed. Raises TypeError for a generator or coroutine function."""
        if inspect.isgeneratorfunction(function) or inspect.iscoroutinefunction(function):
            raise TypeError(f"{function.__qualname__} does its work after it was called: time the block inside")

        @wraps(function)
        def timing(*args: P.args, **kwargs: P.kwargs) -> T:
            with timed(self._name, slow=self._slow):
                return function(*args, **kwargs)

        return timing
