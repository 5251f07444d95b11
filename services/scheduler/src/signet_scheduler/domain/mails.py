"""Mails, and what becomes of them.

waiting ─► sent | refused | failed | expired

A mail that is over keeps whom it went to and what was answered; what it said is gone.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

MailState = Literal["waiting", "sent", "refused", "failed", "expired"]
"""`refused` for good, by the mail server, a limit or for its address; `failed` after the last attempt, or as its
content cannot be read; `expired` before it was sent."""
EndState = Literal["sent", "refused", "failed", "expired"]
Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")
MAX_REPLY_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one address, as anybody may see it who may see mails at all. Times are UTC.

    `to_address` is as it was given, in the normal form of its letters; `attempts` are deliveries that were begun.
    """

    mail_id: int
    to_address: str
    template: str
    language: Language
    mail_state: MailState
    reply: str | None
    attempts: int
    expires_at: datetime
    sent_at: datetime | None
    run_id: int | None
    version: int
    created_at: datetime
    created_by: int | None
