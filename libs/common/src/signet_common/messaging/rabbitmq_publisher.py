"""Publishing with many confirms in flight (publisher confirms, persistent, mandatory)."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pika
from pika.spec import PERSISTENT_DELIVERY_MODE, Basic

from signet_common.messaging.event import OutgoingEvent
from signet_common.messaging.ports import BusUnavailable
from signet_common.messaging.rabbitmq_link import Link
from signet_common.messaging.rabbitmq_pulse import PulseChannel
from signet_common.messaging.rabbitmq_topology import Step, declare

IN_FLIGHT = 500
CONFIRM_SECONDS = 15.0
"""How long a batch may wait for its confirms: a broker that is out of disk or memory withholds them."""

EVENT_CONTENT_TYPE = "application/cloudevents+json"


@dataclass(frozen=True, slots=True)
class Message:
    """What goes to an exchange. `expiration` is in milliseconds from now, as text."""

    message_id: str
    routing_key: str
    body: bytes = field(repr=False)
    content_type: str
    headers: Mapping[str, str] | None = None
    expiration: str | None = None


class _Confirms:
    """What one channel has sent, in delivery-tag order, and what became of it. Lives in the link's I/O thread."""

    def __init__(self, exchange: str) -> None:
        self._exchange = exchange
        self._last_tag = 0
        self._sent: dict[int, str] = {}
        self._waiting: deque[Message] = deque()
        self._returned: set[str] = set()
        self.confirmed: set[str] = set()
        self.unroutable = False
        self.done = threading.Event()

    def prepare(self, channel: Any, ready: Any) -> None:
        channel.add_on_return_callback(self._on_return)
        channel.confirm_delivery(lambda frame: self._on_confirm(channel, frame), callback=lambda _frame: ready())

    def begin(self, channel: Any, messages: Sequence[Message]) -> None:
        self._waiting.extend(messages)
        self._send(channel)

    def _send(self, channel: Any) -> None:
        while self._waiting and len(self._sent) < IN_FLIGHT:
            message = self._waiting.popleft()
            properties = pika.BasicProperties(
                content_type=message.content_type,
                delivery_mode=PERSISTENT_DELIVERY_MODE,
                message_id=message.message_id,
                headers=dict(message.headers) if message.headers else None,
                expiration=message.expiration,
            )
            self._last_tag += 1
            self._sent[self._last_tag] = message.message_id
            channel.basic_publish(self._exchange, message.routing_key, message.body, properties, mandatory=True)
        if not self._sent:
            self.done.set()

    def _on_return(self, _channel: Any, _method: Any, properties: Any, _body: bytes) -> None:
        """Remember it: a message without a queue is returned first and then acknowledged all the same."""
        self.unroutable = True
        self._returned.add(properties.message_id)

    def _on_confirm(self, channel: Any, frame: Any) -> None:
        method = frame.method
        tags = self._through(method.delivery_tag) if method.multiple else [method.delivery_tag]
        for tag in tags:
            message_id = self._sent.pop(tag)
            if isinstance(method, Basic.Ack) and message_id not in self._returned:
                self.confirmed.add(message_id)
            self._returned.discard(message_id)
        self._send(channel)

    def _through(self, last: int) -> list[int]:
        tags = []
        for tag in self._sent:
            if tag > last:
                break
            tags.append(tag)
        return tags


class ConfirmedPublisher:
    """Publishes to one exchange; connects, and declares what must be there, when it has something to publish."""

    def __init__(self, parameters: Any, exchange: str, steps: Sequence[Step]) -> None:
        self._parameters, self._exchange, self._steps = parameters, exchange, steps
        self._link: Link | None = None
        self._confirms = _Confirms(exchange)

    def publish(self, messages: Sequence[Message]) -> set[str]:
        """Send all, then wait for the broker's word on each. What it returned or refused is not in the answer."""
        if not messages:
            return set()
        link, confirms = self._connected()
        confirms.confirmed, confirms.unroutable = set(), False
        confirms.done.clear()
        link.call(lambda channel: confirms.begin(channel, messages))
        answered = confirms.done.wait(CONFIRM_SECONDS)
        confirmed = set(confirms.confirmed)
        if not answered or not link.is_up or confirms.unroutable:
            self.close()  # tags of an unanswered batch would mix with the next; what was unroutable is declared again
        if not confirmed and not confirms.unroutable and (not answered or not link.is_up):
            raise BusUnavailable(f"the broker: {'no confirm in time' if not answered else link.reason}")
        return confirmed

    def call(self, action: Callable[[Any], None]) -> None:
        """Run an action with the channel, in the link's I/O thread, soon. BusUnavailable without a broker."""
        link, _ = self._connected()
        link.call(action)

    def close(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None

    def _connected(self) -> tuple[Link, _Confirms]:
        if self._link is None or not self._link.is_up:
            self.close()
            declare(self._parameters, self._steps)
            confirms = self._confirms = _Confirms(self._exchange)
            self._link = Link(self._parameters, confirms.prepare, confirms.done.set)
        return self._link, self._confirms


class RabbitPublisher:
    """Publishes events, as `ports.EventPublisher` says."""

    def __init__(self, parameters: Any, exchange: str, steps: Sequence[Step], service: str) -> None:
        self._publisher = ConfirmedPublisher(parameters, exchange, steps)
        self._pulses = PulseChannel(service)

    def publish(self, events: Sequence[OutgoingEvent]) -> set[str]:
        """Return the ids of the events that a queue holds."""
        return self._publisher.publish(
            [Message(event.event_id, event.routing_key, event.body, EVENT_CONTENT_TYPE) for event in events]
        )

    def pulse(self) -> None:
        """Send one behind everything that was confirmed; nobody answers it."""
        self._publisher.call(self._pulses.beat)

    def close(self) -> None:
        self._publisher.close()
