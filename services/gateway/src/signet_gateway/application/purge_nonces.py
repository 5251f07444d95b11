"""Forget the nonces whose time is over, when the scheduler asks for it.

Claims forget a few old ones each as they come. What a busy hour has left behind is there until others come, so a store
that has become quiet stays as large as it was.
"""

from collections.abc import Callable
from dataclasses import dataclass

from signet_gateway.application.ports import NonceForgetting

SECONDS = 10.0
"""How long a request purges at most."""
PAUSE_SECONDS = 0.002
"""Between two steps, of which each takes a few hundred microseconds of everybody's lock."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many nonces were forgotten; `finished` says that none is left that is over."""

    nonces: int
    finished: bool


class PurgeNonces:
    """Forgets in small steps, between which claims go on."""

    def __init__(self, nonces: NonceForgetting, timer: Callable[[], float], pause: Callable[[float], object]) -> None:
        self._nonces = nonces
        self._timer = timer
        self._pause = pause

    def __call__(self) -> Forgotten:
        """Forget for ten seconds at most; safe to ask for twice. Raises NoncesUnavailable."""
        end, total = self._timer() + SECONDS, 0
        while gone := self._nonces.forget_expired():
            total += gone
            if self._timer() >= end:
                return Forgotten(total, finished=False)
            self._pause(PAUSE_SECONDS)
        return Forgotten(total, finished=True)
