"""Reading one queue of a broker: a bounded number of deliveries in hand, acknowledged by hundreds."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from signet_common.messaging.event import Delivery
from signet_common.messaging.rabbitmq_link import Link
from signet_common.messaging.rabbitmq_topology import Step, declare


class Tag(NamedTuple):
    """Which inbox a delivery came from, and under which tag. Tags of a connection that is gone settle nothing."""

    inbox: _Inbox
    tag: int
    message_id: str


class _Inbox:
    """What one connection delivered. Filled by its I/O thread, emptied by the consumer's."""

    def __init__(self, queue: str, prefetch: int) -> None:
        self._queue, self._prefetch = queue, prefetch
        self._arrival = threading.Condition()
        self._arrived: deque[Delivery] = deque()
        self._down = False
        self.outstanding: dict[int, None] = {}

    def prepare(self, channel: Any, ready: Any) -> None:
        channel.add_on_cancel_callback(lambda _frame: channel.close())
        channel.basic_qos(prefetch_count=self._prefetch)
        channel.basic_consume(self._queue, self._on_message, callback=lambda _frame: ready())

    def close(self) -> None:
        with self._arrival:
            self._down = True
            self._arrived.clear()
            self._arrival.notify_all()

    def take(self, limit: int, timeout: float) -> list[Delivery]:
        deadline = time.monotonic() + timeout
        with self._arrival:
            while not self._arrived and not self._down and (remaining := deadline - time.monotonic()) > 0:
                self._arrival.wait(remaining)
            taken = [self._arrived.popleft() for _ in range(min(limit, len(self._arrived)))]
        self.outstanding.update((delivery.position.tag, None) for delivery in taken)
        return taken

    def settle(self, tags: set[int]) -> list[tuple[int, bool]]:
        """Forget the tags; return the acknowledgements (tag, multiple) that say so in the fewest words."""
        known = [tag for tag in self.outstanding if tag in tags]
        covers_all = bool(known) and known == list(self.outstanding)[: len(known)]
        for tag in known:
            del self.outstanding[tag]
        return [(known[-1], True)] if covers_all else [(tag, False) for tag in known]

    def _on_message(self, _channel: Any, method: Any, properties: Any, body: bytes) -> None:
        tag = Tag(self, method.delivery_tag, properties.message_id or "")
        with self._arrival:
            self._arrived.append(Delivery(method.routing_key, body, tag, method.redelivered))
            self._arrival.notify()


class QueueReader:
    """Connects and declares when it first receives; after a loss, with the next receive."""

    def __init__(self, parameters: Any, queue: str, steps: Sequence[Step], prefetch: int) -> None:
        self._parameters, self._queue, self._steps, self._prefetch = parameters, queue, steps, prefetch
        self._link: Link | None = None
        self._inbox = _Inbox(queue, prefetch)

    def receive(self, limit: int, timeout: float) -> list[Delivery]:
        """Return up to `limit` deliveries in order, waiting at most `timeout` seconds for the first."""
        self._connect()
        return self._inbox.take(limit, timeout)

    def acknowledge(self, positions: Collection[Tag]) -> None:
        """Settle what stands at these positions."""
        settled = self._inbox.settle({position.tag for position in positions if position.inbox is self._inbox})

        def acknowledge(channel: Any) -> None:
            for tag, multiple in settled:
                channel.basic_ack(tag, multiple)

        if settled and self._link is not None:
            self._link.call(acknowledge)

    def close(self) -> None:
        """Disconnect; the broker hands out again what is not settled."""
        if self._link is not None:
            self._link.close()
            self._link = None

    def _connect(self) -> None:
        if self._link is not None and self._link.is_up:
            return
        self.close()
        declare(self._parameters, self._steps)
        self._inbox = _Inbox(self._queue, self._prefetch)
        self._link = Link(self._parameters, self._inbox.prepare, self._inbox.close)
