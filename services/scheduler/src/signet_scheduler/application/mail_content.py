"""What a mail says, as it waits: sealed in its row, and erased when the mail is over."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from signet_scheduler.application.mail_templates import SECRETS
from signet_scheduler.application.mail_transport import OutgoingMail
from signet_scheduler.domain.answers import without
from signet_scheduler.domain.lines import one_line
from signet_scheduler.domain.mails import MAX_REPLY_CHARACTERS, Mail


class MailUnreadable(Exception):
    """No message can be made of what is stored; another attempt would meet the same."""


class MailLocked(Exception):
    """What is stored lies under a key that is not known yet; another attempt may know it. `mail` has been begun."""

    def __init__(self, mail: Mail) -> None:
        super().__init__("not sent: its key is not known yet")
        self.mail = mail


@dataclass(frozen=True, slots=True)
class MailContent:
    """Whom it goes to, as it was written; `mail_key`, which names the mail for ever; what the template is told."""

    to: str
    mail_key: str
    values: Mapping[str, Any] = field(repr=False)

    def as_json(self) -> str:
        """What is sealed."""
        return json.dumps({"to": self.to, "mail_key": self.mail_key, "values": dict(self.values)})

    @classmethod
    def from_json(cls, text: str) -> "MailContent":
        """Read what was sealed. Raises MailUnreadable."""
        try:
            read = json.loads(text)
            return cls(str(read["to"]), str(read["mail_key"]), dict(read["values"]))
        except (ValueError, KeyError, TypeError):
            raise MailUnreadable("the stored content is malformed") from None

    def without_secrets(self, reply: str) -> str:
        """What a server answered, as it may be kept: nothing that is secret in the mail, and one line, cut at the end.

        In this order, or what is left of a secret that was cut would not be known for one.
        """
        secrets = [str(self.values[name]) for name in SECRETS & self.values.keys()]
        return one_line(without(secrets, reply), MAX_REPLY_CHARACTERS)


Composer = Callable[[Mail, MailContent], OutgoingMail]
"""Makes the message. Raises MailUnreadable."""
