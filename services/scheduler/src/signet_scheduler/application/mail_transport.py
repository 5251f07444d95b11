"""The port through which a mail leaves, and how that can fail.

MailError
├── MailDeferred    not now: the server said so (4xx), takes nothing from us, is out of reach, or broke off; try again
└── MailRefused     never: the server said so of this mail (5xx), or it cannot take such a mail
"""

from dataclasses import dataclass, field
from typing import Protocol

from signet_scheduler.application.jobs import ExpectedFailure
from signet_scheduler.domain.addresses import Address


class MailError(Exception):
    """A mail did not leave. The message is what the server answered, in one line; it may repeat what it was sent."""


class MailDeferred(MailError, ExpectedFailure):
    """Not now; another attempt may do better."""


class MailRefused(MailError):
    """Never: another attempt would be answered alike."""


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """A mail ready to leave. `mail_key` names it for ever, `data` is all of it (RFC 5322), its lines end with CRLF."""

    mail_key: str
    to: Address
    data: bytes = field(repr=False)


class MailTransport(Protocol):
    """Hands mails over. A mail whose `send` returned is the other side's; one that it raised on may be, too.

    What breaks off while the last answer is awaited leaves nobody who knows.
    """

    def send(self, mail: OutgoingMail) -> str:
        """Hand over; what the other side answered. Raises MailDeferred, MailRefused."""
        ...
