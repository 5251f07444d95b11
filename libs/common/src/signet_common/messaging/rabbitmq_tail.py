"""A tail on a broker: an exclusive queue that dies with its connection, and with it what it might have missed."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import pika
from pika.exceptions import AMQPError, ChannelClosedByBroker

from signet_common.messaging.event import Delivery
from signet_common.messaging.ports import BusUnavailable, TailLost
from signet_common.messaging.rabbitmq_topology import (
    EVENTS_EXCHANGE,
    PULSE_EXCHANGE,
    declare_events_exchange,
    declare_pulse_exchange,
    describe,
    run_steps,
)

_logger = logging.getLogger(__name__)


class RabbitTail:
    """Listens from construction on. Serves its heartbeats inside `receive`: call it in a loop."""

    def __init__(self, parameters: Any, bindings: Sequence[str]) -> None:
        self._received: list[Delivery] = []
        self._cancelled = False
        try:
            self._connection = pika.BlockingConnection(parameters)
            self._listen(bindings)
        except (AMQPError, OSError) as error:
            raise BusUnavailable(f"the broker: {describe(error)}") from error

    def receive(self, timeout: float) -> list[Delivery]:
        try:
            self._connection.process_data_events(time_limit=timeout)
        except (AMQPError, OSError) as error:
            raise TailLost(f"the broker: {describe(error)}") from error
        if self._cancelled or self._channel.is_closed:
            raise TailLost("the broker: the queue of this tail is gone")
        received, self._received = self._received, []
        return received

    def close(self) -> None:
        if self._connection.is_open:
            self._connection.close()

    def _listen(self, bindings: Sequence[str]) -> None:
        run_steps(self._connection, [declare_events_exchange, declare_pulse_exchange])
        self._channel = self._connection.channel()
        queue = f"signet.tail.{uuid4().hex}"
        self._channel.queue_declare(queue, exclusive=True, auto_delete=True)
        for binding in bindings:
            self._channel.queue_bind(queue, EVENTS_EXCHANGE, routing_key=binding)
        self._bind_pulses(queue, bindings)
        self._channel.add_on_cancel_callback(self._on_cancel)
        self._channel.basic_consume(queue, self._on_message, auto_ack=True, exclusive=True)

    def _bind_pulses(self, queue: str, bindings: Sequence[str]) -> None:
        """On a channel of its own: a broker whose definitions know of no pulses closes it, and events still arrive."""
        channel = self._connection.channel()
        try:
            for binding in bindings:
                channel.queue_bind(queue, PULSE_EXCHANGE, routing_key=binding)
            channel.close()
        except ChannelClosedByBroker as error:
            _logger.warning("the broker lets no pulses through: %s", error.reply_text)

    def _on_message(self, _channel: Any, method: Any, _properties: Any, body: bytes) -> None:
        self._received.append(Delivery(method.routing_key, body))

    def _on_cancel(self, _frame: Any) -> None:
        self._cancelled = True
