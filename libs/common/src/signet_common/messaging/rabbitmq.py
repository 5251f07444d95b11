"""RabbitMQ as the bus. Nothing is connected before it is used; every publisher and consumer has its own connection."""

from __future__ import annotations

from collections.abc import Sequence

import pika

from signet_common.messaging.ports import AUDIT_CONSUMER, BusUrlInvalid
from signet_common.messaging.rabbitmq_commands import RabbitCommandReceiver, RabbitCommandSender
from signet_common.messaging.rabbitmq_consumer import RabbitConsumer
from signet_common.messaging.rabbitmq_publisher import RabbitPublisher
from signet_common.messaging.rabbitmq_tail import RabbitTail
from signet_common.messaging.rabbitmq_topology import EVENTS_EXCHANGE, consumer_steps, declare_pulse_exchange

_HEARTBEAT_SECONDS = 30
_SOCKET_SECONDS = 5.0
_HANDSHAKE_SECONDS = 10.0
_BLOCKED_SECONDS = 30.0


class RabbitBus:
    """A broker and virtual host, by URL. BusUrlInvalid where pika cannot read it."""

    def __init__(self, url: str, heartbeat: int = _HEARTBEAT_SECONDS) -> None:
        try:
            self._parameters = pika.URLParameters(url)
        except (ValueError, TypeError) as error:
            raise BusUrlInvalid("a broker is amqp://user:password@host:port/vhost") from error
        self._parameters.heartbeat = heartbeat
        self._parameters.socket_timeout = _SOCKET_SECONDS
        self._parameters.stack_timeout = _HANDSHAKE_SECONDS
        self._parameters.blocked_connection_timeout = _BLOCKED_SECONDS
        self._parameters.connection_attempts = 1

    def publisher(self, service: str) -> RabbitPublisher:
        steps = [*consumer_steps(AUDIT_CONSUMER, ["#"]), declare_pulse_exchange]
        return RabbitPublisher(self._parameters, EVENTS_EXCHANGE, steps, service)

    def consumer(self, name: str, bindings: Sequence[str]) -> RabbitConsumer:
        return RabbitConsumer(self._parameters, name, bindings)

    def tail(self, bindings: Sequence[str]) -> RabbitTail:
        return RabbitTail(self._parameters, bindings)

    def command_sender(self, service: str) -> RabbitCommandSender:  # noqa: ARG002  (the broker knows its user)
        return RabbitCommandSender(self._parameters)

    def command_receiver(self) -> RabbitCommandReceiver:
        return RabbitCommandReceiver(self._parameters)

    def close(self) -> None:
        """Nothing is shared: publishers, consumers and tails are closed by their owners."""
