"""What travels on the bus: CloudEvents 1.0 in JSON, one per change or read, and the names derived from it.

A routing key `<service>.<resource>.<operation>` says the same as the body's `source` and `type`. The broker lets a
service publish under its own prefix alone, so a body that disagrees with its routing key is a forgery and is refused.

    EventInvalid(ValueError)      a delivered message is not an event of version 1, or contradicts its routing key
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson
import uuid_utils

from signet_common.messaging.safe_json import to_json

_SEGMENT = re.compile(r"[a-z][a-z0-9_]{0,62}")
_MAX_ID_LENGTH = 64


class EventInvalid(ValueError):
    """A delivery that no handler may see: not an event, or one that contradicts its routing key."""


@dataclass(frozen=True, slots=True)
class OutgoingEvent:
    """An event on its way to the bus.

    `ordering_key` names the object whose events must arrive in order (`demo/7`); empty: order does not matter.
    """

    event_id: str
    routing_key: str
    body: bytes = field(repr=False)
    ordering_key: str = ""

    @property
    def message_id(self) -> str:
        """What a bus confirms it by."""
        return self.event_id


@dataclass(slots=True)
class Delivery:
    """A message as a bus handed it over. `position` belongs to the bus: it is what acknowledging needs."""

    routing_key: str
    body: bytes = field(repr=False)
    position: Any = None
    redelivered: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """A validated event. `sequence` is the object's version; None for queries and everything else without one."""

    event_id: str
    service: str
    resource: str
    operation: str
    object_id: str | None
    sequence: int | None
    time: datetime
    traceparent: str
    actor: Mapping[str, Any]
    request: Mapping[str, Any]
    changes: Mapping[str, Sequence[Any]]
    body: bytes = field(repr=False)

    @property
    def routing_key(self) -> str:
        return routing_key(self.service, self.resource, self.operation)


def new_event_id() -> str:
    """Return a UUID version 7 (RFC 9562) as text: ids sort by the time they were made."""
    return str(uuid_utils.uuid7())


@lru_cache(maxsize=1024)
def routing_key(service: str, resource: str, operation: str) -> str:
    """Join three lower-case names to `resources.demo.insert`. ValueError where one is no such name."""
    for segment in (service, resource, operation):
        if not _SEGMENT.fullmatch(segment):
            raise ValueError(f"{segment!r} is no name of a service, resource or operation")
    return f"{service}.{resource}.{operation}"


def event_type(key: str) -> str:
    """Return the CloudEvents type of a routing key."""
    return f"signet.{key}.v1"


def cloud_event(
    *,
    event_id: str,
    service: str,
    resource: str,
    operation: str,
    object_id: str | None,
    sequence: int | None,
    time: datetime,
    traceparent: str,
    actor: Mapping[str, Any],
    request: Mapping[str, Any],
    changes: Mapping[str, Sequence[Any]],
) -> bytes:
    """Build the JSON body. `changes` maps a field to (old, new), without fields declared secret.

    Integers beyond ±(2^53-1) are written as strings. TypeError for a value that JSON cannot say.
    """
    document: dict[str, Any] = {
        "specversion": "1.0",
        "id": event_id,
        "source": f"/services/{service}",
        "type": event_type(routing_key(service, resource, operation)),
        "subject": _subject(resource, object_id),
        "time": _utc(time),
        "datacontenttype": "application/json",
    }
    if sequence is not None:
        document["sequence"] = sequence
    if traceparent:
        document["traceparent"] = traceparent
    document["data"] = {
        "actor": actor,
        "request": request,
        "operation": operation,
        "resource": resource,
        "object_id": object_id,
        "object_version": sequence,
        "changes": changes,
    }
    return to_json(document)


def _subject(resource: str, object_id: str | None) -> str:
    return resource if object_id is None else f"{resource}/{object_id}"


def _utc(time: datetime) -> datetime:
    if time.tzinfo is None:
        raise ValueError("the time of an event needs a time zone")
    return time.astimezone(UTC)


def parse_event(delivery: Delivery) -> Event:
    """Return the event of a delivery. EventInvalid, with the reason, where body and routing key do not fit together."""
    try:
        document = orjson.loads(delivery.body)
    except orjson.JSONDecodeError as error:
        raise EventInvalid("the body is not JSON") from error
    _expect(isinstance(document, dict), "the body is not a JSON object")
    service, resource, operation = _names(delivery.routing_key)
    _expect(document.get("specversion") == "1.0", "specversion is not 1.0")
    _expect(document.get("source") == f"/services/{service}", "source contradicts the routing key")
    _expect(document.get("type") == event_type(delivery.routing_key), "type contradicts the routing key")
    data = document.get("data")
    _expect(isinstance(data, dict), "data is not an object")
    _expect(data.get("resource") == resource, "data.resource contradicts the routing key")
    _expect(data.get("operation") == operation, "data.operation contradicts the routing key")
    return _event(document, data, service, delivery.body)


def _names(key: str) -> tuple[str, str, str]:
    try:
        service, resource, operation = key.split(".")
        routing_key(service, resource, operation)
    except ValueError as error:
        raise EventInvalid("the routing key is not <service>.<resource>.<operation>") from error
    return service, resource, operation


def _event(document: Any, data: Any, service: str, body: bytes) -> Event:
    event_id, object_id, sequence = document.get("id"), data.get("object_id"), document.get("sequence")
    traceparent = document.get("traceparent", "")
    _expect(isinstance(event_id, str) and 0 < len(event_id) <= _MAX_ID_LENGTH, "id is not 1 to 64 characters")
    _expect(object_id is None or isinstance(object_id, str), "data.object_id is not text")
    _expect(document.get("subject") == _subject(data["resource"], object_id), "subject contradicts data")
    _expect(sequence is None or type(sequence) is int, "sequence is not an integer")
    _expect(data.get("object_version") == sequence, "sequence contradicts data.object_version")
    _expect(isinstance(traceparent, str), "traceparent is not text")
    for name in ("actor", "request", "changes"):
        _expect(isinstance(data.get(name), dict), f"data.{name} is not an object")
    return Event(
        event_id=event_id,
        service=service,
        resource=data["resource"],
        operation=data["operation"],
        object_id=object_id,
        sequence=sequence,
        time=_time(document.get("time")),
        traceparent=traceparent,
        actor=data["actor"],
        request=data["request"],
        changes=data["changes"],
        body=body,
    )


def _time(text: object) -> datetime:
    try:
        return _utc(datetime.fromisoformat(text if isinstance(text, str) else ""))
    except (ValueError, OverflowError) as error:  # year 1 in an eastern zone has no UTC
        raise EventInvalid("time is not an RFC 3339 time with a zone") from error


def _expect(condition: bool, reason: str) -> None:
    if not condition:
        raise EventInvalid(reason)
