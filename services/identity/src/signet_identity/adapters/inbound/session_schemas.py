"""What identity reads and answers about sessions that are there."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from signet_common.web.schemas import PagedQuery, QueryId, QueryModel, ViewModel


class SessionsQuery(PagedQuery):
    """Which sessions."""

    user_id: Annotated[QueryId | None, Field(description="Only sessions of this user.")] = None


class EndSessionsQuery(QueryModel):
    """Whose sessions."""

    user_id: Annotated[QueryId | None, Field(description="Of this user; absent: the caller's own.")] = None


class OpenSessionView(ViewModel):
    """A session that is not over; neither token nor secret is shown."""

    session_id: int
    user_id: int
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    idle_expires_at: datetime
    client_ip: str | None
