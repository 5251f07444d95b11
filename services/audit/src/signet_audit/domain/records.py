"""A record of the audit log: who did what, when, through which request, and from where.

Named tuples, not dataclasses: thousands are made a second, and the drivers take tuples as they are.
"""

from datetime import datetime
from typing import NamedTuple

EVENT_ID_LENGTH = 64
NAME_LENGTH = 63
OBJECT_ID_LENGTH = 128
USER_NAME_LENGTH = 255
AUTHENTICATION_LENGTH = 32
CREDENTIAL_ID_LENGTH = 128
REQUEST_ID_LENGTH = 128
DIGEST_LENGTH = 64
CLIENT_IP_LENGTH = 64
METHOD_LENGTH = 32
TARGET_LENGTH = 16_384
TRACE_ID_LENGTH = 32


class Actor(NamedTuple):
    """Who did it and how that was proven. `user_id` is None for nobody known, `credential_id` is `api_key/7`."""

    user_id: int | None
    user_name: str
    authentication: str
    credential_id: str


class Record(NamedTuple):
    """One event, as the log keeps it for ever.

    `changes` is JSON, `{field: [old, new]}`; `record_id` is the position in the log, None before it has one. Lengths
    are in characters.
    """

    event_id: str
    time: datetime
    service: str
    resource: str
    operation: str
    object_id: str | None
    object_version: int | None
    actor: Actor
    request_id: str
    request_digest: str
    client_ip: str
    method: str
    target: str
    changes: str
    trace_id: str | None
    record_id: int | None = None
