"""The suite of commands: both buses carry each once to one receiver, and keep nothing of it afterwards."""

from __future__ import annotations

import time

import pytest

from signet_common.messaging.ports import Bus


def drain(receiver, count, timeout=10.0):
    """Receive `count` commands, in as many calls as it takes."""
    found = []
    while len(found) < count:
        page = receiver.receive(count - len(found), timeout)
        assert page, f"only {len(found)} of {count} arrived"
        found += page
    return found


def ids(commands):
    return [command.command_id for command in commands]


def test_commands_wait_for_a_receiver_that_comes_later(bus: Bus, command) -> None:
    """Mail is asked for before anybody who sends mail is installed."""
    sender = bus.command_sender("identity")
    sent = [command(str(n)) for n in range(5)]
    assert sender.publish(sent) == set(ids(sent))
    sender.close()
    receiver = bus.command_receiver()
    received = drain(receiver, 5)
    assert [(c.command_id, c.name, c.body) for c in received] == [(c.command_id, c.name, c.body) for c in sent]
    receiver.close()


def test_what_was_acknowledged_is_gone_and_the_rest_comes_again(bus: Bus, command) -> None:
    """A receiver that dies before it has sent the mail gets it again, and a mail that was sent is sent once."""
    sender, receiver = bus.command_sender("identity"), bus.command_receiver()
    sent = [command(str(n)) for n in range(4)]
    sender.publish(sent)
    received = drain(receiver, 4)
    receiver.acknowledge([received[0], received[2]])
    receiver.close()
    successor = bus.command_receiver()
    assert ids(drain(successor, 2)) == [sent[1].command_id, sent[3].command_id]
    assert successor.receive(5, 0.2) == []
    for part in (sender, receiver, successor):
        part.close()


def test_a_receiver_that_goes_on_gets_nothing_twice(bus: Bus, command) -> None:
    """What is in hand is not handed out again while its receiver lives."""
    sender, receiver = bus.command_sender("identity"), bus.command_receiver()
    sender.publish([command("first")])
    first = drain(receiver, 1)
    second = command("second")
    sender.publish([second])
    assert ids(drain(receiver, 1)) == [second.command_id]
    receiver.acknowledge(first)
    assert receiver.receive(5, 0.2) == []
    for part in (sender, receiver):
        part.close()


def test_a_command_that_is_over_reaches_nobody(bus: Bus, command) -> None:
    """Its secret is worth nothing any more, and nobody may keep it."""
    sender, receiver = bus.command_sender("identity"), bus.command_receiver()
    short, gone, lasting = command("short", seconds=0.3), command("gone", seconds=-5), command("lasting")
    assert sender.publish([gone, short, lasting]) == set(ids([gone, short, lasting]))
    time.sleep(0.5)
    assert ids(drain(receiver, 1)) == [lasting.command_id]
    assert receiver.receive(5, 0.2) == []
    for part in (sender, receiver):
        part.close()


def test_events_and_commands_never_meet(bus: Bus, event, command) -> None:
    """A secret in the audit log would stay there for ever."""
    publisher, sender = bus.publisher("identity"), bus.command_sender("identity")
    consumer, tail = bus.consumer("audit", ["#"]), bus.tail(["#"])
    told = event("identity", "user", "update")
    publisher.publish([told])
    sender.publish([command()])
    assert [d.body for d in consumer.receive(10, 10)] == [told.body]
    assert consumer.receive(10, 0.3) == []
    assert all(d.body == told.body for d in tail.receive(0.5))
    for part in (publisher, sender, consumer, tail):
        part.close()


@pytest.mark.parametrize("count", [0, 1, 700])
def test_batches_of_any_size_are_confirmed_whole(bus: Bus, command, count: int) -> None:
    """More than fit in flight at once, and none at all, are both batches."""
    sender = bus.command_sender("identity")
    commands = [command() for _ in range(count)]
    assert sender.publish(commands) == set(ids(commands))
    sender.close()


def test_no_body_is_in_a_repr(command) -> None:
    """Log lines and tracebacks show what they are given."""
    assert "hello" not in repr(command("hello"))
