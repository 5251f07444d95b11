"""The drill: a job that shows that jobs run, how they are followed, and how a failure is heard of."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from signet_scheduler.application.jobs import ExpectedFailure, RunContext
from signet_scheduler.application.shipped_jobs import Drill

logger = logging.getLogger(__name__)


class DrillFailed(ExpectedFailure):
    """As it was asked to."""


@dataclass(frozen=True, slots=True)
class RunDrill:
    """The handler of `drill`."""

    sleep: Callable[[float], None] = time.sleep

    def __call__(self, arguments: Drill, context: RunContext) -> None:
        """Take as long as it shall, second by second. Raises DrillFailed if it shall."""
        for second in range(arguments.seconds):
            logger.info("attempt %d, second %d of %d", context.attempt, second + 1, arguments.seconds)
            self.sleep(1)
        if arguments.fails:
            raise DrillFailed("it was asked to fail")
