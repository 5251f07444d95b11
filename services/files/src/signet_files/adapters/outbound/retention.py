"""What files keeps for a while only; deleted files are collected, not purged."""

from signet_common.sql.retention import FIRST_ANSWERS, SENT_EVENTS

RETENTIONS = (SENT_EVENTS, FIRST_ANSWERS)
