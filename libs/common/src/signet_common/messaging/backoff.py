"""Waiting longer after each failure, up to a bound, and never in step with other processes."""

from __future__ import annotations

import random
import threading


class Backoff:
    """Doubles from `first` to `most` seconds; each wait is drawn from its upper half."""

    def __init__(self, first: float = 0.1, most: float = 5.0) -> None:
        self._first, self._most = first, most
        self._next = first

    def wait(self, stop: threading.Event) -> bool:
        """Wait; True, at once, when `stop` is set."""
        seconds = self._next * random.uniform(0.5, 1.0)
        self._next = min(self._next * 2, self._most)
        return stop.wait(seconds)

    def reset(self) -> None:
        """After a success: the next failure waits briefly again."""
        self._next = self._first
