"""What the scheduler keeps for a while only; old runs are erased by a job, which says so."""

from datetime import timedelta

from signet_common.sql.retention import FIRST_ANSWERS, SENT_EVENTS, Retention

OLD_MAILS = Retention("mails", ("mail_id",), "expires_at", timedelta(days=90))
"""What became of a mail is of use for as long as somebody may ask for it; the address in it is somebody's own."""
RETENTIONS = (SENT_EVENTS, FIRST_ANSWERS, OLD_MAILS)
