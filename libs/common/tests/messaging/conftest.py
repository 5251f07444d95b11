"""The buses that one suite of the port runs on: a fake in memory, the embedded bus, and a real RabbitMQ."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from signet_common.messaging.command import Command, ReceivedCommand
from signet_common.messaging.connect import open_bus
from signet_common.messaging.event import Delivery, OutgoingEvent, cloud_event, new_event_id, routing_key
from signet_common.messaging.ports import AUDIT_CONSUMER, Bus, BusUnavailable, pulse_key
from signet_common.messaging.topics import Topics


class MemoryBus:
    """A bus that keeps everything in lists. `down` makes it refuse; `unconfirmed` names ids it takes without a word."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.events: list[OutgoingEvent] = []
        self.settled: dict[str, set[int]] = {AUDIT_CONSUMER: set()}
        self.dead: list[tuple[str, str, str]] = []
        self.commands: list[Command] = []
        self.pulses: list[tuple[int, str]] = []
        self.down = False
        self.unconfirmed: set[str] = set()

    def publisher(self, service: str) -> MemoryPublisher:
        return MemoryPublisher(self, service)

    def consumer(self, name: str, bindings: Sequence[str]) -> MemoryConsumer:
        return MemoryConsumer(self, name, bindings)

    def tail(self, bindings: Sequence[str]) -> MemoryTail:
        return MemoryTail(self, bindings)

    def command_sender(self, service: str) -> MemoryCommandSender:
        return MemoryCommandSender(self)

    def command_receiver(self) -> MemoryCommandReceiver:
        return MemoryCommandReceiver(self)

    def close(self) -> None:
        pass

    def check(self) -> None:
        if self.down:
            raise BusUnavailable("down")

    def read(self, start: int, limit: int, timeout: float, topics: Topics) -> tuple[list[Delivery], int]:
        deadline = time.monotonic() + timeout
        with self.changed:
            while len(self.events) <= start and (left := deadline - time.monotonic()) > 0:
                self.changed.wait(left)
            page = self.events[start : start + limit]
        found = [Delivery(e.routing_key, e.body, start + n) for n, e in enumerate(page) if topics.match(e.routing_key)]
        return found, start + len(page)


class MemoryPublisher:
    def __init__(self, bus: MemoryBus, service: str) -> None:
        self._bus, self._service = bus, service

    def pulse(self) -> None:
        self._bus.check()
        with self._bus.changed:
            self._bus.pulses.append((len(self._bus.events), pulse_key(self._service)))
            self._bus.changed.notify_all()

    def publish(self, events: Sequence[OutgoingEvent]) -> set[str]:
        self._bus.check()
        taken = [event for event in events if event.event_id not in self._bus.unconfirmed]
        with self._bus.changed:
            known = {event.event_id for event in self._bus.events}
            self._bus.events += [event for event in taken if event.event_id not in known]
            self._bus.changed.notify_all()
        return {event.event_id for event in taken}

    def close(self) -> None:
        pass


class MemoryConsumer:
    def __init__(self, bus: MemoryBus, name: str, bindings: Sequence[str]) -> None:
        self._bus, self._name, self._topics = bus, name, Topics(bindings)
        self._next = 0
        self._settled = bus.settled.setdefault(name, set())

    def receive(self, limit: int, timeout: float) -> list[Delivery]:
        self._bus.check()
        while True:
            start = self._next
            found, self._next = self._bus.read(start, limit, timeout, self._topics)
            wanted = [delivery for delivery in found if delivery.position not in self._settled]
            if wanted or self._next == start:
                return wanted

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        self._bus.check()
        self._settled.update(delivery.position for delivery in deliveries)

    def dead_letter(self, delivery: Delivery, reason: str) -> None:
        self._bus.dead.append((self._name, self._bus.events[delivery.position].event_id, reason))
        self.acknowledge([delivery])

    def close(self) -> None:
        self._next = 0


class MemoryTail:
    def __init__(self, bus: MemoryBus, bindings: Sequence[str]) -> None:
        self._bus, self._topics, self._next = bus, Topics(bindings), len(bus.events)
        self._next_pulse = len(bus.pulses)

    def receive(self, timeout: float) -> list[Delivery]:
        found, self._next = self._bus.read(self._next, 500, timeout, self._topics)
        beaten = [pulse for pulse in self._bus.pulses[self._next_pulse :] if pulse[0] <= self._next]
        self._next_pulse += len(beaten)
        return found + [Delivery(key, b"") for _, key in beaten if self._topics.match(key)]

    def close(self) -> None:
        pass


