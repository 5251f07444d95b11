"""Waiting for a service that is being restarted: who is refused a connection has sent nothing, so waiting is safe."""

from collections.abc import Callable

import gevent
import gevent.socket

from signet_gateway.adapters.outbound.connections import Connections
from signet_gateway.application.errors import UpstreamBusy, UpstreamUnavailable

_TRY_AGAIN_AFTER = 0.05
_NOBODY_LISTENS = (ConnectionRefusedError, FileNotFoundError)


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


def take_patiently(connections: Connections, patience: Patience, *, fresh: bool) -> tuple[gevent.socket.socket, bool]:
    """Return a connection and whether it has been used; wait for a service that refuses one, for it may be restarting.

    Raises UpstreamUnavailable, and UpstreamBusy, which has waited already.
    """
    tried = False
    while True:
        try:
            taken = connections.take(fresh=fresh)
        except UpstreamBusy:
            raise
        except UpstreamUnavailable as error:
            refused = isinstance(error.__cause__, _NOBODY_LISTENS)
            if not (refused and patience.lasts()) and tried:
                raise
            tried = True
            gevent.sleep(_TRY_AGAIN_AFTER)
        else:
            patience.rewarded()
            return taken
