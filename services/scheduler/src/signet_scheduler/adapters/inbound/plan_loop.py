"""Plans slots in a thread of the background process: sleeps until one is due, and never for long."""

import logging
import time
from collections.abc import Callable
from threading import Event as Stop

from signet_common.sql.database import DatabaseUnavailable
from signet_scheduler.application.plan_slots import PlanSlots
from signet_scheduler.application.ports import Clock
from signet_scheduler.application.seed_schedules import SeedSchedules

AGAIN_SECONDS = 1.0
"""After what is not possible now."""
JUMP_SECONDS = 30.0
"""How far the clock must have been put back for every schedule to be looked at anew."""

_LOGGER = logging.getLogger(__name__)


class PlanLoop:
    """A loop of the background process. `clock` is the one that is planned by, `elapsed` one that nobody sets."""

    def __init__(
        self, seed: SeedSchedules, plan: PlanSlots, clock: Clock, elapsed: Callable[[], float] = time.monotonic
    ) -> None:
        self._seed = seed
        self._plan = plan
        self._clock = clock
        self._elapsed = elapsed
        self._ready = False
        self._ahead: float | None = None

    def run(self, stop: Stop) -> None:
        """Plan until `stop`."""
        while not stop.is_set():
            stop.wait(self.turn())

    def turn(self) -> float:
        """Do what is to be done now; the seconds until the next turn."""
        try:
            if self._was_put_back() or not self._ready:
                self._begin()
            return self._plan.step()
        except DatabaseUnavailable:
            _LOGGER.warning("no slot is planned for now: the database does not answer")
        except Exception:
            # The loop of this thread: the slots stay due, and no other loop shall end for them.
            _LOGGER.exception("slots could not be planned")
        return AGAIN_SECONDS

    def _begin(self) -> None:
        """At the start, and when the clock was put back: it may have been wrong the last time somebody planned."""
        self._ready = False
        if made := self._seed():
            _LOGGER.info("schedules were made as the code declares them", extra={"schedules": made})
        if moved := self._plan.realign():
            _LOGGER.warning("schedules waited for slots too far ahead, and were moved back", extra={"schedules": moved})
        self._ready = True

    def _was_put_back(self) -> bool:
        ahead = self._clock().timestamp() - self._elapsed()
        before, self._ahead = self._ahead, ahead
        return before is not None and ahead < before - JUMP_SECONDS
