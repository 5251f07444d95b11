"""Reads of mails: what became of them, never what they say."""

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from signet_common.passport import Passport
from signet_scheduler.application.queries import Paged
from signet_scheduler.domain.mails import Mail, MailState


@dataclass(frozen=True, slots=True)
class MailFilter:
    """Which mails a list holds; None does not narrow. UTC days are included."""

    to_address: str | None = None
    template: str | None = None
    mail_state: MailState | None = None
    created_from: date | None = None
    created_to: date | None = None
    page: int = 1
    per_page: int = 20
    count: bool = False


class MailQueries(Protocol):
    """Reads, each in the audit log before it is answered."""

    def get(self, mail_id: int, caller: Passport) -> Mail:
        """A mail that the caller may see. Raises MailNotFound."""
        ...

    def search(self, wanted: MailFilter, caller: Passport) -> Paged[Mail]:
        """The page of mails that the caller may see, newest first."""
        ...
