"""From the bus into the log: every event becomes one record, and one that cannot be recorded stops no other."""

from collections.abc import Mapping
from typing import Any

import orjson

from signet_audit.domain.errors import Unrecordable
from signet_audit.domain.records import (
    AUTHENTICATION_LENGTH,
    CLIENT_IP_LENGTH,
    CREDENTIAL_ID_LENGTH,
    DIGEST_LENGTH,
    METHOD_LENGTH,
    OBJECT_ID_LENGTH,
    REQUEST_ID_LENGTH,
    TARGET_LENGTH,
    USER_NAME_LENGTH,
    Actor,
    Record,
)
from signet_common.messaging.event import Delivery, Event, EventInvalid, parse_event
from signet_common.observability.traceparent import parse_traceparent

BINDINGS = ("#",)
MAX_EVENT_BYTES = 4 * 1024 * 1024
MAX_NESTING = 16
"""Of a changed value. A record that is nested deeper than a JSON writer can go would make its whole page unreadable."""

_MAX_SAFE_INTEGER = 2**53 - 1


def read_record(delivery: Delivery) -> Record:
    """The record of what was delivered. Raises EventInvalid for what is no event, and for what no record can hold."""
    try:
        return record_of(parse_event(delivery))
    except Unrecordable as refused:
        raise EventInvalid(str(refused)) from refused


def record_of(event: Event) -> Record:
    """The record of an event. Raises Unrecordable: nothing is cut short, the audit log holds all or says why not."""
    if len(event.body) > MAX_EVENT_BYTES:
        raise Unrecordable(f"the event is longer than {MAX_EVENT_BYTES} bytes")
    actor, request = event.actor, event.request
    trace = parse_traceparent(event.traceparent)
    record = Record(
        event.event_id,
        event.time,
        event.service,
        event.resource,
        event.operation,
        None if event.object_id is None else _bounded("object_id", event.object_id, OBJECT_ID_LENGTH),
        _integer("object_version", event.sequence),
        Actor(
            _integer("user_id", actor.get("user_id")),
            _text(actor, "user_name", USER_NAME_LENGTH),
            _text(actor, "authentication", AUTHENTICATION_LENGTH),
            _text(actor, "credential_id", CREDENTIAL_ID_LENGTH),
        ),
        _text(request, "request_id", REQUEST_ID_LENGTH),
        _text(request, "request_digest", DIGEST_LENGTH),
        _text(request, "client_ip", CLIENT_IP_LENGTH),
        _text(request, "method", METHOD_LENGTH),
        _text(request, "target", TARGET_LENGTH),
        _changes(event.changes),
        None if trace is None else trace.trace_id,
    )
    # JSON can spell NUL in this one way; PostgreSQL keeps it in no text, and what one engine refuses all do.
    if b"\\u0000" in event.body and any(isinstance(value, str) and "\0" in value for value in (*record, *record.actor)):
        raise Unrecordable("a text holds the character NUL")
    return record


def _text(values: Mapping[str, Any], name: str, limit: int) -> str:
    value = values.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Unrecordable(f"{name} is not text")
    return _bounded(name, value, limit)


def _bounded(name: str, value: str, limit: int) -> str:
    if len(value) > limit:
        raise Unrecordable(f"{name} is longer than {limit} characters")
    return value


def _integer(name: str, value: object) -> int | None:
    if value is None or (type(value) is int and 0 <= value <= _MAX_SAFE_INTEGER):
        return value
    raise Unrecordable(f"{name} is not an integer from 0 to 2^53-1")


def _changes(changes: Mapping[str, object]) -> str:
    for change in changes.values():
        if not isinstance(change, list) or len(change) != 2:
            raise Unrecordable("a change is not a pair of old and new")
        if _is_nested(change, MAX_NESTING):
            raise Unrecordable(f"a change is nested deeper than {MAX_NESTING}")
    return orjson.dumps(changes).decode()


def _is_nested(value: object, most: int) -> bool:
    if isinstance(value, dict):
        return most == 0 or any(_is_nested(item, most - 1) for item in value.values())
    if isinstance(value, list):
        return most == 0 or any(_is_nested(item, most - 1) for item in value)
    return False
