"""Loops that take turns: one that fails says so and tries again, a while later."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from signet_common.messaging.backoff import Backoff
from signet_common.messaging.ports import BusUnavailable
from signet_scheduler.application.ports import RowsUnavailable

logger = logging.getLogger(__name__)

Turn = Callable[[], bool | None]
"""Does its work once; True where there may be more of it at once."""


@dataclass(frozen=True, slots=True)
class Turns:
    """Takes `turn` every so many seconds until it is told to stop. Nothing that goes wrong ends it."""

    name: str
    turn: Turn
    seconds: float
    close: Callable[[], None] | None = None

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set."""
        backoff, failing = Backoff(), False
        try:
            while not stop.is_set():
                try:
                    more = self.turn()
                except Exception as failed:  # noqa: BLE001 - the loop of this thread
                    if not failing:
                        self._say(failed)
                    failing = True
                    backoff.wait(stop)
                    continue
                if failing:
                    logger.info("%s goes on", self.name)
                    failing = False
                    backoff.reset()
                if not more:
                    stop.wait(self.seconds)
        finally:
            if self.close is not None:
                self.close()

    def _say(self, failed: Exception) -> None:
        """Once per outage, and with a traceback where it is none."""
        if isinstance(failed, BusUnavailable | RowsUnavailable):
            logger.warning("%s has to wait: %s", self.name, failed or type(failed).__name__)
        else:
            logger.error("%s failed", self.name, exc_info=failed)
