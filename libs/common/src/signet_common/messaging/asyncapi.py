"""The published contract of the bus, from the types that services declare: AsyncAPI 3.0 and a JSON Schema each.

The schemas are JSON Schema draft 07, the dialect that every AsyncAPI 3.0 tool has to read. They leave additional
properties open, because version 1 of an event may grow but never change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from signet_common.messaging import asyncapi_commands as commands
from signet_common.messaging.asyncapi_commands import CommandType
from signet_common.messaging.event import event_type, routing_key

ASYNCAPI_VERSION = "3.0.0"
JSON_SCHEMA = "http://json-schema.org/draft-07/schema#"
SCHEMA_FORMAT = "application/schema+json;version=draft-07"
CONTENT_TYPE = "application/cloudevents+json"
EXCHANGE = "signet.events"

_TEXT = {"type": "string"}
_OPTIONAL_TEXT = {"type": ["string", "null"]}
_TIME = {"type": "string", "format": "date-time"}


@dataclass(frozen=True, slots=True)
class EventType:
    """One kind of event. `changes` holds the JSON Schema of each field's value, without fields declared secret.

    `has_version` is true for what changes an object (inserts, updates, deletes): these carry its version as `sequence`.
    """

    service: str
    resource: str
    operation: str
    changes: Mapping[str, Mapping[str, Any]]
    has_version: bool
    summary: str = ""

    @property
    def routing_key(self) -> str:
        return routing_key(self.service, self.resource, self.operation)

    @property
    def name(self) -> str:
        """Return the CloudEvents type, which also names the schema's file."""
        return event_type(self.routing_key)

    @property
    def file_name(self) -> str:
        return f"{self.name}.json"


def event_schema(declared: EventType) -> dict[str, Any]:
    """Return the JSON Schema of one event type's message."""
    properties: dict[str, Any] = {
        "specversion": {"const": "1.0"},
        "id": {
            "type": "string",
            "minLength": 1,
            "maxLength": 64,
            "description": "Unique; consumers drop repeats by it.",
        },
        "source": {"const": f"/services/{declared.service}"},
        "type": {"const": declared.name},
        "subject": {"type": "string", "pattern": f"^{declared.resource}(/.+)?$"},
        "time": _TIME,
        "datacontenttype": {"const": "application/json"},
        "traceparent": {**_TEXT, "description": "W3C Trace Context of the request."},
        "data": _data_schema(declared),
    }
    required = ["specversion", "id", "source", "type", "subject", "time", "datacontenttype", "data"]
    if declared.has_version:
        properties["sequence"] = {"type": "integer", "minimum": 1, "description": "The object's version."}
        required.append("sequence")
    return {
        "$schema": JSON_SCHEMA,
        "title": declared.name,
        **({"description": declared.summary} if declared.summary else {}),
        **_object(properties, required),
    }


def asyncapi_document(
    declared: Sequence[EventType],
    sent: Sequence[CommandType] = (),
    *,
    title: str = "Signet events",
    version: str = "1",
) -> dict[str, Any]:
    """Return the AsyncAPI document of the events `declared` and the commands `sent`.

    Schemas are referred to as `./events/<file_name>` and `./commands/<file_name>`, relative to it.
    """
    ordered, orders = sorted(declared, key=lambda one: one.name), sorted(sent, key=lambda one: one.name)
    names = [one.name for one in ordered] + [one.name for one in orders]
    if len(set(names)) != len(names):
        raise ValueError("a type of event or command is declared twice")
    return {
        "asyncapi": ASYNCAPI_VERSION,
        "info": {
            "title": title,
            "version": version,
            "description": "CloudEvents 1.0 in JSON. At least once on the wire: drop repeats by `id`.",
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": {one.name: _channel(one) for one in ordered} | {one.name: commands.channel(one) for one in orders},
        "operations": {f"publish.{one.name}": _operation(one) for one in ordered}
        | {f"send.{one.name}": commands.operation(one) for one in orders},
        "components": {
            "messages": {one.name: _message(one) for one in ordered}
            | {one.name: commands.message(one) for one in orders}
        },
    }


def event_contracts(declared: Sequence[EventType]) -> dict[str, dict[str, Any]]:
    """Return each event type's schema by file name."""
    return {one.file_name: event_schema(one) for one in declared}


def _channel(declared: EventType) -> dict[str, Any]:
    exchange = {"name": EXCHANGE, "type": "topic", "durable": True, "autoDelete": False}
    return {
        "address": declared.routing_key,
        "messages": {declared.name: {"$ref": f"#/components/messages/{declared.name}"}},
        "bindings": {"amqp": {"is": "routingKey", "exchange": exchange, "bindingVersion": "0.3.0"}},
    }


def _operation(declared: EventType) -> dict[str, Any]:
    channel = f"#/channels/{declared.name}"
    return {
        "action": "send",
        "channel": {"$ref": channel},
        "messages": [{"$ref": f"{channel}/messages/{declared.name}"}],
        **({"summary": declared.summary} if declared.summary else {}),
    }


def _message(declared: EventType) -> dict[str, Any]:
    return {
        "name": declared.name,
        "contentType": CONTENT_TYPE,
        **({"summary": declared.summary} if declared.summary else {}),
        "payload": {"schemaFormat": SCHEMA_FORMAT, "schema": {"$ref": f"./events/{declared.file_name}"}},
    }


def _data_schema(declared: EventType) -> dict[str, Any]:
    pairs = {name: _pair(schema) for name, schema in declared.changes.items()}
    version = {"type": "integer", "minimum": 1} if declared.has_version else {"type": "null"}
    actor = {
        "user_id": {"type": ["integer", "null"]},
        "user_name": _TEXT,
        "authentication": {"enum": ["api_key", "token", "none", "service"]},
        "credential_id": _TEXT,
    }
    request = dict.fromkeys(("request_id", "client_ip", "method", "target", "request_digest"), _TEXT)
    properties = {
        "actor": _object(actor, list(actor)),
        "request": _object(request, list(request)),
        "operation": {"const": declared.operation},
        "resource": {"const": declared.resource},
        "object_id": _OPTIONAL_TEXT,
        "object_version": version,
        "changes": _object(pairs, []),
    }
    return _object(properties, list(properties))


def _pair(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of [old, new]; null is a value that did not exist before, or does no longer."""
    return {"type": "array", "minItems": 2, "maxItems": 2, "items": {"anyOf": [dict(schema), {"type": "null"}]}}


def _object(properties: Mapping[str, Any], required: Sequence[str]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), **({"required": list(required)} if required else {})}
