"""The shapes of this service's requests and answers: the one source of its contract."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, Json, WithJsonSchema

from signet_audit.domain.records import NAME_LENGTH, OBJECT_ID_LENGTH, REQUEST_ID_LENGTH
from signet_common.web.schemas import MaxBytes, PagedQuery, QueryId, ViewModel

_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})")
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def _instant(text: object) -> object:
    """Read an RFC 3339 instant; one outside the years 1 to 9999 is the nearest that Python can say."""
    if not isinstance(text, str):
        return text
    if not _INSTANT.fullmatch(text):
        raise ValueError("is not an RFC 3339 instant, like 2026-01-31T12:00:00Z")
    if text.startswith("0000-"):
        return _FIRST
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except OverflowError:
        return _FIRST if text.startswith("0001-") else _LAST
    except ValueError:
        raise ValueError("is not an instant of the calendar") from None


QueryInstant = Annotated[datetime, BeforeValidator(_instant), WithJsonSchema({"type": "string", "format": "date-time"})]


Name = Annotated[str, MaxBytes(NAME_LENGTH), Field(min_length=1)]
ObjectId = Annotated[str, MaxBytes(OBJECT_ID_LENGTH), Field(min_length=1)]
RequestId = Annotated[str, MaxBytes(REQUEST_ID_LENGTH), Field(min_length=1)]


class ActorView(ViewModel):
    """Who did it, and how that was proven."""

    user_id: Annotated[int | None, Field(description="Null: nobody known, or Signet itself.")]
    user_name: str
    authentication: Annotated[str, Field(description="`api_key`, `token`, `none` or `service`.")]
    credential_id: Annotated[str, Field(examples=["api_key/7"])]


class RecordView(ViewModel):
    """A record of the audit log."""

    record_id: Annotated[int, Field(description="Position in the log: grows, with gaps.")]
    event_id: str
    time: Annotated[datetime, Field(description="When it happened, by the clock of the service.")]
    service: str
    resource: str
    operation: Annotated[str, Field(description="`insert`, `update`, `delete`, `query`, or the event's own name.")]
    object_id: Annotated[str | None, Field(description="Null: a list, or no object.")]
    object_version: Annotated[int | None, Field(description="The version that the change made; null: no change.")]
    actor: ActorView
    request_id: str
    request_digest: Annotated[str, Field(description="Hex SHA-256 of the string that the client signed.")]
    client_ip: str
    method: str
    target: str
    changes: Annotated[Json[dict[str, list[Any]]], Field(description="`{field: [old, new]}`, without secrets.")]
    trace_id: str | None


class RecordSearchQuery(PagedQuery):
    """Which records to find; all that is given must match."""

    user_id: Annotated[QueryId | None, Field(description="Who did it.")] = None
    service: Annotated[Name | None, Field(description="Which service told it.")] = None
    resource: Annotated[Name | None, Field(description="What kind of object.")] = None
    object_id: Annotated[ObjectId | None, Field(description="Which object, by its id.")] = None
    operation: Annotated[Name | None, Field(description="What was done.")] = None
    request_id: Annotated[RequestId | None, Field(description="In which request.")] = None
    time_start: Annotated[QueryInstant | None, Field(description="Not before this instant (RFC 3339).")] = None
    time_end: Annotated[QueryInstant | None, Field(description="Before this instant (RFC 3339).")] = None
