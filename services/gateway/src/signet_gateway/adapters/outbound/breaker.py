"""A circuit breaker: a service that keeps failing is left alone for a moment, and its callers are told at once."""

from collections.abc import Callable

FAILURES = 5
OPEN_SECONDS = 1.0


class CircuitBreaker:
    """Opens after `failures` in a row for `open_seconds`, then lets one request through to see."""

    def __init__(
        self, monotonic: Callable[[], float], *, failures: int = FAILURES, open_seconds: float = OPEN_SECONDS
    ) -> None:
        self._monotonic = monotonic
        self._failures = failures
        self._open_seconds = open_seconds
        self._in_a_row = 0
        self._opened_at = 0.0

    def allows(self) -> bool:
        """Whether a request may be tried now. While open, each period lets one through."""
        if self._in_a_row < self._failures:
            return True
        now = self._monotonic()
        if now - self._opened_at < self._open_seconds:
            return False
        self._opened_at = now
        return True

    def succeeded(self) -> None:
        """Note an answer, whatever it says: the service is there."""
        self._in_a_row = 0

    def failed(self) -> None:
        """Note that no answer came."""
        self._in_a_row += 1
        if self._in_a_row == self._failures:
            self._opened_at = self._monotonic()
