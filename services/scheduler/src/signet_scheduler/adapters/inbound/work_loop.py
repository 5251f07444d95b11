"""The loop of a worker process: Dramatiq's threads, and one that tells that they are alive."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import dramatiq
from dramatiq.middleware import raise_thread_exception
from dramatiq.worker import ConsumerThread, WorkerThread

from signet_scheduler.adapters.inbound.urgent_lane import UrgentLane
from signet_scheduler.application.beat import BeatForRuns
from signet_scheduler.application.ports import RowsUnavailable
from signet_scheduler.application.run_log import RunLogHandler
from signet_scheduler.application.under_way import UnderWay

BEAT_SECONDS = 1.0
IDLE_MS = 1_000
"""How soon threads without work notice that they are to end; four times as often costs a quarter percent of a core."""
FOREVER_MS = 86_400_000
START_SECONDS = 0.01
"""How often it is looked whether all threads have begun."""

logger = logging.getLogger(__name__)

raise_in_thread = raise_thread_exception


@dataclass(frozen=True, slots=True)
class WorkLoop:
    """Works on what the broker brings, and on what is urgent.

    When it is told to stop, nothing new is begun and everything may finish. After `grace_seconds` what somebody else
    can begin again is handed back; the rest goes on until it is done, or until whoever stops the process loses
    patience.
    """

    broker: dramatiq.Broker
    beat: BeatForRuns
    under_way: UnderWay
    urgent: UrgentLane
    threads: int
    grace_seconds: float
    close: Callable[[], None]
    idle_ms: int = IDLE_MS

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set and all work is done or handed back."""
        ended, kept = threading.Event(), RunLogHandler()
        logging.getLogger().addHandler(kept)
        beating = threading.Thread(target=self._beat, args=(ended,), name="beats", daemon=True)
        beating.start()
        worker = dramatiq.Worker(self.broker, worker_threads=self.threads, worker_timeout=self.idle_ms)
        worker.start()
        urgent = threading.Thread(target=self.urgent.run, args=(stop,), name="urgent", daemon=True)
        urgent.start()
        try:
            stop.wait()
            self._end(worker, urgent)
        finally:
            ended.set()
            beating.join()
            self.broker.close()
            self.close()
            logging.getLogger().removeHandler(kept)

    def _end(self, worker: dramatiq.Worker, urgent: threading.Thread) -> None:
        def stop() -> None:
            threads: list[WorkerThread | ConsumerThread] = [*worker.workers, *worker.consumers.values()]
            # A thread that has not run yet would forget that it was told to end.
            while any(thread.is_alive() and not thread.running for thread in threads):
                time.sleep(START_SECONDS)
            worker.stop(FOREVER_MS)
            urgent.join()

        stopping = threading.Thread(target=stop, name="stopping", daemon=True)
        stopping.start()
        deadline = time.monotonic() + self.grace_seconds
        while stopping.is_alive() and time.monotonic() < deadline:
            stopping.join(0.1)
        # Again and again: an attempt may just be beginning.
        while stopping.is_alive():
            self.under_way.hand_back()
            stopping.join(0.1)

    def _beat(self, ended: threading.Event) -> None:
        while not ended.wait(BEAT_SECONDS):
            try:
                self.beat()
            except RowsUnavailable:
                logger.warning("no sign of life can be given: the database does not answer")
            except Exception:
                logger.exception("no sign of life could be given")
