"""Dramatiq over RabbitMQ, with what the house asks of a queue.

Dramatiq declares a classic queue and publishes through the default exchange. Here it is a quorum queue of bounded
length behind an exchange of its own: the right to write to the default exchange is the right to write into every queue
of the virtual host. It is not called like the queue, which the scheduler may read: rights go by name, and to read an
exchange is to bind others to it. Nobody sends delayed messages, because rows wait, so there is no queue of them.
"""

from collections.abc import Sequence
from typing import Any

import pika
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.errors import ConnectionClosed
from dramatiq.middleware import Middleware

from signet_common.messaging.ports import BusUnavailable, BusUrlInvalid
from signet_common.messaging.rabbitmq_publisher import ConfirmedPublisher, Message
from signet_common.messaging.rabbitmq_topology import (
    DEAD_EXCHANGE,
    DELIVERY_LIMIT,
    Step,
    declare,
    declare_dead_exchange,
)
from signet_scheduler.adapters.messages import QUEUE, message_of
from signet_scheduler.application.wake_runs import DueRun

EXCHANGE = "signet.wake"
DEAD_QUEUE = f"{QUEUE}.dead"
MOST_WAITING = 1_000
"""Messages that the queue holds. A row is told anew every half minute until it is claimed, and a queue that nobody
reads must not grow by that; what it refuses waits in its row."""
MOST_DEAD = 10_000
DEAD_MS = 30 * 86_400_000
QUEUE_ARGUMENTS = {
    "x-queue-type": "quorum",
    "x-delivery-limit": DELIVERY_LIMIT,
    "x-max-length": MOST_WAITING,
    "x-overflow": "reject-publish",
    "x-dead-letter-exchange": DEAD_EXCHANGE,
    "x-dead-letter-routing-key": QUEUE,
    "x-dead-letter-strategy": "at-least-once",
}
DEAD_QUEUE_ARGUMENTS = {"x-queue-type": "quorum", "x-max-length": MOST_DEAD, "x-message-ttl": DEAD_MS}
"""The rows tell more of what has failed, and longer."""

_CONTENT_TYPE = "application/json"
_HEARTBEAT_SECONDS = 30


class JobsBroker(RabbitmqBroker):
    """What a worker consumes from. It publishes nothing. Raises BusUrlInvalid."""

    def __init__(self, url: str, middleware: list[Middleware]) -> None:
        super().__init__(url="amqp://", middleware=middleware)
        self.parameters = parameters_of(url)

    def declare_queue(self, queue_name: str, *, ensure: bool = False) -> None:
        """Know the queue; with `ensure` make it on the broker. Raises ConnectionClosed."""
        if queue_name not in self.queues:
            self.emit_before("declare_queue", queue_name)
            self.queues.add(queue_name)
            self.emit_after("declare_queue", queue_name)
        if ensure:
            try:
                declare(self.parameters, jobs_steps())
            except BusUnavailable as unavailable:
                raise ConnectionClosed(unavailable) from None  # type: ignore[no-untyped-call]


class RabbitBell:
    """Fulfils `Bell` (publisher confirms, persistent, mandatory). A full queue refuses, and nobody is told."""

    def __init__(self, url: str) -> None:
        self._publisher = ConfirmedPublisher(parameters_of(url), EXCHANGE, jobs_steps())

    def ring(self, runs: Sequence[DueRun]) -> Sequence[DueRun]:
        """Publish a message for each."""
        messages = {run: message_of(run) for run in runs}
        confirmed = self._publisher.publish(
            [Message(each.message_id, QUEUE, each.encode(), _CONTENT_TYPE) for each in messages.values()]
        )
        return [run for run, message in messages.items() if message.message_id in confirmed]

    def close(self) -> None:
        """Disconnect."""
        self._publisher.close()


def jobs_steps() -> list[Step]:
    """Return what must be declared for jobs; every step is one right that a broker user may lack."""

    def declare_exchange(channel: Any) -> None:
        channel.exchange_declare(EXCHANGE, exchange_type="direct", durable=True)

    def declare_dead_queue(channel: Any) -> None:
        channel.queue_declare(DEAD_QUEUE, durable=True, arguments=DEAD_QUEUE_ARGUMENTS)
        channel.queue_bind(DEAD_QUEUE, DEAD_EXCHANGE, routing_key=QUEUE)

    def declare_queue(channel: Any) -> None:
        channel.queue_declare(QUEUE, durable=True, arguments=QUEUE_ARGUMENTS)
        channel.queue_bind(QUEUE, EXCHANGE, routing_key=QUEUE)

    return [declare_exchange, declare_dead_exchange, declare_dead_queue, declare_queue]


def parameters_of(url: str) -> pika.URLParameters:
    """How to reach the broker. Raises BusUrlInvalid, without showing the URL, which holds a password."""
    try:
        parameters = pika.URLParameters(url)
    except (ValueError, TypeError):
        raise BusUrlInvalid("a broker is amqp://user:password@host:port/vhost") from None
    parameters.heartbeat = _HEARTBEAT_SECONDS
    parameters.socket_timeout = 5.0
    parameters.stack_timeout = 10.0
    parameters.connection_attempts = 1
    return parameters
