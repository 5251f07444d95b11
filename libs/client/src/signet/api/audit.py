"""The audit log: who did what, when, and from where. Reading it is recorded too."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from signet.connection import Connection
from signet.decoding import Page, decode_page


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it: `credential_id` is `api_key/7` or `session/9`."""

    user_id: int | None = None
    user_name: str = ""
    authentication: str = ""
    credential_id: str = ""


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One thing that happened. `changes` maps a field to its old and its new value."""

    event_id: str
    time: datetime
    service: str
    resource: str
    operation: str
    actor: Actor
    object_id: str | None = None
    object_version: int | None = None
    request_id: str = ""
    request_digest: str = ""
    client_ip: str = ""
    changes: Mapping[str, object] | None = field(default_factory=dict)
    trace_id: str | None = None


class Audit:
    """`/api/v1/audit`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def search(
        self,
        *,
        user_id: int | None = None,
        resource: str | None = None,
        object_id: str | None = None,
        operation: str | None = None,
        request_id: str | None = None,
        time_start: datetime | None = None,
        time_end: datetime | None = None,
        page: int = 1,
        per_page: int = 20,
    ) -> Page[AuditRecord]:
        """Read one page of the records that match all that is given, newest first; a naive time is local time."""
        query = {
            "user_id": user_id,
            "resource": resource,
            "object_id": object_id,
            "operation": operation,
            "request_id": request_id,
            "time_start": _rfc3339(time_start),
            "time_end": _rfc3339(time_end),
            "page": page,
            "per_page": per_page,
        }
        answer = self._connection.request("GET", "/api/v1/audit/records", query=query)
        return decode_page(AuditRecord, "records", answer.data)


def _rfc3339(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
