"""A durable consumer on a broker: a quorum queue, and a dead-letter queue beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from signet_common.messaging.event import Delivery, new_event_id
from signet_common.messaging.ports import BusUnavailable
from signet_common.messaging.rabbitmq_publisher import EVENT_CONTENT_TYPE, ConfirmedPublisher, Message
from signet_common.messaging.rabbitmq_queue import QueueReader
from signet_common.messaging.rabbitmq_topology import DEAD_EXCHANGE, consumer_steps, queue_of

PREFETCH = 500
REASON_HEADER = "x-signet-reason"
ROUTING_KEY_HEADER = "x-signet-routing-key"


class RabbitConsumer:
    """Fulfils the port `EventConsumer`."""

    def __init__(self, parameters: Any, name: str, bindings: Sequence[str]) -> None:
        self._queue = queue_of(name)
        steps = consumer_steps(name, bindings)
        self._reader = QueueReader(parameters, self._queue, steps, PREFETCH)
        self._dead = ConfirmedPublisher(parameters, DEAD_EXCHANGE, steps)

    def receive(self, limit: int, timeout: float) -> list[Delivery]:
        return self._reader.receive(limit, timeout)

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        self._reader.acknowledge([delivery.position for delivery in deliveries])

    def dead_letter(self, delivery: Delivery, reason: str) -> None:
        message_id = delivery.position.message_id or new_event_id()
        headers = {REASON_HEADER: reason, ROUTING_KEY_HEADER: delivery.routing_key}
        dead = Message(message_id, self._queue, delivery.body, EVENT_CONTENT_TYPE, headers)
        if message_id not in self._dead.publish([dead]):
            raise BusUnavailable("the broker: the dead-letter queue did not take the message")
        self.acknowledge([delivery])

    def close(self) -> None:
        self._dead.close()
        self._reader.close()