class MemoryCommandSender:
    def __init__(self, bus: MemoryBus) -> None:
        self._bus = bus

    def publish(self, commands: Sequence[Command]) -> set[str]:
        self._bus.check()
        with self._bus.changed:
            self._bus.commands += [command for command in commands if command not in self._bus.commands]
            self._bus.changed.notify_all()
        return {command.command_id for command in commands}

    def close(self) -> None:
        pass


class MemoryCommandReceiver:
    def __init__(self, bus: MemoryBus) -> None:
        self._bus = bus
        self._given: set[str] = set()

    def receive(self, limit: int, timeout: float) -> list[ReceivedCommand]:
        self._bus.check()
        deadline = time.monotonic() + timeout
        with self._bus.changed:
            while not (found := self._waiting()) and (left := deadline - time.monotonic()) > 0:
                self._bus.changed.wait(left)
        taken = found[:limit]
        self._given |= {command.command_id for command in taken}
        return [ReceivedCommand(c.command_id, c.name, c.body, c) for c in taken]

    def acknowledge(self, commands: Sequence[ReceivedCommand]) -> None:
        done = {command.command_id for command in commands}
        self._bus.commands = [command for command in self._bus.commands if command.command_id not in done]

    def close(self) -> None:
        self._given.clear()

    def _waiting(self) -> list[Command]:
        now = datetime.now(UTC)
        return [c for c in self._bus.commands if c.expires_at > now and c.command_id not in self._given]


@pytest.fixture
def memory_bus() -> MemoryBus:
    return MemoryBus()


@pytest.fixture
def bus_file(tmp_path: Path) -> Path:
    return tmp_path / "bus.sqlite3"


@pytest.fixture(params=["memory", "embedded", pytest.param("rabbitmq", marks=pytest.mark.servers)])
def bus(request: pytest.FixtureRequest, bus_file: Path) -> Iterator[Bus]:
    """An empty bus of each kind."""
    if request.param == "memory":
        opened: Bus = MemoryBus()
    elif request.param == "embedded":
        opened = open_bus(f"sqlite:{bus_file}")
    else:
        opened = open_bus(request.getfixturevalue("rabbitmq").create_vhost())
    yield opened
    opened.close()


def make_event(
    service: str = "resources",
    resource: str = "demo",
    operation: str = "insert",
    object_id: str | None = "7",
    sequence: int | None = 1,
    **overrides: Any,
) -> OutgoingEvent:
    event_id = new_event_id()
    values: dict[str, Any] = {
        "event_id": event_id,
        "service": service,
        "resource": resource,
        "operation": operation,
        "object_id": object_id,
        "sequence": sequence,
        "time": datetime(2026, 1, 1, tzinfo=UTC),
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "actor": {"user_id": 1, "user_name": "admin", "authentication": "api_key", "credential_id": "api_key/1"},
        "request": {"request_id": "r-1", "client_ip": "192.0.2.1", "method": "POST", "target": "/api/v1/demos"},
        "changes": {"demo_name": (None, "x")},
    }
    body = cloud_event(**(values | overrides))
    return OutgoingEvent(event_id, routing_key(service, resource, operation), body, f"{resource}/{object_id}")


@pytest.fixture
def event() -> Callable[..., OutgoingEvent]:
    """Makes a valid event; arguments of `cloud_event` vary it."""
    return make_event


def make_command(text: str = "hello", *, seconds: float = 600) -> Command:
    expires_at = datetime.now(UTC) + timedelta(seconds=seconds)
    return Command(new_event_id(), "mail.send", expires_at, f'{{"text": "{text}"}}'.encode())


@pytest.fixture
def command() -> Callable[..., Command]:
    """Makes a command that is over after some seconds."""
    return make_command


@pytest.fixture
def stop() -> Iterator[threading.Event]:
    """Ends the loops of a test, whatever became of it."""
    stopping = threading.Event()
    yield stopping
    stopping.set()


@pytest.fixture
def in_thread(stop: threading.Event) -> Iterator[Callable[[Callable[[threading.Event], None]], threading.Thread]]:
    """Runs a loop in a thread and joins it at the end of the test."""
    threads: list[threading.Thread] = []

    def start(run: Callable[[threading.Event], None]) -> threading.Thread:
        thread = threading.Thread(target=run, args=(stop,))
        thread.start()
        threads.append(thread)
        return thread

    yield start
    stop.set()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()


@pytest.fixture
def eventually() -> Callable[..., None]:
    """Waits until a condition holds; fails after a generous bound."""

    def wait(condition: Callable[[], bool], seconds: float = 30.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "it never came to be"
            time.sleep(0.01)

    return wait
