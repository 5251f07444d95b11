"""From changes to events in the outbox, and the declaration of what this service tells the bus."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from signet_common.messaging.asyncapi import EventType
from signet_common.messaging.recording import Change, compose
from signet_common.observability.context import TRACEPARENT
from signet_common.passport import Passport
from signet_common.sql.outbox import Outbox
from signet_files import SERVICE

_TEXT = {"type": ["string", "null"]}
_FIELDS: Mapping[str, Mapping[str, Any]] = {
    "file_name": _TEXT,
    "media_type": _TEXT,
    "size": {"type": ["integer", "string", "null"]},
    "sha256": _TEXT,
    "file_state": {"enum": ["active", "deleted", None]},
}

EVENTS = (
    EventType(SERVICE, "file", "insert", _FIELDS, has_version=True, summary="A file was uploaded."),
    EventType(SERVICE, "file", "delete", _FIELDS, has_version=True, summary="A file was deleted."),
    EventType(SERVICE, "file", "query", {}, has_version=False, summary="A file, or a page of them, was read."),
)


class EventMap:
    """Writes the event of a change with the change."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    def add(self, connection: Connection, change: Change, caller: Passport) -> None:
        """Commit the event with the transaction of `connection`."""
        self._outbox.add(connection, compose(SERVICE, change, caller, TRACEPARENT.get()))
