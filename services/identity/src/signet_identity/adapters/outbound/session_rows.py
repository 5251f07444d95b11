"""Rows of sessions, and how their use prolongs them."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, Update, update

from signet_identity.adapters.outbound.tables import SESSIONS
from signet_identity.application.ports import USE_NOTED_EVERY
from signet_identity.domain.credentials import Session
from signet_identity.domain.users import State

SESSION_COLUMNS = [column for column in SESSIONS.c if column.name not in {"secret", "token_sha256"}]


def session_of(row: Row[Any]) -> Session:
    """Build a session from a row that has at least `SESSION_COLUMNS`."""
    return Session(
        session_id=row.session_id,
        user_id=row.user_id,
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        expires_at=row.expires_at,
        idle_expires_at=row.idle_expires_at,
        client_ip=row.client_ip,
    )


def session_ends_at(row: Row[Any]) -> datetime:
    """When a session is over unless it is used before."""
    end: datetime = min(row.expires_at, row.idle_expires_at)
    return end


def renewal(row: Row[Any], now: datetime) -> Update | None:
    """The statement that notes the use of a session and prolongs it; None where that was done within a minute.

    The session of an inactive user runs out: its requests are refused, so they are no use of it.
    Between the two times of the row lies what it may be idle, whatever the settings say by now.
    """
    if row.user_state != State.ACTIVE.value or now - row.last_used_at < USE_NOTED_EVERY:
        return None
    idle = row.idle_expires_at - row.last_used_at
    same = (SESSIONS.c.session_id == row.row_id, SESSIONS.c.last_used_at == row.last_used_at)
    return update(SESSIONS).where(*same).values(last_used_at=now, idle_expires_at=now + idle)
