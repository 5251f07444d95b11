"""Retention: runs that ended long ago go, with their attempts and what they logged."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from signet_scheduler.application.jobs import RunContext
from signet_scheduler.application.ports import Clock
from signet_scheduler.application.shipped_jobs import EraseOldRuns

BATCH = 500

logger = logging.getLogger(__name__)


class EndedRuns(Protocol):
    """Runs that nothing will happen to any more."""

    def erase(self, ended_before: datetime, limit: int) -> int:
        """Erase at most so many of those that ended before, the oldest first; how many there were."""
        ...


@dataclass(frozen=True, slots=True)
class EraseRuns:
    """The handler of `erase-old-runs`."""

    runs: EndedRuns
    clock: Clock

    def __call__(self, arguments: EraseOldRuns, _context: RunContext) -> Mapping[str, Any]:
        """Erase by the batch, so that no transaction is long."""
        before = self.clock() - timedelta(days=arguments.days)
        erased = 0
        while batch := self.runs.erase(before, BATCH):
            erased += batch
        logger.info("erased %d runs that ended before %s", erased, before.isoformat(timespec="seconds"))
        return {"erased": erased}
