"""What the audit log keeps for a while only: its own events on their way. Records are kept for ever."""

from signet_common.sql.retention import SENT_EVENTS

RETENTIONS = (SENT_EVENTS,)
