"""Commands in the published contract of the bus: their part of the AsyncAPI document, and a JSON Schema each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

COMMANDS_EXCHANGE = "signet.send"
_CONTENT_TYPE = "application/json"
_JSON_SCHEMA = "http://json-schema.org/draft-07/schema#"
_SCHEMA_FORMAT = "application/schema+json;version=draft-07"
_DESCRIPTION = (
    "At least once on the wire: do it once per message id. It may hold a secret: it is erased by its acknowledgement, "
    "and is of no use to anybody once its time is over."
)


@dataclass(frozen=True, slots=True)
class CommandType:
    """One kind of command that `service` sends. `name` is its routing key, `body` the JSON Schema of its body."""

    service: str
    name: str
    body: Mapping[str, Any]
    summary: str = ""

    @property
    def file_name(self) -> str:
        return f"{self.name}.json"


def command_schema(declared: CommandType) -> dict[str, Any]:
    """Return the JSON Schema of one command's body."""
    about = {"description": declared.summary} if declared.summary else {}
    return {"$schema": _JSON_SCHEMA, "title": declared.name, **about, **declared.body}


def command_contracts(declared: Sequence[CommandType]) -> dict[str, dict[str, Any]]:
    """Return each command's schema by file name."""
    return {one.file_name: command_schema(one) for one in declared}


def channel(declared: CommandType) -> dict[str, Any]:
    """Return where a command is sent to, for the document's `channels`."""
    exchange = {"name": COMMANDS_EXCHANGE, "type": "fanout", "durable": True, "autoDelete": False}
    return {
        "address": declared.name,
        "messages": {declared.name: {"$ref": f"#/components/messages/{declared.name}"}},
        "bindings": {"amqp": {"is": "routingKey", "exchange": exchange, "bindingVersion": "0.3.0"}},
    }


def operation(declared: CommandType) -> dict[str, Any]:
    """Return who sends a command, for the document's `operations`."""
    reference = f"#/channels/{declared.name}"
    return {
        "action": "send",
        "channel": {"$ref": reference},
        "messages": [{"$ref": f"{reference}/messages/{declared.name}"}],
        "summary": f"{declared.service}: {declared.summary}",
    }


def message(declared: CommandType) -> dict[str, Any]:
    """Return what a command looks like, for the document's `components`."""
    return {
        "name": declared.name,
        "contentType": _CONTENT_TYPE,
        "summary": declared.summary,
        "description": _DESCRIPTION,
        "payload": {"schemaFormat": _SCHEMA_FORMAT, "schema": {"$ref": f"./commands/{declared.file_name}"}},
    }
