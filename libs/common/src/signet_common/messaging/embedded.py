"""The embedded bus: publish and subscribe over one SQLite file, for an installation without a broker."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from signet_common.messaging.embedded_commands import EmbeddedCommandReceiver, EmbeddedCommandSender
from signet_common.messaging.embedded_consumer import EmbeddedConsumer, register
from signet_common.messaging.embedded_file import BusFile
from signet_common.messaging.embedded_pulse import PulseFile, Pulses
from signet_common.messaging.embedded_tail import EmbeddedTail
from signet_common.messaging.event import OutgoingEvent
from signet_common.messaging.ports import AUDIT_CONSUMER

RETAINED_EVENTS = 10_000
"""How many of the newest events pruning leaves for tails, though every durable consumer is past them."""


class EmbeddedBus:
    """Publishers, consumers and tails of one file. Each has a connection of its own and may live in its own thread."""

    def __init__(self, path: Path, retained: int = RETAINED_EVENTS) -> None:
        self._path = path
        self._retained = retained

    def publisher(self, service: str) -> EmbeddedPublisher:
        return EmbeddedPublisher(BusFile(self._path), PulseFile(self._path, service))

    def consumer(self, name: str, bindings: Sequence[str]) -> EmbeddedConsumer:
        return EmbeddedConsumer(BusFile(self._path), name, bindings, self._retained)

    def tail(self, bindings: Sequence[str]) -> EmbeddedTail:
        return EmbeddedTail(BusFile(self._path), bindings, Pulses(self._path, bindings))

    def command_sender(self, service: str) -> EmbeddedCommandSender:  # noqa: ARG002  (a file knows no users)
        return EmbeddedCommandSender(BusFile(self._path, secure_delete=True))

    def command_receiver(self) -> EmbeddedCommandReceiver:
        return EmbeddedCommandReceiver(BusFile(self._path, secure_delete=True))

    def close(self) -> None:
        """Nothing is shared: publishers, consumers and tails are closed by their owners."""


class EmbeddedPublisher:
    """Writes a batch in one durable transaction."""

    def __init__(self, file: BusFile, pulse: PulseFile) -> None:
        self._file = file
        self._pulse = pulse

    def publish(self, events: Sequence[OutgoingEvent]) -> set[str]:
        """Store all or nothing. An id that is stored already counts as confirmed and is not stored twice."""
        with self._file.write() as connection:
            register(connection, AUDIT_CONSUMER)
            connection.executemany(
                "INSERT INTO events (event_id, routing_key, body) VALUES (?, ?, ?) ON CONFLICT (event_id) DO NOTHING",
                [(event.event_id, event.routing_key, event.body) for event in events],
            )
        return {event.event_id for event in events}

    def pulse(self) -> None:
        self._pulse.beat()

    def close(self) -> None:
        self._file.close()
