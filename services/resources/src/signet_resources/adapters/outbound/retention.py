"""What resources keeps for a while only."""

from signet_common.sql.retention import FIRST_ANSWERS, SENT_EVENTS

RETENTIONS = (SENT_EVENTS, FIRST_ANSWERS)
