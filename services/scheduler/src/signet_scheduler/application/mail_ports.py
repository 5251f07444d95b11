"""What mail needs from the database, in its own words."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar

from signet_common.messaging.recording import Change
from signet_common.passport import Passport
from signet_scheduler.application.mail_content import MailContent
from signet_scheduler.domain.addresses import Address
from signet_scheduler.domain.mails import EndState, Language, Mail

ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class NewMail:
    """A mail that somebody asks for. `command_id` keeps one asked for twice from being two; None: nothing does."""

    to: Address
    template: str
    language: Language
    values: Mapping[str, Any] = field(repr=False)
    expires_at: datetime
    command_id: str | None = None


class Mails(Protocol):
    """Mails, inside one transaction."""

    def knows(self, command_id: str) -> bool:
        """Whether the command has been carried out."""
        ...

    def recent(self, to: Address, template: str, since: datetime) -> int:
        """How many mails of the template to the mailbox were let in since then.

        Until the transaction ends it stays at that, and so it does for `asked_for`.
        """
        ...

    def asked_for(self, by: Passport, since: datetime) -> int:
        """How many mails the user has asked for since then, to whomever."""
        ...

    def add(self, new: NewMail, *, by: Passport, at: datetime) -> Mail:
        """Add a mail that waits, its content sealed, with the run that sends it."""
        ...

    def add_refused(self, new: NewMail, reason: str, *, by: Passport, at: datetime) -> Mail:
        """Add a mail that is not sent, without its content, so that it can be seen why."""
        ...

    def require_in_reach(self, mail_ids: Sequence[int], *, owner: int | None) -> None:
        """Raises MailNotFound where one is gone or, with `owner`, is not that user's."""
        ...


class MailTransaction(Protocol):
    """What one unit of work can reach; events commit with it or not at all."""

    @property
    def mails(self) -> Mails: ...

    def record(self, change: Change) -> None: ...


class MailUnitOfWork(Protocol):
    """One transaction per call. `work` may run again after a deadlock."""

    def execute(
        self,
        caller: Passport,
        work: Callable[[MailTransaction], ResultT],
        result: type[ResultT],
        *,
        again: Callable[[MailTransaction, ResultT], None] | None = None,
    ) -> ResultT:
        """Do the work, or return the first answer to the caller's Idempotency-Key; see `SqlUnitOfWork`."""
        ...


class WaitingMails(Protocol):
    """A mail on its way, each step committed at once."""

    def begin(self, mail_id: int, run_id: int, attempt: int, at: datetime) -> tuple[Mail, MailContent | None]:
        """Count another delivery of the mail by the run; no content where the mail is over, or is so at `at`.

        Raises MailNotFound, MailElsewhere (another run has it that has not ended, or a later attempt of this one),
        MailUnreadable, which has ended the mail, MailLocked, which has not.
        """
        ...

    def note(self, mail: Mail, reply: str) -> None:
        """Keep why this delivery, as `begin` told it, has not ended the mail. Nothing where another has begun since."""
        ...

    def end(self, mail: Mail, state: EndState, reply: str, at: datetime) -> bool:
        """End it, erase its content and tell so; False where it is over by other means.

        Sent is sent by whatever delivery; all else is said by the one alone that began last.
        """
        ...

    def expire(self, since: datetime, until: datetime, limit: int) -> int:
        """End mails that nobody sent before they were over, at a time between the two.

        How many were found, ended by this or in the same moment by others: fewer than `limit` are the last.
        """
        ...
