"""The consumer loop: every event takes effect, poison is set aside alone, and what passes is waited out."""

from __future__ import annotations

import threading

import pytest

from signet_common.messaging.backoff import Backoff
from signet_common.messaging.consume import ConsumerLoop, Transient
from signet_common.messaging.event import OutgoingEvent, parse_event
from signet_common.messaging.ports import BusUnavailable


class Ledger:
    """A handler that applies a batch whole or not at all, and fails as it is told."""

    def __init__(self) -> None:
        self.applied: list[str] = []
        self.poison: set[str] = set()
        self.transient_failures = 0
        self.attempts = 0
        self.batches: list[int] = []

    def __call__(self, events) -> None:
        self.attempts += 1
        if self.transient_failures:
            self.transient_failures -= 1
            raise Transient("the database is away")
        if any(event.event_id in self.poison for event in events):
            raise KeyError("no such thing")
        self.batches.append(len(events))
        self.applied += [event.event_id for event in events if event.event_id not in self.applied]


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def start(memory_bus, ledger, in_thread):
    """Runs a loop from the memory bus into the ledger."""

    def run(consumer=None, **options) -> None:
        consumer = consumer or memory_bus.consumer("audit", ["#"])
        quick = {"backoff": Backoff(0.005, 0.02), "attempts": 3}
        loop = ConsumerLoop(consumer, parse_event, ledger, **(quick | options))
        in_thread(loop.run)

    return run


def publish(bus, events) -> list[str]:
    bus.publisher("resources").publish(events)
    return [event.event_id for event in events]


def test_events_are_handled_in_batches_and_settled_after_the_commit(
    memory_bus, event, ledger, start, eventually
) -> None:
    """One commit serves many events."""
    ids = publish(memory_bus, [event() for _ in range(100)])
    start(batch=50)
    eventually(lambda: len(memory_bus.settled["audit"]) == 100)
    assert ledger.applied == ids
    assert max(ledger.batches) == 50


def test_a_forged_event_is_set_aside_with_the_reason_and_never_handled(
    memory_bus, event, ledger, start, eventually
) -> None:
    """A service's broker user must not write another's history."""
    forged, sound = event("identity", "user", "delete"), event()
    forged = OutgoingEvent(forged.event_id, "resources.demo.insert", forged.body)
    publish(memory_bus, [forged, sound])
    start()
    eventually(lambda: len(memory_bus.settled["audit"]) == 2)
    assert ledger.applied == [sound.event_id]
    assert memory_bus.dead == [("audit", forged.event_id, "source contradicts the routing key")]


def test_a_poison_event_is_set_aside_alone(memory_bus, event, ledger, start, eventually) -> None:
    """Its neighbours in the batch take effect, in order."""
    events = [event() for _ in range(10)]
    ledger.poison = {events[4].event_id}
    ids = publish(memory_bus, events)
    start()
    eventually(lambda: len(memory_bus.settled["audit"]) == 10)
    assert ledger.applied == ids[:4] + ids[5:]
    assert memory_bus.dead == [("audit", ids[4], "KeyError after 3 attempts")]


def test_a_transient_failure_sets_nothing_aside_however_long_it_lasts(
    memory_bus, event, ledger, start, eventually
) -> None:
    """An outage of the database is no fault of the events."""
    ids = publish(memory_bus, [event() for _ in range(3)])
    ledger.transient_failures = 20
    start()
    eventually(lambda: len(memory_bus.settled["audit"]) == 3)
    assert ledger.applied == ids
    assert memory_bus.dead == []


def test_what_the_caller_calls_transient_is(memory_bus, event, ledger, start, eventually) -> None:
    """The mechanism does not know the database's errors; the service names them."""
    (poison,) = publish(memory_bus, [event()])
    ledger.poison = {poison}
    start(transient=[LookupError])
    eventually(lambda: ledger.attempts > 10)
    ledger.poison = set()
    eventually(lambda: ledger.applied == [poison])
    assert memory_bus.dead == []


def test_a_bus_that_is_away_is_waited_for(memory_bus, event, ledger, start, eventually) -> None:
    """The process must not need a restart after each failover of the broker."""
    memory_bus.down = True
    start()
    memory_bus.down = False
    ids = publish(memory_bus, [event()])
    eventually(lambda: ledger.applied == ids)


def test_an_acknowledgement_that_is_lost_brings_the_events_again(memory_bus, event, ledger, start, eventually) -> None:
    """The handler drops what it knows; the bus gets its acknowledgement in the end."""

    class Forgetful:
        def __init__(self) -> None:
            self._consumer, self._lost = memory_bus.consumer("audit", ["#"]), False
            self.receive, self.dead_letter = self._consumer.receive, self._consumer.dead_letter
            self.close = self._consumer.close

        def acknowledge(self, deliveries) -> None:
            if not self._lost:
                self._lost = True
                raise BusUnavailable("gone")
            self._consumer.acknowledge(deliveries)

    ids = publish(memory_bus, [event() for _ in range(3)])
    start(Forgetful())
    eventually(lambda: len(memory_bus.settled["audit"]) == 3)
    assert ledger.applied == ids
    assert ledger.attempts > 1


def test_stopping_in_a_backoff_ends_the_loop_and_acknowledges_nothing(memory_bus, event, ledger, stop) -> None:
    """A shutdown must not wait for a database that is away."""
    publish(memory_bus, [event()])
    ledger.transient_failures = 10**9
    loop = ConsumerLoop(memory_bus.consumer("audit", ["#"]), parse_event, ledger, backoff=Backoff(3600, 3600))
    thread = threading.Thread(target=loop.run, args=(stop,))
    thread.start()
    while not ledger.attempts:
        stop.wait(0.01)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
    assert memory_bus.settled["audit"] == set()
