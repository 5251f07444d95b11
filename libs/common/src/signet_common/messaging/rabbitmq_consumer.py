"""A durable consumer on a broker: a quorum queue, a bounded number of deliveries in hand, acknowledged by hundreds."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple

from signet_common.messaging.event import Delivery, OutgoingEvent, new_event_id
from signet_common.messaging.ports import BusUnavailable
from signet_common.messaging.rabbitmq_link import Link
from signet_common.messaging.rabbitmq_publisher import RabbitPublisher
from signet_common.messaging.rabbitmq_topology import DEAD_EXCHANGE, consumer_steps, declare, queue_of

PREFETCH = 500
REASON_HEADER = "x-signet-reason"
ROUTING_KEY_HEADER = "x-signet-routing-key"


class Tag(NamedTuple):
    """Which inbox a delivery came from, and under which tag. Tags of a connection that is gone settle nothing."""

    inbox: _Inbox
    tag: int
    message_id: str


class _Inbox:
    """What one connection delivered. Filled by its I/O thread, emptied by the consumer's."""

    def __init__(self, queue: str) -> None:
        self._queue = queue
        self._arrival = threading.Condition()
        self._arrived: deque[Delivery] = deque()
        self._down = False
        self.outstanding: dict[int, None] = {}

    def prepare(self, channel: Any, ready: Any) -> None:
        channel.add_on_cancel_callback(lambda _frame: channel.close())
        channel.basic_qos(prefetch_count=PREFETCH)
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


class RabbitConsumer:
    """Connects and declares when it first receives; after a loss, with the next receive."""

    def __init__(self, parameters: Any, name: str, bindings: Sequence[str]) -> None:
        self._parameters, self._queue = parameters, queue_of(name)
        self._steps = consumer_steps(name, bindings)
        self._dead = RabbitPublisher(parameters, DEAD_EXCHANGE, self._steps)
        self._link: Link | None = None
        self._inbox = _Inbox(self._queue)

    def receive(self, limit: int, timeout: float) -> list[Delivery]:
        self._connect()
        return self._inbox.take(limit, timeout)

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        tags = {delivery.position.tag for delivery in deliveries if delivery.position.inbox is self._inbox}
        settled = self._inbox.settle(tags)

        def acknowledge(channel: Any) -> None:
            for tag, multiple in settled:
                channel.basic_ack(tag, multiple)

        if settled and self._link is not None:
            self._link.call(acknowledge)

    def dead_letter(self, delivery: Delivery, reason: str) -> None:
        event_id = delivery.position.message_id or new_event_id()
        headers = {REASON_HEADER: reason, ROUTING_KEY_HEADER: delivery.routing_key}
        if event_id not in self._dead.publish([OutgoingEvent(event_id, self._queue, delivery.body)], headers):
            raise BusUnavailable("the broker: the dead-letter queue did not take the message")
        self.acknowledge([delivery])

    def close(self) -> None:
        self._dead.close()
        if self._link is not None:
            self._link.close()
            self._link = None

    def _connect(self) -> None:
        if self._link is not None and self._link.is_up:
            return
        if self._link is not None:
            self._link.close()
            self._link = None
        declare(self._parameters, self._steps)
        self._inbox = _Inbox(self._queue)
        self._link = Link(self._parameters, self._inbox.prepare, self._inbox.close)
