"""Threads of a worker that only urgent runs get, straight from their rows.

Whatever waits in the broker's queue, and however long it keeps the other threads, is not before them: no message is
sent for an urgent run.
"""

import logging
import threading
from collections.abc import Sequence
from datetime import timedelta
from queue import SimpleQueue

from signet_scheduler.adapters.inbound.actor import Run
from signet_scheduler.adapters.inbound.turns import Turns
from signet_scheduler.application.ports import Clock, RowsUnavailable
from signet_scheduler.application.wake_runs import DueRun, WaitingRuns, WakeRuns

LOOK_SECONDS = 1.0
"""Soon enough for a mail, and seldom enough for a scheduler at rest."""
AGAIN = timedelta(seconds=5)
"""When another worker may take what this one has taken and not begun."""
AHEAD = 16
"""How many runs for each thread are taken from the rows at a time, so that no thread waits for the next look."""

logger = logging.getLogger(__name__)


class UrgentLane:
    """Fulfils `Bell` for the process that it is in: to ring is to let one of `threads` do the run."""

    def __init__(self, rows: WaitingRuns, run: Run, clock: Clock, threads: int) -> None:
        self._look = Turns("looking for urgent runs", WakeRuns(rows, self, clock, AGAIN), LOOK_SECONDS)
        self._run = run
        self._threads = threads
        self._waiting: SimpleQueue[DueRun | None] = SimpleQueue()
        self._taken: set[DueRun] = set()

    def ring(self, runs: Sequence[DueRun]) -> Sequence[DueRun]:
        """Take as many as there is room for; those that were taken before are among them."""
        taken = [run for run in runs if run in self._taken]
        fresh = [run for run in runs if run not in taken][: max(0, AHEAD * self._threads - len(self._taken))]
        for run in fresh:
            self._taken.add(run)
            self._waiting.put(run)
        return taken + fresh

    def close(self) -> None:
        """There is nothing to give back."""

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set and what has been begun is over. What has only been taken waits in its row."""
        names = [f"urgent {n}" for n in range(1, self._threads + 1)]
        threads = [threading.Thread(target=self._work, args=(stop,), name=name, daemon=True) for name in names]
        for thread in threads:
            thread.start()
        self._look.run(stop)
        for _ in threads:
            self._waiting.put(None)
        for thread in threads:
            thread.join()

    def _work(self, stop: threading.Event) -> None:
        while (run := self._waiting.get()) is not None and not stop.is_set():
            try:
                self._run(*run)
            except RowsUnavailable:
                logger.warning("run %d cannot be begun yet: the database does not answer", run.run_id)
            except BaseException:  # what is raised in a thread from outside may come late; the thread outlives it
                logger.exception("run %d could not be worked on", run.run_id)
            finally:
                self._taken.discard(run)
