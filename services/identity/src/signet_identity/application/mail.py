"""The mails that identity asks for: a single-use token and the command that carries it, made together.

The token is in the command and nowhere else: not in an event, not in the database beyond its digest, not in a log.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from signet_common.messaging.command import Command
from signet_common.messaging.event import new_event_id
from signet_identity.application.ports import Transaction
from signet_identity.domain.credentials import token_digest
from signet_identity.domain.single_use_tokens import Purpose, SingleUseToken, address_of, new_token
from signet_identity.domain.users import User

MAIL = "mail.send"
MAILS_PER_HOUR = 3
"""For each account and purpose: enough for whoever overlooked two, too few to fill a stranger's mailbox."""
COUNTED = timedelta(hours=1)
EMAIL_CHANGED = "email_changed"
"""The template of the one mail without a token: the address that it goes to is about to be, or is, another one."""
API_KEY_EXPIRING = "api_key_expiring"
"""The template of the mail that reminds of a key's end."""
NOTICE_KEPT = timedelta(days=1)
"""How long such a mail may wait for somebody who sends it."""


@dataclass(frozen=True, slots=True)
class TokenMail:
    """A token on its way to a mailbox; for nobody (`user` None), the same work with no effect."""

    purpose: Purpose
    user: User | None
    sent_at: datetime
    expires_at: datetime
    token: str = field(default_factory=new_token, repr=False)

    def send(self, transaction: Transaction) -> None:
        """Keep the token's digest and add the command; both commit with the transaction, or neither does."""
        to = (address_of(self.user, self.purpose) if self.user else None) or ""
        kept = SingleUseToken(self.user.user_id if self.user else None, self.purpose, to, self.expires_at, None)
        transaction.single_use_tokens.add(token_digest(self.token), kept, at=self.sent_at)
        # A command to nobody is over at once: the outbox erases it unsent.
        expires_at = self.expires_at if self.user else self.sent_at
        transaction.send(Command(new_event_id(), MAIL, expires_at, self._body(to)))

    def _body(self, to: str) -> bytes:
        values = {
            "user_name": self.user.user_name if self.user else "",
            "token": self.token,
            "expires_at": self.expires_at.isoformat(timespec="seconds"),
        }
        return json.dumps({"to": to, "template": self.purpose.value, "values": values}).encode()


def tell_old_address(transaction: Transaction, old: User, new: User, now: datetime) -> None:
    """Tell the address that an account had of another one, so that its owner hears of a change by somebody else."""
    if old.email is None or (old.email, old.pending_email) == (new.email, new.pending_email):
        return
    body = {"to": old.email, "template": EMAIL_CHANGED, "values": {"user_name": old.user_name}}
    transaction.send(Command(new_event_id(), MAIL, now + NOTICE_KEPT, json.dumps(body).encode()))


def wait_for_mail(transaction: Transaction, user: User | None, purpose: Purpose, now: datetime) -> timedelta:
    """How long until an account may be sent another mail, zero for at once.

    Until the transaction ends nobody else may ask that of it.
    """
    user_id = user.user_id if user else None
    made = transaction.single_use_tokens.made_at(user_id, purpose, since=now - COUNTED)
    return timedelta(0) if len(made) < MAILS_PER_HOUR else made[-MAILS_PER_HOUR] + COUNTED - now
