"""What Signet asks of a bus. Durable consumers lose nothing; tails see only what happens while they look.

Events are for everybody and commands for one receiver; the two never share a queue or a table.

BusError(Exception)
├── BusUrlInvalid     the address names no bus; the message never repeats it, it may hold a password
├── BusUnavailable    the bus cannot be reached or refuses now; try again later
└── TailLost          a tail may have missed events; its owner drops what it derived from them and opens another
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from signet_common.messaging.command import Command, ReceivedCommand
from signet_common.messaging.event import Delivery, OutgoingEvent

AUDIT_CONSUMER = "audit"
"""The consumer that every publisher registers before it publishes: no event may exist that the audit log can miss."""


def pulse_key(service: str) -> str:
    """Return the routing key of a service's pulse: two words, where every event has three."""
    return f"{service}.pulse"


class BusError(Exception):
    """The root of what a bus raises."""


class BusUrlInvalid(BusError, ValueError):
    """The address names no bus."""


class BusUnavailable(BusError):
    """The bus cannot be reached, or refuses, at the moment."""


class TailLost(BusError):
    """Events may have passed that this tail did not see."""


class EventPublisher(Protocol):
    """Hands events to the bus; owned by one thread at a time."""

    def publish(self, events: Sequence[OutgoingEvent]) -> set[str]:
        """Publish in order; return the ids that the bus holds durably. BusUnavailable if it can hold none now."""

    def pulse(self) -> None:
        """Tell the tails that all of this service's events are published by now. Nobody keeps it, no consumer sees it.

        BusUnavailable if there is no bus to tell it to; whether a tail has heard it nobody knows.
        """

    def close(self) -> None:
        """Disconnect. Publishing again connects again."""


class EventConsumer(Protocol):
    """A durable, named subscription; owned by one thread at a time.

    What was received and not acknowledged comes again, to this consumer or to the next of its name.
    """

    def receive(self, limit: int, timeout: float) -> list[Delivery]:
        """Return up to `limit` deliveries in order, waiting at most `timeout` seconds for the first."""

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Settle deliveries whose effects are committed."""

    def dead_letter(self, delivery: Delivery, reason: str) -> None:
        """Set one delivery aside with the reason, durably, and settle it."""

    def close(self) -> None:
        """Disconnect and give back what is not settled. Receiving again connects again."""


class EventTail(Protocol):
    """An exclusive view that starts now and keeps nothing."""

    def receive(self, timeout: float) -> list[Delivery]:
        """Return what happened since, waiting at most `timeout` seconds. TailLost: open another one.

        A pulse is a delivery under `pulse_key` without a body, behind every event that was published before it; several
        may be told as one.
        """

    def close(self) -> None: ...


class CommandSender(Protocol):
    """Hands commands to the bus, which drops each when its time is over; owned by one thread at a time."""

    def publish(self, commands: Sequence[Command]) -> set[str]:
        """Return the ids that the bus holds durably. BusUnavailable if it can hold none now."""

    def close(self) -> None:
        """Disconnect. Publishing again connects again."""


class CommandReceiver(Protocol):
    """The one queue of commands; owned by one thread at a time. What is not acknowledged comes again.

    There are no dead letters: they would keep secrets for ever. A command that cannot be carried out is acknowledged
    and logged, without its body.
    """

    def receive(self, limit: int, timeout: float) -> list[ReceivedCommand]:
        """Return up to `limit` commands that are not over, waiting at most `timeout` seconds for the first."""

    def acknowledge(self, commands: Sequence[ReceivedCommand]) -> None:
        """Erase commands that have been carried out, or never can be."""

    def close(self) -> None:
        """Disconnect and give back what is not acknowledged. Receiving again connects again."""


class Bus(Protocol):
    """One bus, embedded or a broker. Bindings are AMQP topic patterns: `*` is one word, `#` any number of them."""

    def publisher(self, service: str) -> EventPublisher:
        """Return a publisher for a service; connecting waits for the first use."""

    def consumer(self, name: str, bindings: Sequence[str]) -> EventConsumer:
        """Return the durable consumer of that name; a new one starts at the beginning of what is stored."""

    def tail(self, bindings: Sequence[str]) -> EventTail:
        """Return a tail that already listens. BusUnavailable if it cannot."""

    def command_sender(self, service: str) -> CommandSender:
        """Return a sender for a service; connecting waits for the first use."""

    def command_receiver(self) -> CommandReceiver:
        """Return a receiver of every command; connecting waits for the first use."""

    def close(self) -> None: ...
