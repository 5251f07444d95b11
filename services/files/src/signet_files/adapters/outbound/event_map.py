"""From changes to events in the outbox, and the declaration of what this service tells the bus."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, get_args

from sqlalchemy import Connection

from signet_common.messaging.asyncapi import EventType
from signet_common.messaging.recording import Change, RecordedEvent, compose
from signet_common.observability.context import TRACEPARENT
from signet_common.passport import Passport
from signet_common.sql.database import Database
from signet_common.sql.outbox import Outbox
from signet_files import SERVICE
from signet_files.domain.files import TOLD_FIELDS, File, FileState

_TEXT = {"type": ["string", "null"]}
_SIZE = {"type": ["integer", "string", "null"]}
_SHAPES: Mapping[Any, Mapping[str, Any]] = {str: _TEXT, int: _SIZE, FileState: {"enum": [*get_args(FileState), None]}}
_TYPES = {field.name: field.type for field in fields(File)}
_FIELDS = {name: _SHAPES[_TYPES[name]] for name in TOLD_FIELDS}
_KEYRING: Mapping[str, Mapping[str, Any]] = {
    "current": _TEXT,
    "rotating": {"type": ["boolean", "null"]},
    "key": _TEXT,
}
_VERIFICATION: Mapping[str, Mapping[str, Any]] = {
    "verdict": {"enum": ["intact", "damaged", "missing", "destroyed", None]},
    "offset": _SIZE,
    "verified_bytes": _SIZE,
}

EVENTS = (
    EventType(SERVICE, "file", "insert", _FIELDS, has_version=True, summary="A file was uploaded."),
    EventType(SERVICE, "file", "update", _FIELDS, has_version=True, summary="A file was renamed, or brought back."),
    EventType(SERVICE, "file", "delete", _FIELDS, has_version=True, summary="A file was deleted."),
    EventType(SERVICE, "file", "destroy", _FIELDS, has_version=True, summary="The key of a file was destroyed."),
    EventType(SERVICE, "file", "query", {}, has_version=False, summary="What is known of a file, or a page, was read."),
    EventType(SERVICE, "file", "download", {}, has_version=False, summary="What a file holds began to be read."),
    EventType(
        SERVICE, "file", "verify", _VERIFICATION, has_version=False, summary="A file was read anew, to check it."
    ),
    EventType(SERVICE, "file_quota", "update", {"limit_bytes": _SIZE}, has_version=False, summary="A limit was set."),
    EventType(SERVICE, "file_quota", "query", {}, has_version=False, summary="A quota was read."),
    EventType(SERVICE, "file_key", "query", {}, has_version=False, summary="The keys of the keyring were listed."),
    EventType(SERVICE, "file_key", "rotate", _KEYRING, has_version=False, summary="Keys of files go under another."),
    EventType(SERVICE, "file_key", "retire", _KEYRING, has_version=False, summary="A key of the keyring is forgotten."),
)


class EventMap:
    """Writes the event of a change with the change, and the event of a read in a group of its own."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    def add(self, connection: Connection, change: Change, caller: Passport) -> None:
        """Commit the event with the transaction of `connection`."""
        self._outbox.add(connection, self._event(change, caller))

    def append(self, database: Database, change: Change, caller: Passport) -> None:
        """Commit a query record by itself; returns once it is durable."""
        self._outbox.append(database, self._event(change, caller))

    @staticmethod
    def _event(change: Change, caller: Passport) -> RecordedEvent:
        return compose(SERVICE, change, caller, TRACEPARENT.get())
