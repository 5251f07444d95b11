"""From changes to events in the outbox, and the declaration of what this service tells the bus."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from signet_common.messaging.asyncapi import EventType
from signet_common.messaging.recording import Change, RecordedEvent, compose
from signet_common.observability.context import TRACEPARENT
from signet_common.passport import Passport
from signet_common.sql.database import Database
from signet_common.sql.outbox import Outbox
from signet_scheduler import SERVICE

_TEXT = {"type": ["string", "null"]}
_NUMBER = {"type": ["integer", "string", "null"]}
_TIME = {"type": ["string", "null"], "format": "date-time"}
_SCHEDULE: Mapping[str, Mapping[str, Any]] = {
    "schedule_name": _TEXT,
    "job_name": _TEXT,
    "cron": _TEXT,
    "time_zone": _TEXT,
    "arguments": {"type": ["object", "null"]},
    "schedule_state": {"enum": ["active", "inactive", None]},
}
_ASKED: Mapping[str, Mapping[str, Any]] = {
    "job_name": _TEXT,
    "arguments": {"type": ["object", "null"]},
    "retry_of": _NUMBER,
}
_OUTCOME: Mapping[str, Mapping[str, Any]] = {
    "job_name": _TEXT,
    "schedule_id": _NUMBER,
    "scheduled_at": _TIME,
    "attempts": _NUMBER,
    "error": _TEXT,
}
_MAIL: Mapping[str, Mapping[str, Any]] = {"to_address": _TEXT, "template": _TEXT, "language": _TEXT, "reply": _TEXT}
_KEYRING: Mapping[str, Mapping[str, Any]] = {
    "current": _TEXT,
    "rotating": {"type": ["boolean", "null"]},
    "key": _TEXT,
}


def _told(resource: str, operation: str, fields: Mapping[str, Mapping[str, Any]], summary: str) -> EventType:
    return EventType(SERVICE, resource, operation, fields, has_version=False, summary=summary)


EVENTS = (
    EventType(SERVICE, "schedule", "insert", _SCHEDULE, has_version=True, summary="A schedule was made."),
    EventType(SERVICE, "schedule", "update", _SCHEDULE, has_version=True, summary="A schedule was changed or paused."),
    EventType(SERVICE, "schedule", "delete", _SCHEDULE, has_version=True, summary="A schedule was deleted."),
    _told("schedule", "query", {}, "One schedule, or a page of them, was read."),
    _told("job", "query", {}, "What jobs there are was read."),
    _told("run", "insert", _ASKED, "Somebody asked for a run."),
    _told("run", "update", {"cancel_asked": {"type": ["boolean", "null"]}}, "Somebody wants a run to end."),
    _told("run", "succeeded", _OUTCOME, "A run did its work."),
    _told("run", "failed", _OUTCOME, "A run failed in all of its attempts, or for good."),
    _told("run", "cancelled", _OUTCOME, "A run was ended because somebody asked for it."),
    _told("run", "skipped", _OUTCOME, "A slot was not run, with the reason."),
    _told("run", "interrupted", _OUTCOME, "A worker died in a run that may not be repeated."),
    _told("run", "query", {}, "A run, its log, or a page of runs was read."),
    _told("mail", "insert", _MAIL, "A mail is to be sent."),
    _told("mail", "sent", _MAIL, "The mail server took a mail."),
    _told("mail", "refused", _MAIL, "A mail was refused for good: by the mail server, a limit, or for its address."),
    _told("mail", "failed", _MAIL, "A mail was not handed over in all of its attempts, or its content cannot be read."),
    _told("mail", "expired", _MAIL, "A mail was of no use any more before it could be sent."),
    _told("mail_key", "rotate", _KEYRING, "Contents of waiting mails lie under another key."),
    _told("mail_key", "retire", _KEYRING, "A key of the keyring is forgotten."),
    _told("mail", "query", {}, "What became of a mail, or of a page of them, was read."),
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
