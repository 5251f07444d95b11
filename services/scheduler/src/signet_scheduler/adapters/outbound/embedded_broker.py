"""Dramatiq's in-process broker, where workers and whoever wakes them share a process.

It is made for tests and keeps whatever is handed to it; here nothing of it grows, and nothing of it is read: the rows
tell all of it.
"""

from collections import defaultdict, deque
from collections.abc import Sequence
from queue import Queue

from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware import Middleware

from signet_scheduler.adapters.messages import QUEUE, message_of
from signet_scheduler.application.wake_runs import DueRun

MOST_WAITING = 1_000
MOST_DEAD = 100


class EmbeddedBroker(StubBroker):
    """Without a queue of delayed messages, which nobody sends and a thread of its own would listen to."""

    def __init__(self, middleware: list[Middleware]) -> None:
        super().__init__(middleware)
        dead: defaultdict[str, deque[object]] = defaultdict(lambda: deque(maxlen=MOST_DEAD))
        self.dead_letters_by_queue = dead  # type: ignore[assignment]  # appended to, and no more

    def declare_queue(self, queue_name: str) -> None:
        """Make the queue unless it is there."""
        if queue_name not in self.queues:
            self.emit_before("declare_queue", queue_name)
            self.queues[queue_name] = Queue()
            self.emit_after("declare_queue", queue_name)


class EmbeddedBell:
    """Fulfils `Bell`. Of what does not fit in the queue nobody is told yet."""

    def __init__(self, broker: EmbeddedBroker) -> None:
        self._broker = broker

    def ring(self, runs: Sequence[DueRun]) -> Sequence[DueRun]:
        """Put a message for each into the queue."""
        room = max(0, MOST_WAITING - self._broker.queues[QUEUE].qsize())
        for run in runs[:room]:
            self._broker.enqueue(message_of(run))
        return runs[:room]

    def close(self) -> None:
        """There is nothing to give back."""
