"""What travels on the bus, and what is refused when it arrives."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from signet_common.messaging.event import Delivery, EventInvalid, new_event_id, parse_event, routing_key


def delivery(outgoing) -> Delivery:
    return Delivery(outgoing.routing_key, outgoing.body)


def changed(outgoing, **top) -> Delivery:
    return Delivery(outgoing.routing_key, json.dumps(json.loads(outgoing.body) | top).encode())


def test_a_published_event_is_read_back_as_it_was_made(event) -> None:
    """Both ends agree on every member."""
    outgoing = event(sequence=3)
    read = parse_event(delivery(outgoing))
    assert read.event_id == outgoing.event_id
    assert (read.service, read.resource, read.operation) == ("resources", "demo", "insert")
    assert (read.object_id, read.sequence) == ("7", 3)
    assert read.time == datetime(2026, 1, 1, tzinfo=UTC)
    assert read.changes == {"demo_name": [None, "x"]}
    assert read.routing_key == outgoing.routing_key


def test_the_body_is_a_cloud_event_as_the_contract_says(event) -> None:
    """Other teams read the JSON, not our classes."""
    document = json.loads(event(time=datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))).body)
    assert document["specversion"] == "1.0"
    assert document["source"] == "/services/resources"
    assert document["type"] == "signet.resources.demo.insert.v1"
    assert document["subject"] == "demo/7"
    assert document["time"] == "2026-01-01T00:00:00Z"
    assert document["sequence"] == document["data"]["object_version"] == 1


def test_the_event_of_a_list_names_the_resource_alone_and_has_no_sequence(event) -> None:
    """A read changes no version."""
    document = json.loads(event(operation="query", object_id=None, sequence=None).body)
    assert document["subject"] == "demo"
    assert "sequence" not in document


@pytest.mark.parametrize("number", [2**53, -(2**53), 2**64, 2**200])
def test_integers_that_json_readers_would_round_are_text(event, number: int) -> None:
    """JavaScript reads 2^53+1 as 2^53: an audit log must not depend on the reader."""
    document = json.loads(event(changes={"size": (2**53 - 1, number), "nested": (None, [{"n": number}, True])}).body)
    assert document["data"]["changes"] == {
        "size": [2**53 - 1, str(number)],
        "nested": [None, [{"n": str(number)}, True]],
    }


def test_a_time_without_zone_is_refused(event) -> None:
    """Guessing a zone would falsify the log."""
    with pytest.raises(ValueError, match="zone"):
        event(time=datetime(2026, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize("name", ["", "Demo", "a.b", "#", "*", "demo-x", "x" * 64])
def test_a_name_that_could_be_a_pattern_is_no_part_of_a_routing_key(name: str) -> None:
    """A dot or wildcard in a name would route an event under somebody else's prefix."""
    with pytest.raises(ValueError, match="name"):
        routing_key("resources", name, "insert")


@pytest.mark.parametrize(
    "top",
    [
        {"source": "/services/identity"},
        {"type": "signet.identity.user.insert.v1"},
        {"type": "signet.resources.demo.insert.v2"},
        {"specversion": "0.3"},
        {"subject": "demo/8"},
        {"id": ""},
        {"id": "x" * 65},
        {"id": 7},
        {"time": "yesterday"},
        {"time": "2026-01-01T00:00:00"},
        {"time": "0001-01-01T00:00:00+05:00"},
        {"time": None},
        {"sequence": "1"},
        {"sequence": 2},
        {"sequence": True},
        {"traceparent": 7},
        {"data": None},
        {"data": {}},
    ],
)
def test_a_body_that_contradicts_its_routing_key_or_itself_is_refused(event, top) -> None:
    """The broker vouches for the routing key only: a service must not speak for another in the body."""
    with pytest.raises(EventInvalid):
        parse_event(changed(event(), **top))


@pytest.mark.parametrize("body", [b"", b"\xff", b"null", b"[]", b"7", b'{"specversion":"1.0"}'])
def test_what_is_no_event_is_refused(event, body: bytes) -> None:
    """Anybody with a broker user can send any bytes."""
    with pytest.raises(EventInvalid):
        parse_event(Delivery("resources.demo.insert", body))


@pytest.mark.parametrize("key", ["", "resources", "resources.demo", "resources.demo.insert.x", "resources.demo.INSERT"])
def test_a_routing_key_of_another_form_is_refused(event, key: str) -> None:
    """Nothing can be said about who sent it."""
    with pytest.raises(EventInvalid):
        parse_event(Delivery(key, event().body))


def test_event_ids_sort_by_the_time_they_were_made() -> None:
    """The outbox is read in the order of its ids."""
    ids = [new_event_id() for _ in range(1000)]
    assert sorted(ids) == ids
    assert len(set(ids)) == 1000
