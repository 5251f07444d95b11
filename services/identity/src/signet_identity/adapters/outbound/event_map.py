"""From identity's changes to events in its outbox, and the declaration of what it tells the bus."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from signet_common.messaging.asyncapi import EventType
from signet_common.messaging.recording import Change, RecordedEvent, compose
from signet_common.observability.context import TRACEPARENT
from signet_common.passport import Passport
from signet_common.sql.database import Database
from signet_common.sql.outbox import Outbox
from signet_identity import SERVICE

_TEXT = {"type": ["string", "null"]}
_ID = {"type": ["integer", "null"]}
_TIME = {"type": ["string", "null"], "format": "date-time"}
_STATE = {"enum": ["active", "inactive", None]}
_NAMES = {"type": ["array", "null"], "items": {"type": "string"}}

_USER: Mapping[str, Mapping[str, Any]] = {
    "user_name": _TEXT,
    "email": _TEXT,
    "phone": _TEXT,
    "display_name": _TEXT,
    "user_state": _STATE,
    "roles": _NAMES,
    "email_confirmed_at": _TIME,
    "pending_email": _TEXT,
    "password_changed_at": _TIME,
}
_API_KEY: Mapping[str, Mapping[str, Any]] = {
    "user_id": _ID,
    "api_key": _TEXT,
    "key_name": _TEXT,
    "permissions": _NAMES,
    "description": _TEXT,
    "api_key_state": _STATE,
    "expires_at": _TIME,
}
_ROLE: Mapping[str, Mapping[str, Any]] = {
    "role_name": _TEXT,
    "description": _TEXT,
    "permissions": _NAMES,
}
_KEYRING: Mapping[str, Mapping[str, Any]] = {"current": _TEXT, "key": _TEXT}
_SESSION: Mapping[str, Mapping[str, Any]] = {"user_id": _ID, "expires_at": _TIME}
_LOGIN: Mapping[str, Mapping[str, Any]] = {
    "reason": {"enum": ["unknown_login", "wrong_password", "user_inactive", "throttled", None]},
    "user_id": _ID,
    "user_name": _TEXT,
}
_REFUSED: Mapping[str, Mapping[str, Any]] = {
    "reason": _TEXT,
    "return_code": _ID,
    "count": _ID,
    "credential": _TEXT,
    "refused_operation": _TEXT,
    "since": _TIME,
    "until": _TIME,
}
_PASSWORD_RESET: Mapping[str, Mapping[str, Any]] = {
    "outcome": {"enum": ["mailed", "unknown_login", "user_inactive", "no_email", "no_password", "too_many", None]},
    "user_id": _ID,
    "user_name": _TEXT,
}
_EMAIL_CONFIRMATION: Mapping[str, Mapping[str, Any]] = {"user_id": _ID, "email": _TEXT}

EVENTS = (
    EventType(SERVICE, "user", "insert", _USER, has_version=True, summary="A user was created."),
    EventType(SERVICE, "user", "update", _USER, has_version=True, summary="A user was changed."),
    EventType(SERVICE, "user", "delete", _USER, has_version=True, summary="A user was removed, with all credentials."),
    EventType(SERVICE, "user", "query", {}, has_version=False, summary="One user, or a page of them, was read."),
    EventType(SERVICE, "role", "insert", _ROLE, has_version=True, summary="A role was created."),
    EventType(SERVICE, "role", "update", _ROLE, has_version=True, summary="A role was changed, for all who hold it."),
    EventType(SERVICE, "role", "delete", _ROLE, has_version=True, summary="A role that nobody held was deleted."),
    EventType(SERVICE, "role", "query", {}, has_version=False, summary="One role, or a page of them, was read."),
    EventType(SERVICE, "access", "query", {}, has_version=False, summary="Somebody's access was explained."),
    EventType(SERVICE, "keyring", "update", _KEYRING, has_version=False, summary="Secrets lie under another key."),
    EventType(SERVICE, "keyring", "delete", _KEYRING, has_version=False, summary="A key of the keyring was retired."),
    EventType(SERVICE, "api_key", "insert", _API_KEY, has_version=True, summary="An API key was created."),
    EventType(SERVICE, "api_key", "update", _API_KEY, has_version=True, summary="An API key was changed."),
    EventType(SERVICE, "api_key", "delete", _API_KEY, has_version=True, summary="An API key was revoked."),
    EventType(SERVICE, "api_key", "query", {}, has_version=False, summary="One API key, or a page of them, was read."),
    EventType(SERVICE, "session", "insert", _SESSION, has_version=True, summary="A user signed in."),
    EventType(
        SERVICE,
        "session",
        "delete",
        _SESSION,
        has_version=True,
        summary="A session ended, by its user, by somebody else, or with the password.",
    ),
    EventType(SERVICE, "session", "query", {}, has_version=False, summary="A page of sessions was read."),
    EventType(SERVICE, "session", "login_failed", _LOGIN, has_version=False, summary="A sign-in was refused."),
    EventType(SERVICE, "request", "refused", _REFUSED, has_version=False, summary="The gateway refused requests."),
    EventType(
        SERVICE,
        "password_reset",
        "insert",
        _PASSWORD_RESET,
        has_version=False,
        summary="Somebody asked for a mail to set a password anew.",
    ),
    EventType(
        SERVICE,
        "password_reset",
        "complete",
        _PASSWORD_RESET,
        has_version=False,
        summary="A password was set anew with the token of a mail.",
    ),
    EventType(
        SERVICE,
        "email_confirmation",
        "insert",
        _EMAIL_CONFIRMATION,
        has_version=False,
        summary="A user asked for a mail to confirm an address.",
    ),
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
