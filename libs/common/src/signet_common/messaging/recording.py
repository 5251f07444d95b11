"""From what a service says happened to the event that waits in its outbox."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from signet_common.messaging.event import cloud_event, new_event_id, routing_key


class Caller(Protocol):
    """What an event says about who asked, and by which request; a passport says all of it."""

    @property
    def user_id(self) -> int | None: ...
    @property
    def user_name(self) -> str: ...
    @property
    def authentication(self) -> str: ...
    @property
    def credential_id(self) -> str: ...
    @property
    def request_id(self) -> str: ...
    @property
    def client_ip(self) -> str: ...
    @property
    def method(self) -> str: ...
    @property
    def target(self) -> str: ...
    @property
    def request_digest(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to one object: `changes` maps a field to (old, new) and never holds a secret.

    `object_id` is None for a read of many; `object_version` is None where nothing changed.
    """

    resource: str
    operation: str
    object_id: str | None = None
    object_version: int | None = None
    changes: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An event as the outbox keeps it; `object_id` is empty for none."""

    event_id: str
    routing_key: str
    resource: str
    object_id: str
    object_version: int | None
    body: bytes = field(repr=False)


def compose(service: str, change: Change, caller: Caller, traceparent: str) -> RecordedEvent:
    """The event that tells of `change`, asked for by `caller`."""
    event_id = new_event_id()
    body = cloud_event(
        event_id=event_id,
        service=service,
        resource=change.resource,
        operation=change.operation,
        object_id=change.object_id,
        sequence=change.object_version,
        time=datetime.now(UTC),
        traceparent=traceparent,
        actor={
            "user_id": caller.user_id,
            "user_name": caller.user_name,
            "authentication": caller.authentication,
            "credential_id": caller.credential_id,
        },
        request={
            "request_id": caller.request_id,
            "client_ip": caller.client_ip,
            "method": caller.method,
            "target": caller.target,
            "request_digest": caller.request_digest,
        },
        changes=change.changes,
    )
    key = routing_key(service, change.resource, change.operation)
    return RecordedEvent(event_id, key, change.resource, change.object_id or "", change.object_version, body)
