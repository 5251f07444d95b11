"""The published contract describes what is really sent."""

from __future__ import annotations

import json

import jsonschema
import pytest

from signet_common.messaging.asyncapi import EventType, asyncapi_document, event_contracts, event_schema
from signet_common.messaging.asyncapi_commands import CommandType, command_contracts
from signet_common.messaging.rabbitmq_topology import COMMANDS_EXCHANGE

DEMO_INSERT = EventType(
    "resources", "demo", "insert", {"demo_name": {"type": "string", "maxLength": 15}}, True, "A Demo."
)
DEMO_QUERY = EventType("resources", "demo", "query", {}, False)


def validate(declared: EventType, body: bytes) -> None:
    schema = event_schema(declared)
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker()).validate(json.loads(body))


def complete(event, **values):
    request = {"request_id": "r", "client_ip": "::1", "method": "GET", "target": "/", "request_digest": "00"}
    return event(request=request, **values)


def test_an_event_fulfils_its_schema(event) -> None:
    """Consumers generate their readers from the contract."""
    validate(DEMO_INSERT, complete(event).body)
    validate(DEMO_QUERY, complete(event, operation="query", object_id=None, sequence=None, changes={}).body)


@pytest.mark.parametrize(
    "values", [{"sequence": None}, {"operation": "update"}, {"changes": {"demo_name": (1, 2)}}, {"actor": {}}]
)
def test_an_event_of_another_form_does_not(event, values) -> None:
    """A schema that takes anything says nothing."""
    with pytest.raises(jsonschema.ValidationError):
        validate(DEMO_INSERT, complete(event, **values).body)


def test_the_document_names_every_event_once_and_refers_to_its_schema() -> None:
    """Channels, operations, messages and files hang together."""
    declared = [DEMO_QUERY, DEMO_INSERT]
    document, files = asyncapi_document(declared), event_contracts(declared)
    assert document["asyncapi"] == "3.0.0"
    assert [channel["address"] for channel in document["channels"].values()] == [
        "resources.demo.insert",
        "resources.demo.query",
    ]
    for operation in document["operations"].values():
        for reference in [operation["channel"], *operation["messages"]]:
            resolve(document, reference["$ref"])
    for message in document["components"]["messages"].values():
        assert message["payload"]["schema"]["$ref"].removeprefix("./events/") in files


MAIL = CommandType("identity", "mail.send", {"type": "object", "required": ["to"]}, "Send this mail.")


def test_a_command_has_a_channel_a_message_and_a_schema() -> None:
    """Whoever is to send the mails is no part of Signet, and learns from the contract alone what arrives."""
    document, files = asyncapi_document([DEMO_INSERT], [MAIL]), command_contracts([MAIL])
    channel = document["channels"]["mail.send"]
    assert channel["address"] == "mail.send"
    assert channel["bindings"]["amqp"]["exchange"]["name"] == COMMANDS_EXCHANGE
    operation = document["operations"]["send.mail.send"]
    for reference in [operation["channel"], *operation["messages"], channel["messages"]["mail.send"]]:
        assert resolve(document, reference["$ref"])
    message = document["components"]["messages"]["mail.send"]
    assert message["contentType"] == "application/json"
    schema = files[message["payload"]["schema"]["$ref"].removeprefix("./commands/")]
    jsonschema.Draft7Validator.check_schema(schema)
    assert schema["required"] == ["to"]


def test_the_order_of_declaration_does_not_change_the_document() -> None:
    """The contract is committed: it differs only when an event does."""
    assert json.dumps(asyncapi_document([DEMO_QUERY, DEMO_INSERT])) == json.dumps(
        asyncapi_document([DEMO_INSERT, DEMO_QUERY])
    )


def test_an_event_type_declared_twice_is_refused() -> None:
    """The second would silently replace the first."""
    with pytest.raises(ValueError, match="twice"):
        asyncapi_document([DEMO_INSERT, DEMO_INSERT])
    with pytest.raises(ValueError, match="twice"):
        asyncapi_document([], [MAIL, MAIL])


def resolve(document, reference: str):
    for part in reference.removeprefix("#/").split("/"):
        document = document[part]
    return document
