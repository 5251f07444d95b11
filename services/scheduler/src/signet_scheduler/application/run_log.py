"""What a run logs is kept with the run: whatever its handler, or anything that it calls, hands to `logging`.

It is stored and shown to whoever may see the run, as every log is kept somewhere: a secret has no place in it.
"""

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

from signet_scheduler.domain.lines import storable
from signet_scheduler.domain.runs import LogLine

MAX_LINES = 1_000
"""Of one run, over all of its attempts. The last says that there were more."""
MAX_CHARACTERS = 2_000
"""Of one record."""
_HEAD = 500
"""What it begins with; most is left for its end, where a traceback says what has happened."""
_CUT = "more has been logged, which is not kept"

_current: ContextVar["RunLog | None"] = ContextVar("signet_scheduler_run_log", default=None)


class RunLog:
    """The lines of one attempt that wait to be stored."""

    def __init__(self, attempt: int, first_line: int = 1) -> None:
        self._attempt = attempt
        self._next = first_line
        self._lines: list[LogLine] = []
        self._lock = threading.Lock()

    def add(self, logged_at: datetime, level: str, text: str) -> None:
        """Keep a line, of a long one its beginning and its end; nothing once the run has logged its share."""
        with self._lock:
            if self._next > MAX_LINES:
                return
            shown = _CUT if self._next == MAX_LINES else storable(_bounded(text), MAX_CHARACTERS)
            self._lines.append(LogLine(self._next, self._attempt, logged_at, level, shown))
            self._next += 1

    def unsaved(self) -> Sequence[LogLine]:
        """What waits, in order."""
        with self._lock:
            return tuple(self._lines)

    def saved(self, lines: Sequence[LogLine]) -> None:
        """Forget the first lines, which are `lines`."""
        with self._lock:
            del self._lines[: len(lines)]


class RunLogHandler(logging.Handler):
    """Gives each record to the run that the thread works for, if it works for one."""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it; what cannot be formatted is kept as it came."""
        log = _current.get()
        if log is None:
            return
        log.add(datetime.fromtimestamp(record.created, UTC), record.levelname[:8], _text(self, record))


@contextmanager
def logging_to(log: RunLog) -> Iterator[None]:
    """Let what this thread logs be kept in `log`."""
    token = _current.set(log)
    try:
        yield
    finally:
        _current.reset(token)


def _bounded(text: str) -> str:
    if len(text) <= MAX_CHARACTERS:
        return text
    gap = f"\n… {len(text):,} characters, of which these are the first and the last …\n"
    return text[:_HEAD] + gap + text[_HEAD + len(gap) - MAX_CHARACTERS :]


def _text(handler: logging.Handler, record: logging.LogRecord) -> str:
    try:
        return handler.format(record)
    except (TypeError, ValueError):
        return f"{record.msg} {record.args!r}"
