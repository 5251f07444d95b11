"""Waiting for a service that is being restarted: who is refused a connection has sent nothing, so waiting is safe."""

from collections.abc import Callable


class Patience:
    """Shared by all requests to one service: it begins with the first refusal and lasts for `seconds`.

    Once it is used up the service counts as down, and nobody waits any more until it has taken a connection again.
    """

    def __init__(self, monotonic: Callable[[], float], seconds: float) -> None:
        self._monotonic = monotonic
        self._seconds = seconds
        self._refused_at: float | None = None

    def lasts(self) -> bool:
        """Note a refusal; return whether to wait and try again."""
        now = self._monotonic()
        if self._refused_at is None:
            self._refused_at = now
        return now - self._refused_at < self._seconds

    def rewarded(self) -> None:
        """Note that the service takes connections."""
        self._refused_at = None
