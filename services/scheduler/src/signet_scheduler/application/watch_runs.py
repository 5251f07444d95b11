"""Runs whose worker has died are found by what does not happen any more.

A worker raises `beats` in the rows of its runs. A run in which nothing has changed for LEASE by the watcher's own
monotonic clock is abandoned. No two clocks are compared, so that no clock which jumps takes a run from a living worker.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from signet_scheduler.application.jobs import Catalog
from signet_scheduler.application.under_way import Monotonic
from signet_scheduler.domain.endings import Ending, Policy
from signet_scheduler.domain.errors import JobNotFound
from signet_scheduler.domain.policies import RetryPolicy
from signet_scheduler.domain.runs import RunState

LEASE_SECONDS = 15.0
BLIND_SECONDS = 5.0
"""A watcher that has seen nothing for so long, be it that the database was away, knows nothing of anybody's silence."""

logger = logging.getLogger(__name__)


class Sign(NamedTuple):
    """What a worker changes as long as it lives."""

    run_id: int
    job_name: str
    attempt: int
    beats: int


class RunningRuns(Protocol):
    """The rows that say of themselves that somebody works for them."""

    def running(self) -> Sequence[Sign]:
        """All of them."""
        ...

    def abandon(self, sign: Sign, ending: Ending, policy: Policy) -> RunState | None:
        """End the attempt if the row still shows `sign`; the run's state, None where it has changed."""
        ...


@dataclass(slots=True)
class WatchRuns:
    """One watcher; any number of them may watch the same rows."""

    rows: RunningRuns
    catalog: Catalog
    monotonic: Monotonic = time.monotonic
    _seen: dict[Sign, float] = field(default_factory=dict)
    _looked: float = float("-inf")

    def __call__(self) -> None:
        """Look once, and end what is abandoned. Raises RowsUnavailable."""
        running = self.rows.running()
        now = self.monotonic()
        if now - self._looked > BLIND_SECONDS:
            self._seen.clear()
        self._looked = now
        self._seen = {sign: self._seen.get(sign, now) for sign in running}
        for sign, since in self._seen.items():
            if now - since >= LEASE_SECONDS:
                self._abandon(sign)

    def _abandon(self, sign: Sign) -> None:
        ending = Ending("interrupted", f"its worker gave no sign of life for {LEASE_SECONDS:g} seconds")
        state = self.rows.abandon(sign, ending, self._policy(sign.job_name))
        if state is not None:
            logger.warning("run %d of %s lost its worker and is %s", sign.run_id, sign.job_name, state)

    def _policy(self, job_name: str) -> Policy:
        try:
            job = self.catalog[job_name]
        except JobNotFound:
            return Policy(RetryPolicy(), idempotent=False)
        return Policy(job.retry, job.idempotent)
