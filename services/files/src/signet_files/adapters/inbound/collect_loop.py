"""Collects orphans in the background, step by step, and rests between them."""

import logging
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from threading import Event as Stop

from signet_common.sql.database import DatabaseUnavailable
from signet_files.application.collect_orphans import CollectOrphans
from signet_files.application.collected import Collected
from signet_files.domain.errors import BlobError

AGAIN_SECONDS = 60.0
"""After what is not possible now."""
REST = 4
"""How many times as long as a step the loop rests: it takes a fifth of the time of those who write."""
LEAST_REST_SECONDS = 0.05

_LOGGER = logging.getLogger(__name__)


class CollectLoop:
    """A loop of the background process. `hold` says whether no other process of the service collects just now."""

    def __init__(self, collect: CollectOrphans, hold: Callable[[], bool], every: timedelta) -> None:
        self._collect = collect
        self._hold = hold
        self._every = every
        self._total = Collected()

    def run(self, stop: Stop) -> None:
        """Collect until `stop`: all that is due, and again when `every` has passed."""
        while not stop.is_set():
            stop.wait(self._turn())

    def _turn(self) -> float:
        """Make one step; the seconds until the next one."""
        try:
            if self._hold():
                return self._step()
        except (BlobError, DatabaseUnavailable) as failed:
            _LOGGER.warning("orphans are not collected for now: %s", failed)
        except Exception:
            # The loop of this thread: orphans do no harm for another minute, and no other loop shall end for them.
            _LOGGER.exception("orphans could not be collected")
        return AGAIN_SECONDS

    def _step(self) -> float:
        started = time.monotonic()
        self._total = self._total.then(self._collect.step(self._total.after))
        if not self._total.finished:
            return max(LEAST_REST_SECONDS, REST * (time.monotonic() - started))
        done, self._total = self._total, Collected()
        if done != self._total:
            _LOGGER.info("orphans were collected", extra={"collected": asdict(done)})
        return self._every.total_seconds()
