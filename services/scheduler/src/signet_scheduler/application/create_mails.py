"""Mails that people ask for: the same words to a few addresses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from signet_common.messaging.recording import Change
from signet_common.passport import Passport, owner_filter
from signet_scheduler.application.ask_for_mail import COUNTED, KEPT, MailRules, told
from signet_scheduler.application.mail_ports import MailTransaction, MailUnitOfWork, NewMail
from signet_scheduler.application.ports import Clock
from signet_scheduler.domain.addresses import Address
from signet_scheduler.domain.errors import MailLimitReached
from signet_scheduler.domain.mails import Language, Mail


@dataclass(frozen=True, slots=True)
class CreatedMails:
    """The mails, in the order of their addresses."""

    mails: tuple[Mail, ...]


@dataclass(frozen=True, slots=True)
class MailOrder:
    """What is to be sent to whom. `template` is one that people may ask for, and `values` fit it."""

    to: Sequence[Address]
    template: str
    values: Mapping[str, Any]
    language: Language | None = None


@dataclass(frozen=True, slots=True)
class CreateMails:
    """All of them, or none."""

    unit_of_work: MailUnitOfWork
    rules: MailRules
    clock: Clock

    def __call__(self, caller: Passport, order: MailOrder) -> CreatedMails:
        """Let the mails wait for whoever sends them. Raises MailLimitReached."""
        now = self.clock()

        def one(transaction: MailTransaction, to: Address) -> Mail:
            if transaction.mails.recent(to, order.template, now - COUNTED) >= self.rules.per_hour:
                raise MailLimitReached(f"{to.text} has been sent {self.rules.per_hour} mails within an hour")
            language = order.language or self.rules.language
            mail = transaction.mails.add(
                NewMail(to, order.template, language, order.values, now + KEPT), by=caller, at=now
            )
            transaction.record(told("insert", mail))
            return mail

        def work(transaction: MailTransaction) -> CreatedMails:
            self._require_room(transaction, caller, len(order.to), now)
            # In one order for everybody, so that few wait for each other in a circle. Some still do: the oldest mail of
            # a user may be the oldest to an address. The database ends that, and this is done again.
            made = {to: one(transaction, to) for to in sorted(order.to, key=lambda to: to.key)}
            return CreatedMails(tuple(made[to] for to in order.to))

        def again(transaction: MailTransaction, answer: CreatedMails) -> None:
            mail_ids = [mail.mail_id for mail in answer.mails]
            transaction.mails.require_in_reach(mail_ids, owner=owner_filter(caller))
            for mail_id in mail_ids:
                transaction.record(Change("mail", "query", str(mail_id)))

        return self.unit_of_work.execute(caller, work, CreatedMails, again=again)

    def _require_room(self, transaction: MailTransaction, caller: Passport, wanted: int, now: datetime) -> None:
        asked_for, most = transaction.mails.asked_for(caller, now - COUNTED), self.rules.per_sender
        if asked_for + wanted > most:
            raise MailLimitReached(
                f"{most} mails an hour are sent for one user: {asked_for} have been asked for, and {wanted} more are"
                " too many"
            )
