"""Ask for a mail to one address, once: whoever asks again under the same name has asked before."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from signet_common.messaging.recording import Change
from signet_common.passport import Passport
from signet_scheduler.application.mail_ports import MailTransaction, MailUnitOfWork, NewMail
from signet_scheduler.application.mail_templates import ApiKeyExpiring, TokenValues, template_named
from signet_scheduler.application.ports import Clock
from signet_scheduler.domain.addresses import Address, AddressInvalid, check_address
from signet_scheduler.domain.lines import one_line
from signet_scheduler.domain.mails import Language, Mail

COUNTED = timedelta(hours=1)
"""What limits count over."""
KEPT = timedelta(days=1)
"""How long a mail that ends by nothing else waits for the mail server."""


_TOLD = ("to_address", "template", "language", "reply")


@dataclass(frozen=True, slots=True)
class MailRules:
    """What holds for every mail: the language where none was asked for, and how many there are in an hour.

    `per_hour` go to one mailbox of each template, apart: nobody is kept from the mail that resets a password by others
    who fill the mailbox. `per_sender` are those that one user may ask for.
    """

    language: Language = "en"
    per_hour: int = 20
    per_sender: int = 200


@dataclass(frozen=True, slots=True)
class AskForMail:
    """For commands and jobs. What cannot be sent is kept as refused, with the reason: nobody waits for an answer."""

    unit_of_work: MailUnitOfWork
    caller: Passport
    rules: MailRules
    clock: Clock

    def __call__(
        self,
        command_id: str,
        to: str,
        template: str,
        values: Mapping[str, Any],
        *,
        language: Language | None = None,
    ) -> Mail | None:
        """The mail, waiting or refused; None where the command has been carried out before.

        Raises TemplateUnknown, ValuesInvalid.
        """
        now = self.clock()
        address, problem = _address(to)
        new = NewMail(
            to=address,
            template=template,
            language=language or self.rules.language,
            values=values,
            expires_at=expiry(template, values, now),
            command_id=command_id,
        )

        def work(transaction: MailTransaction) -> Mail | None:
            if transaction.mails.knows(command_id):
                return None
            reason = problem or _too_many(transaction, new, self.rules, now)
            if reason:
                mail = transaction.mails.add_refused(new, reason, by=self.caller, at=now)
                transaction.record(told("refused", mail))
            else:
                mail = transaction.mails.add(new, by=self.caller, at=now)
                transaction.record(told("insert", mail))
            return mail

        return self.unit_of_work.execute(self.caller, work, Mail | None)  # type: ignore[arg-type]  # kept as a union


def expiry(template: str, values: Mapping[str, Any], now: datetime) -> datetime:
    """When a mail is of no use any more: with its token, or what it tells of, or a day later.

    Raises TemplateUnknown, ValuesInvalid.
    """
    read = template_named(template).read(values)
    if isinstance(read, TokenValues):
        return read.expires_at
    return min(now + KEPT, read.last) if isinstance(read, ApiKeyExpiring) else now + KEPT


def told(operation: str, mail: Mail) -> Change:
    """What the audit log hears of a mail; never what it says."""
    changes = {name: (None, getattr(mail, name)) for name in _TOLD if getattr(mail, name) is not None}
    return Change("mail", operation, str(mail.mail_id), changes=changes)


def _too_many(transaction: MailTransaction, new: NewMail, rules: MailRules, now: datetime) -> str:
    if transaction.mails.recent(new.to, new.template, now - COUNTED) < rules.per_hour:
        return ""
    return f"not sent: the address has been sent {rules.per_hour} mails within an hour"


def _address(text: str) -> tuple[Address, str]:
    """The address, and what keeps mail from it: who is known elsewhere by such an address finds the reason here."""
    try:
        return check_address(text), ""
    except AddressInvalid as refused:
        return Address(one_line(text, 200), None), f"not sent: the address {refused}"
