"""The suite of the bus port: every adapter keeps the same promises."""

from __future__ import annotations

import pytest

from signet_common.messaging.ports import Bus, pulse_key


def drain(consumer, count, timeout=10.0):
    """Receive `count` deliveries, in as many calls as it takes."""
    found = []
    while len(found) < count:
        page = consumer.receive(count - len(found), timeout)
        assert page, f"only {len(found)} of {count} arrived"
        found += page
    return found


def bodies(deliveries):
    return [delivery.body for delivery in deliveries]


def test_what_is_published_reaches_a_durable_consumer_in_order(bus: Bus, event) -> None:
    """The audit log shows an object's history as it happened."""
    events = [event(object_id=str(n)) for n in range(50)]
    publisher, consumer = bus.publisher("resources"), bus.consumer("audit", ["#"])
    assert publisher.publish(events) == {e.event_id for e in events}
    deliveries = drain(consumer, 50)
    assert bodies(deliveries) == [e.body for e in events]
    assert {d.routing_key for d in deliveries} == {"resources.demo.insert"}
    consumer.acknowledge(deliveries)
    assert consumer.receive(10, 0.1) == []
    publisher.close()
    consumer.close()


def test_events_published_before_the_audit_consumer_ever_ran_wait_for_it(bus: Bus, event) -> None:
    """Services may start before audit does."""
    publisher = bus.publisher("resources")
    events = [event() for _ in range(3)]
    publisher.publish(events)
    publisher.close()
    consumer = bus.consumer("audit", ["#"])
    assert bodies(drain(consumer, 3)) == [e.body for e in events]
    consumer.close()


def test_what_was_not_acknowledged_comes_again_and_what_was_does_not(bus: Bus, event) -> None:
    """A consumer that dies between its commit and its acknowledgement must get the events again, and only those."""
    events = [event() for _ in range(4)]
    publisher, consumer = bus.publisher("resources"), bus.consumer("audit", ["#"])
    publisher.publish(events)
    consumer.acknowledge(drain(consumer, 4)[:2])
    consumer.close()
    successor = bus.consumer("audit", ["#"])
    assert bodies(drain(successor, 2)) == [e.body for e in events[2:]]
    successor.close()
    publisher.close()


def test_acknowledging_out_of_order_settles_nothing_else(bus: Bus, event) -> None:
    """A multiple acknowledgement must never cover a delivery that is still being handled."""
    events = [event() for _ in range(3)]
    publisher, consumer = bus.publisher("resources"), bus.consumer("audit", ["#"])
    publisher.publish(events)
    deliveries = drain(consumer, 3)
    consumer.acknowledge([deliveries[1]])
    consumer.close()
    again = drain(consumer, 1)
    assert again[0].body == events[0].body
    consumer.close()
    publisher.close()


def test_consumers_get_only_what_they_are_bound_to(bus: Bus, event) -> None:
    """Bindings are topic patterns; each consumer has a place of its own in the stream."""
    publisher = bus.publisher("identity")
    users, roles = bus.consumer("users", ["*.user.*"]), bus.consumer("roles", ["identity.role.#"])
    assert users.receive(1, 0.1) == roles.receive(1, 0.1) == []
    user, role = event("identity", "user", "update"), event("identity", "role", "update")
    publisher.publish([user, role])
    assert bodies(drain(users, 1)) == [user.body]
    assert bodies(drain(roles, 1)) == [role.body]
    assert users.receive(1, 0.1) == roles.receive(1, 0.1) == []
    for part in (publisher, users, roles):
        part.close()


def test_a_dead_lettered_delivery_never_comes_again(bus: Bus, event) -> None:
    """One broken message must not stop those behind it, nor return with each restart."""
    broken, sound = event(), event()
    publisher, consumer = bus.publisher("resources"), bus.consumer("audit", ["#"])
    publisher.publish([broken, sound])
    first, second = drain(consumer, 2)
    consumer.dead_letter(first, "no event")
    consumer.acknowledge([second])
    consumer.close()
    assert consumer.receive(2, 0.3) == []
    consumer.close()
    publisher.close()


def test_a_tail_sees_what_happens_after_it_was_opened_and_nothing_before(bus: Bus, event) -> None:
    """The gateway's grants are fetched anew when its tail opens; history would only drop them again."""
    publisher = bus.publisher("identity")
    publisher.publish([event("identity", "user", "update")])
    tail = bus.tail(["identity.user.*"])
    wanted, other = event("identity", "user", "delete"), event("identity", "role", "delete")
    publisher.publish([other, wanted])
    seen = []
    for _ in range(20):
        seen += tail.receive(0.5)
        if seen:
            break
    assert bodies(seen) == [wanted.body]
    tail.close()
    publisher.close()


def test_the_same_event_published_again_is_confirmed(bus: Bus, event) -> None:
    """A relay that died before marking its rows publishes them again, and must get past them."""
    publisher, again = bus.publisher("resources"), event()
    for _ in range(2):
        assert publisher.publish([again]) == {again.event_id}
    publisher.close()


@pytest.mark.parametrize("count", [0, 1, 1500])
def test_batches_of_any_size_are_confirmed_whole(bus: Bus, event, count: int) -> None:
    """More than fit in flight at once, and none at all, are both batches."""
    publisher = bus.publisher("resources")
    events = [event() for _ in range(count)]
    assert publisher.publish(events) == {e.event_id for e in events}
    publisher.close()


def listen_until_pulse(tail):
    """All that the tail hears up to the first pulse."""
    heard = []
    for _ in range(40):
        heard += tail.receive(0.25)
        if heard and heard[-1].routing_key == pulse_key("identity"):
            break
    return [delivery.routing_key for delivery in heard]


def test_a_pulse_comes_behind_every_event_that_was_published_before_it(bus: Bus, event) -> None:
    """Whoever has heard it has heard of every change: that is all that it is for."""
    publisher, tail = bus.publisher("identity"), bus.tail(["identity.#"])
    publisher.publish([event("identity", "user", "update") for _ in range(700)])
    publisher.pulse()
    heard = listen_until_pulse(tail)
    assert heard == ["identity.user.update"] * 700 + ["identity.pulse"]
    tail.close()
    publisher.close()


def test_a_tail_hears_no_pulse_where_nobody_beats(bus: Bus, event) -> None:
    """Silence must be told from news; what was before the tail, and what others beat, is no word of identity's."""
    identity, resources = bus.publisher("identity"), bus.publisher("resources")
    earlier = bus.tail(["identity.#"])
    identity.publish([event("identity", "user", "update")])
    identity.pulse()
    assert listen_until_pulse(earlier)[-1] == pulse_key("identity")  # nobody else says when it has been sent
    tail = bus.tail(["identity.#"])
    resources.pulse()
    assert tail.receive(0.5) == []
    for part in (identity, resources, earlier, tail):
        part.close()


def test_no_consumer_ever_sees_a_pulse(bus: Bus, event) -> None:
    """Four a second would bury the audit log."""
    publisher, consumer = bus.publisher("identity"), bus.consumer("audit", ["#"])
    for _ in range(3):
        publisher.pulse()
    last = event("identity", "user", "update")
    publisher.publish([last])
    assert bodies(drain(consumer, 1)) == [last.body]
    consumer.close()
    publisher.close()
