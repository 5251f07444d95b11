"""What only RabbitMQ has to prove: crashes, returned messages, heartbeats, and rights."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pika
import pytest

from signet_common.messaging.connect import open_bus
from signet_common.messaging.consume import ConsumerLoop
from signet_common.messaging.event import parse_event
from signet_common.messaging.ports import BusUnavailable, TailLost
from signet_common.messaging.rabbitmq import RabbitBus
from signet_common.messaging.relay import Relay
from signet_testing.rabbitmq import RabbitMqServer

NEW_QUEUE_SECONDS = 6.0
"""RabbitMQ writes the registration of a new quorum queue to disk some seconds late; a node that is killed before has a
queue without a leader. That is the broker's, and an operator's to repair; what is tested here is Signet."""

pytestmark = pytest.mark.servers


@pytest.fixture
def url(rabbitmq) -> str:
    """An empty virtual host."""
    return rabbitmq.create_vhost()


@pytest.fixture
def own_broker(rabbitmq) -> Iterator:
    """A broker that the test may kill; asks for the shared one only to be skipped where there is none."""
    with RabbitMqServer() as server:
        yield server


@pytest.fixture
def channel(url: str) -> Iterator:
    """A plain channel to look at the broker, and to do to it what an operator might."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    yield connection.channel()
    connection.close()


def test_an_event_without_a_queue_is_not_confirmed_and_the_next_attempt_repairs_the_binding(
    url: str, channel, event
) -> None:
    """RabbitMQ acknowledges unroutable messages: without `mandatory` they would be gone, and marked as sent."""
    publisher = open_bus(url).publisher("resources")
    publisher.publish([event()])
    channel.queue_unbind("signet.audit", "signet.events", "#")
    lost = event()
    assert publisher.publish([lost]) == set()
    assert publisher.publish([lost]) == {lost.event_id}
    publisher.close()


def test_a_message_is_persistent_and_carries_its_event_id(url: str, channel, event) -> None:
    """It survives the broker's restart; operators find it by its id."""
    publisher, outgoing = open_bus(url).publisher("resources"), event()
    publisher.publish([outgoing])
    _, properties, body = channel.basic_get("signet.audit", auto_ack=True)
    assert (properties.message_id, properties.delivery_mode) == (outgoing.event_id, 2)
    assert body == outgoing.body
    publisher.close()


def test_a_dead_letter_lies_in_its_queue_with_the_reason(url: str, channel, event) -> None:
    """Somebody has to be able to find out what happened."""
    bus, outgoing = open_bus(url), event()
    bus.publisher("resources").publish([outgoing])
    consumer = bus.consumer("audit", ["#"])
    consumer.dead_letter(consumer.receive(1, 10)[0], "no event")
    _, properties, body = channel.basic_get("signet.audit.dead", auto_ack=True)
    assert body == outgoing.body
    assert properties.headers["x-signet-reason"] == "no event"
    assert properties.headers["x-signet-routing-key"] == outgoing.routing_key
    consumer.close()


def test_heartbeats_are_served_while_a_handler_runs(url: str, event) -> None:
    """A broker drops a client that is silent for two intervals; a commit may take longer than that."""
    bus = RabbitBus(url, heartbeat=1)
    publisher, consumer = bus.publisher("resources"), bus.consumer("audit", ["#"])
    publisher.publish([event()])
    deliveries = consumer.receive(1, 10)
    time.sleep(8)  # far more than the broker allows a silent client
    consumer.acknowledge(deliveries)
    assert publisher.publish([event()])
    (second,) = consumer.receive(1, 10)
    assert not second.redelivered
    for part in (publisher, consumer):
        part.close()


def test_a_broker_that_is_not_there_makes_the_bus_unavailable(url: str, event) -> None:
    """Nothing waits for ever, and no message holds the password."""
    bus = open_bus("amqp://signet:hunter2@127.0.0.1:1/%2F")
    for attempt in (
        lambda: bus.publisher("resources").publish([event()]),
        lambda: bus.consumer("audit", ["#"]).receive(1, 1),
        lambda: bus.tail(["#"]),
    ):
        with pytest.raises(BusUnavailable) as refusal:
            attempt()
        assert "hunter2" not in str(refusal.value)


def test_a_service_cannot_publish_under_anothers_prefix(rabbitmq, url: str, event) -> None:
    """The topic permission of its broker user is what makes a routing key trustworthy."""
    open_bus(url).publisher("audit").publish([event("audit", "record", "query")])  # declares everything
    vhost = urlsplit(url).path[1:]
    rabbitmq.add_user("resources", "secret", write="^signet[.]events$", vhost=vhost)
    rabbitmq.limit_topics("resources", "signet.events", write="^resources[.]", read="^$", vhost=vhost)
    publisher = open_bus(rabbitmq.url_of("resources", "secret", vhost)).publisher("resources")
    own = event()
    assert publisher.publish([own]) == {own.event_id}
    with pytest.raises(BusUnavailable, match="ACCESS_REFUSED"):
        publisher.publish([event("identity", "user", "delete")])
    publisher.close()


class Outbox:
    """Endless rows: what is marked as sent leaves, what the test adds comes."""

    def __init__(self) -> None:
        self.rows = {}
        self.lock = threading.Lock()

    def add(self, row) -> None:
        with self.lock:
            self.rows[row.event_id] = row

    def hold_lease(self, holder: str) -> bool:
        return True

    def pending(self, limit: int):
        with self.lock:
            return list(self.rows.values())[:limit]

    def mark_sent(self, ids) -> None:
        with self.lock:
            for event_id in ids:
                del self.rows[event_id]

    def wait(self, timeout: float) -> None:
        time.sleep(0.01)


def test_a_broker_killed_while_publishing_loses_nothing(own_broker, event, in_thread, eventually) -> None:
    """SIGKILL twice under load: every event of the outbox reaches the consumer, and a tail says that it missed some."""
    bus, outbox, seen = open_bus(own_broker.url), Outbox(), []
    in_thread(Relay(outbox, bus.publisher("resources"), batch=100).run)
    consumer = bus.consumer("audit", ["#"])
    in_thread(ConsumerLoop(consumer, parse_event, lambda events: seen.extend(e.event_id for e in events)).run)
    eventually(lambda: tail_opens(bus))
    tail = bus.tail(["#"])
    time.sleep(NEW_QUEUE_SECONDS)
    expected = []
    for crash in range(3):
        for _ in range(2000):
            outgoing = event()
            expected.append(outgoing.event_id)
            outbox.add(outgoing)
        floor = crash * 2000 + 300
        eventually(lambda floor=floor: len(set(seen)) > floor, 120)
        if crash < 2:
            own_broker.kill()
            own_broker.start()
    eventually(lambda: len(set(seen)) == len(expected), 120)
    assert set(seen) == set(expected)
    eventually(lambda: not outbox.rows)  # what was seen is marked as sent a moment later
    with pytest.raises(TailLost):
        read_to_the_end(tail)


def read_to_the_end(tail) -> None:
    for _ in range(10_000):
        tail.receive(0.01)


def tail_opens(bus) -> bool:
    try:
        bus.tail(["#"]).close()
    except BusUnavailable:
        return False
    return True
