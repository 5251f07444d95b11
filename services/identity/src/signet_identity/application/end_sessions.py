"""End sessions, inside whatever makes them end."""

from signet_identity.application.changes import ended_session
from signet_identity.application.ports import Transaction


def end_sessions(transaction: Transaction, user_id: int, *, but: int | None = None) -> None:
    """End every session of a user except `but`, with an event for each, which also drops its grants."""
    for session_id in transaction.sessions.end_all(user_id, but=but):
        transaction.record(ended_session(session_id, user_id))
