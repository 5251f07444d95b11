"""From deliveries to records, against a log in memory: no event is lost, bent or in the way of another."""

import json
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from signet_audit.adapters.inbound.events import MAX_EVENT_BYTES, read_record, record_of
from signet_audit.application.ports import LogUnavailable
from signet_audit.domain.errors import Unrecordable
from signet_audit.domain.records import Actor, Record
from signet_common.messaging.backoff import Backoff
from signet_common.messaging.consume import ConsumerLoop
from signet_common.messaging.event import Delivery, parse_event

NESTED: Any = "x"
for _ in range(17):
    NESTED = [NESTED]


def drain(consumer: Any, log: Any) -> None:
    """Run the loop until the consumer has nothing left."""
    stop = threading.Event()

    class UntilEmpty:
        acknowledge, dead_letter, close = consumer.acknowledge, consumer.dead_letter, consumer.close

        def receive(self, limit: int, timeout: float) -> list[Delivery]:
            received: list[Delivery] = consumer.receive(limit, timeout)
            if not consumer.waiting:
                stop_soon()
            return received

    def stop_soon() -> None:
        if consumer.exhausted:
            stop.set()
        consumer.exhausted = True

    consumer.exhausted = False
    loop = ConsumerLoop(
        UntilEmpty(),
        read_record,
        log.append,
        linger=0.0,
        transient=(LogUnavailable,),
        backoff=Backoff(first=0.001, most=0.001),
    )
    loop.run(stop)


def test_a_record_says_what_the_event_said(support: Any) -> None:
    at = datetime(2026, 1, 1, 13, tzinfo=timezone(timedelta(hours=1)))
    delivery = support.tell(
        operation="update",
        event_id="e1",
        object_id="7",
        sequence=2,
        time=at,
        traceparent="00-" + "a" * 32 + "-" + "b" * 16 + "-00",
        changes={"demo_name": ("old", "new")},
    )
    assert record_of(parse_event(delivery)) == Record(
        "e1",
        datetime(2026, 1, 1, 12, tzinfo=UTC),
        "resources",
        "demo",
        "update",
        "7",
        2,
        Actor(1, "bob", "token", "session/9"),
        "r1",
        "e" * 64,
        "::1",
        "POST",
        "/",
        '{"demo_name":["old","new"]}',
        "a" * 32,
    )


def test_what_an_event_does_not_say_is_empty(support: Any) -> None:
    """Signet's own acts have no user and no request; they are recorded all the same."""
    body = json.loads(support.tell().body)
    body["data"] |= {"actor": {}, "request": {}}
    found = record_of(parse_event(Delivery("resources.demo.insert", json.dumps(body).encode())))
    assert (found.actor, found.request_id, found.client_ip) == (Actor(None, "", "", ""), "", "")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"actor": {"user_id": "7"}}, "user_id"),
        ({"actor": {"user_id": True}}, "user_id"),
        ({"actor": {"user_id": -1}}, "user_id"),
        ({"actor": {"user_name": 5}}, "user_name"),
        ({"actor": {"user_name": "x" * 256}}, "user_name"),
        ({"actor": {"user_name": "a\0b"}}, "NUL"),
        ({"actor": {"credential_id": ["x"]}}, "credential_id"),
        ({"object_id": "x" * 129}, "object_id"),
        ({"object_id": "\0"}, "NUL"),
        ({"sequence": -1}, "object_version"),
        ({"request_id": "x" * 129}, "request_id"),
        ({"request_digest": "x" * 65}, "request_digest"),
        ({"client_ip": {"v4": "x"}}, "client_ip"),
        ({"target": "x" * 16_385}, "target"),
        ({"changes": {"name": "new"}}, "pair"),
        ({"changes": {"name": ("old", "new", "newer")}}, "pair"),
        ({"changes": {"name": (None, NESTED)}}, "nested"),
        ({"changes": {"name": (None, "x" * MAX_EVENT_BYTES)}}, "longer"),
    ],
)
def test_what_no_record_can_hold_is_set_aside_and_the_others_are_recorded(
    support: Any, said: dict[str, Any], reason: str
) -> None:
    """Set aside whole and at once: nothing is cut short, and nobody waits for it."""
    with pytest.raises(Unrecordable, match=reason):
        support.record(**said)
    bad, good = support.tell(**said), [support.tell(), support.tell()]
    consumer, log = support.consumer([good[0], bad, good[1]]), support.log()
    drain(consumer, log)
    assert [(delivery.body, reason in why) for delivery, why in consumer.dead] == [(bad.body, True)]
    assert consumer.acknowledged == good
    assert len(log.records) == 2


@pytest.mark.parametrize(
    "bad",
    [
        Delivery("resources.demo.insert", b"\xff not JSON"),
        Delivery("resources.demo.insert", b"{}"),
        Delivery("nonsense", b"{}"),
    ],
)
def test_what_is_no_event_is_set_aside_and_the_others_are_recorded(support: Any, bad: Delivery) -> None:
    consumer, log = support.consumer([support.tell(), bad, support.tell()]), support.log()
    drain(consumer, log)
    assert [delivery for delivery, _ in consumer.dead] == [bad]
    assert (len(consumer.acknowledged), len(log.records)) == (2, 2)


def test_an_event_in_another_services_name_is_set_aside(support: Any) -> None:
    """The broker lets a service publish under its own name alone; the body must not claim another."""
    forged = Delivery("resources.demo.insert", support.tell("identity", "user", "insert").body)
    consumer, log = support.consumer([forged]), support.log()
    drain(consumer, log)
    assert (len(consumer.dead), log.records) == (1, {})


def test_events_of_kinds_nobody_has_heard_of_are_recorded(support: Any) -> None:
    """The log is complete without knowing the services: a new one needs no change here."""
    consumer, log = support.consumer([support.tell("weather", "storm", "named")]), support.log()
    drain(consumer, log)
    assert [found.service for found in log.records.values()] == ["weather"]


def test_nothing_is_acknowledged_before_it_is_in_the_log(support: Any) -> None:
    consumer, log = support.consumer([support.tell(), support.tell()]), support.log()
    before: list[int] = []
    log.after = lambda _records: before.append(len(consumer.acknowledged))
    drain(consumer, log)
    assert (before, len(consumer.acknowledged)) == ([0], 2)


def test_events_wait_for_a_log_that_is_away(support: Any) -> None:
    """However long that takes: none of them goes to the dead letters."""
    consumer, log = support.consumer([support.tell(), support.tell()]), support.log()
    refusals = iter(range(20))

    def refuse(_records: Sequence[Record]) -> None:
        if next(refusals, None) is not None:
            raise LogUnavailable("away")

    log.after = refuse
    drain(consumer, log)
    assert (len(consumer.acknowledged), consumer.dead, len(log.records)) == (2, [], 2)
