"""What Signet declares on a broker: exchanges, a quorum queue and a dead-letter queue per consumer, and their bindings.

Commands have one quorum queue, and no dead letters.

A service whose broker user may not declare something relies on the operator having done so (deploy/rabbitmq); where
that is missing, `mandatory` publishing reports each event as not confirmed, so nothing is lost over it.

No exchange is called like a queue: a broker grants rights by name alone, so who may read such a queue could also bind
from the exchange, and who may write to such an exchange could also unbind the queue.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

import pika
from pika.exceptions import AMQPError, ChannelClosedByBroker

from signet_common.messaging.ports import BusUnavailable

EVENTS_EXCHANGE = "signet.events"
PULSE_EXCHANGE = "signet.pulse"
"""Apart from the events, which audit gets all of: a pulse goes to whoever listens at the moment, and nowhere else."""
DEAD_EXCHANGE = "signet.dead"
COMMANDS_EXCHANGE = "signet.send"
COMMANDS_QUEUE = "signet.commands"
"""The one queue behind the exchange of commands."""
DELIVERY_LIMIT = 100
"""Deliveries of one message before the broker sets it aside. A backstop against a message that kills its consumer; each
crash counts for all messages in flight, so it is far above what restarts and failovers add up to."""

ACCESS_REFUSED = 403

COMMAND_QUEUE_ARGUMENTS = {
    "x-queue-type": "quorum",
    "x-delivery-limit": DELIVERY_LIMIT,
    "x-message-ttl": 7 * 86_400_000,
    "x-overflow": "reject-publish",
}
"""No dead-letter exchange: what nobody can carry out, or nobody came for, is dropped with the secret that it may hold.
Each command brings its own time; the queue's, in milliseconds, is the most that it can ask for."""

Step = Callable[[Any], None]

_logger = logging.getLogger(__name__)


def queue_of(consumer: str) -> str:
    return f"signet.{consumer}"


def dead_queue_of(consumer: str) -> str:
    return f"signet.{consumer}.dead"


def consumer_steps(consumer: str, bindings: Sequence[str]) -> list[Step]:
    """Return what must be declared for a consumer; every step is one right that a broker user may lack."""
    queue, dead_queue = queue_of(consumer), dead_queue_of(consumer)

    def declare_queues(channel: Any) -> None:
        channel.queue_declare(dead_queue, durable=True, arguments={"x-queue-type": "quorum"})
        channel.queue_bind(dead_queue, DEAD_EXCHANGE, routing_key=queue)
        channel.queue_declare(queue, durable=True, arguments=queue_arguments(consumer))

    def bind(channel: Any) -> None:
        for binding in bindings:
            channel.queue_bind(queue, EVENTS_EXCHANGE, routing_key=binding)

    return [declare_events_exchange, declare_dead_exchange, declare_queues, bind]


def queue_arguments(consumer: str) -> dict[str, Any]:
    """Return a quorum queue's arguments. Dead-lettering keeps a message until the dead-letter queue confirms it."""
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-dead-letter-exchange": DEAD_EXCHANGE,
        "x-dead-letter-routing-key": queue_of(consumer),
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


def command_steps() -> list[Step]:
    """Return what must be declared for commands. Their names are routing keys that the exchange does not look at."""

    def declare_exchange(channel: Any) -> None:
        channel.exchange_declare(COMMANDS_EXCHANGE, exchange_type="fanout", durable=True)

    def declare_queue(channel: Any) -> None:
        channel.queue_declare(COMMANDS_QUEUE, durable=True, arguments=COMMAND_QUEUE_ARGUMENTS)

    def bind(channel: Any) -> None:
        channel.queue_bind(COMMANDS_QUEUE, COMMANDS_EXCHANGE, routing_key="")

    return [declare_exchange, declare_queue, bind]


def declare_events_exchange(channel: Any) -> None:
    channel.exchange_declare(EVENTS_EXCHANGE, exchange_type="topic", durable=True)


def declare_pulse_exchange(channel: Any) -> None:
    channel.exchange_declare(PULSE_EXCHANGE, exchange_type="topic", durable=True)


def declare_dead_exchange(channel: Any) -> None:
    channel.exchange_declare(DEAD_EXCHANGE, exchange_type="direct", durable=True)


def declare(parameters: Any, steps: Sequence[Step]) -> None:
    """Run each step on a connection of its own and a fresh channel (a refusal closes it). BusUnavailable if none."""
    try:
        connection = pika.BlockingConnection(parameters)
        try:
            run_steps(connection, steps)
        finally:
            if connection.is_open:
                connection.close()
    except (AMQPError, OSError) as error:
        raise BusUnavailable(f"the broker: {describe(error)}") from error


def run_steps(connection: Any, steps: Sequence[Step]) -> None:
    """Run the steps; one that the broker user has no right to is left to the operator."""
    for step in steps:
        channel = connection.channel()
        try:
            step(channel)
            channel.close()
        except ChannelClosedByBroker as error:
            if error.reply_code != ACCESS_REFUSED:
                raise
            _logger.debug("left to the operator: %s", error.reply_text)


def describe(error: BaseException) -> str:
    """Name an error of pika, whose own text is often empty, and which never holds the password."""
    causes = getattr(error, "args", ())
    return f"{type(error).__name__}: {'; '.join(str(cause) or type(cause).__name__ for cause in causes)}".rstrip(": ")
