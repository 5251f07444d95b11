"""What the scheduler keeps for a while only; old runs are erased by a job, which says so."""

from signet_common.sql.retention import FIRST_ANSWERS, SENT_EVENTS

RETENTIONS = (SENT_EVENTS, FIRST_ANSWERS)
