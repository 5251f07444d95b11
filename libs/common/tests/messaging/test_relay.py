"""The relay loses nothing, keeps the order per object, and outlives a bus or database that is away."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pytest

from signet_common.messaging.backoff import Backoff
from signet_common.messaging.event import OutgoingEvent
from signet_common.messaging.relay import Relay, confirmed_in_order


class MemoryOutbox:
    """Rows in order, and what went wrong with them on request."""

    def __init__(self, events: Sequence[OutgoingEvent]) -> None:
        self.rows = list(events)
        self.sent: list[str] = []
        self.leader: str | None = None
        self.failures = 0

    def hold_lease(self, holder: str) -> bool:
        self.leader = self.leader or holder
        return self.leader == holder

    def pending(self, limit: int) -> list[OutgoingEvent]:
        if self.failures:
            self.failures -= 1
            raise ConnectionError("the database is away")
        return [row for row in self.rows if row.event_id not in self.sent][:limit]

    def mark_sent(self, ids: Collection[str]) -> None:
        self.sent += ids

    def wait(self, timeout: float) -> None:
        Backoff(first=0.005).wait(NEVER)


class Never:
    def wait(self, timeout: float) -> bool:
        import time

        time.sleep(timeout)
        return False


NEVER = Never()


@pytest.fixture
def start(memory_bus, in_thread):
    """Runs a relay over an outbox onto the memory bus."""

    def run(outbox: MemoryOutbox, batch: int = 10, pulses: bool = False) -> None:
        publisher = memory_bus.publisher("resources")
        relay = Relay(
            outbox, publisher, batch=batch, backoff=Backoff(0.005, 0.02), pulse=publisher.pulse if pulses else None
        )
        in_thread(relay.run)

    return run


def test_every_pending_event_is_published_in_order_and_marked(memory_bus, event, start, eventually) -> None:
    """Batches follow each other until nothing is left."""
    outbox = MemoryOutbox([event(object_id=str(n % 3)) for n in range(95)])
    start(outbox)
    eventually(lambda: len(outbox.sent) == 95)
    assert memory_bus.events == outbox.rows


def test_a_bus_that_is_down_delays_events_and_loses_none(memory_bus, event, start, eventually) -> None:
    """Writes go on while the broker is away; the outbox drains by itself afterwards."""
    memory_bus.down = True
    outbox = MemoryOutbox([event() for _ in range(20)])
    start(outbox)
    eventually(lambda: outbox.leader is not None)
    assert outbox.sent == []
    memory_bus.down = False
    eventually(lambda: len(outbox.sent) == 20)


def test_an_event_that_is_not_confirmed_is_not_marked_and_is_tried_again(memory_bus, event, start, eventually) -> None:
    """Only what the bus holds durably may leave the outbox."""
    first, second = event(object_id="1"), event(object_id="2")
    memory_bus.unconfirmed = {first.event_id}
    outbox = MemoryOutbox([first, second])
    start(outbox)
    eventually(lambda: outbox.sent == [second.event_id])
    memory_bus.unconfirmed = set()
    eventually(lambda: len(outbox.sent) == 2)


def test_a_later_event_of_an_object_waits_for_the_earlier_one(event) -> None:
    """It is published again behind it: the last thing a consumer hears is the object's latest state."""
    a1, b1, a2, loose = event(object_id="a"), event(object_id="b"), event(object_id="a"), event(object_id="c")
    loose = OutgoingEvent(loose.event_id, loose.routing_key, loose.body)
    confirmed = {b1.event_id, a2.event_id, loose.event_id}
    assert confirmed_in_order([a1, b1, a2, loose], confirmed) == [b1.event_id, loose.event_id]


def test_a_database_that_is_away_does_not_end_the_relay(memory_bus, event, start, eventually) -> None:
    """The process must not need a restart after each failover."""
    outbox = MemoryOutbox([event()])
    outbox.failures = 3
    start(outbox)
    eventually(lambda: len(outbox.sent) == 1)


def test_a_relay_without_the_lease_publishes_nothing(memory_bus, event, start, eventually) -> None:
    """Two relays at once would mix up the order of an object's events."""
    outbox = MemoryOutbox([event()])
    outbox.leader = "somebody else"
    start(outbox)
    Backoff(first=0.1).wait(NEVER)
    assert memory_bus.events == []
    outbox.leader = None
    eventually(lambda: len(outbox.sent) == 1)


def test_a_relay_beats_only_when_nothing_waits(memory_bus, event, start, eventually) -> None:
    """A pulse says that all is told. One that came before a revocation did would keep the revoked key alive."""
    outbox = MemoryOutbox([event(object_id=str(n)) for n in range(50)])
    memory_bus.unconfirmed = {outbox.rows[-1].event_id}
    start(outbox, pulses=True)
    eventually(lambda: len(outbox.sent) == 49)
    Backoff(first=0.6).wait(NEVER)
    assert memory_bus.pulses == []
    memory_bus.unconfirmed = set()
    eventually(lambda: len(memory_bus.pulses) >= 2)
    assert {published for published, _ in memory_bus.pulses} == {50}


def test_a_relay_that_nobody_listens_to_does_not_beat(memory_bus, event, start, eventually) -> None:
    """Only identity's is waited for."""
    outbox = MemoryOutbox([event()])
    start(outbox)
    eventually(lambda: len(outbox.sent) == 1)
    Backoff(first=0.3).wait(NEVER)
    assert memory_bus.pulses == []
