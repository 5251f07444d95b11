"""What identity keeps for a while only. Commands are not here: their relay erases them, sent or over."""

from datetime import timedelta

from signet_common.sql.retention import FIRST_ANSWERS, SENT_EVENTS, Retention

RETENTIONS = (
    SENT_EVENTS,
    FIRST_ANSWERS,
    Retention("sign_in_throttles", ("throttle_key",), "forget_at", timedelta(0)),
    # Neither signs nor stands in a list from its end on; the day is for whoever looks into what happened.
    Retention("sessions", ("session_id",), "expires_at", timedelta(days=1)),
    # Counted for an hour after they were made, and used once at most; see application/mail.py.
    Retention("single_use_tokens", ("token_id",), "expires_at", timedelta(days=1)),
)
