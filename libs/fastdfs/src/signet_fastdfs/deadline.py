"""The time that one operation may take, counted while the peer is waited for."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from signet_fastdfs.errors import TimedOut


class Deadline:
    """A budget of seconds over a whole operation, however many steps it has: a dribbling peer gains nothing.

    The clock stands still while the caller is at work (`paused`): a slow reader of a download, or a slow producer of an
    upload, is no fault of the server.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds
        self._paused_at = 0.0

    def remaining(self) -> float:
        """Seconds left, always above 0. Raises TimedOut."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimedOut(f"the operation took longer than {self._seconds:g} s")
        return left

    def within(self, seconds: float) -> "Deadline":
        """A step that may take `seconds` and no more than what is left. Raises TimedOut."""
        return Deadline(min(seconds, self.remaining()))

    def pause(self) -> None:
        """The caller works now, not the peer."""
        self._paused_at = time.monotonic()

    def resume(self) -> None:
        """The peer is waited for again."""
        self._end += time.monotonic() - self._paused_at

    @contextmanager
    def paused(self) -> Iterator[None]:
        """No time is counted inside."""
        self.pause()
        try:
            yield
        finally:
            self.resume()
