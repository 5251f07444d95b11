"""The job `send-mail`: hands one mail over.

A mail is delivered at most once, as far as SMTP lets anybody know. Before each delivery its row must still wait, and
belong to this very attempt; right after it the row is over, and nothing stops the attempt in between, where an answer
would be lost. What is left is who dies there, or loses the connection while the last answer is awaited: the mail is
delivered again, under the same Message-ID.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field

from signet_scheduler.application.jobs import Arguments, Job, NotRetryable, RunContext
from signet_scheduler.application.mail_content import Composer, MailContent, MailLocked, MailUnreadable
from signet_scheduler.application.mail_ports import WaitingMails
from signet_scheduler.application.mail_transport import MailDeferred, MailRefused, MailTransport
from signet_scheduler.application.ports import Clock
from signet_scheduler.domain.errors import MailElsewhere, MailNotFound
from signet_scheduler.domain.mails import EndState, Mail
from signet_scheduler.domain.policies import RetryPolicy

_LOGGER = logging.getLogger(__name__)


class SendMailArguments(Arguments):
    """Which mail."""

    mail_id: Annotated[int, Field(ge=1, le=2**53 - 1)]


SEND_MAIL = Job(
    name="send-mail",
    summary="Hand a mail over to the mail server. Runs by itself for each mail.",
    arguments=SendMailArguments,
    time_limit=timedelta(minutes=5),
    retry=RetryPolicy(max_attempts=10, first=timedelta(seconds=10), most=timedelta(hours=1)),
    overlap="allow",
    urgent=True,
)
"""Ten attempts take about an hour and a half: longer than most mail servers are away, and than greylisting lasts."""


@dataclass(frozen=True, slots=True)
class SendMail:
    """The handler."""

    mails: WaitingMails
    compose: Composer
    transport: MailTransport
    clock: Clock

    def __call__(self, arguments: SendMailArguments, run: RunContext) -> Mapping[str, Any]:
        """Send it, or tell that it is over. Raises MailDeferred to be called again, NotRetryable."""
        try:
            mail, content = self.mails.begin(arguments.mail_id, run.run_id, run.attempt, self.clock())
        except (MailNotFound, MailElsewhere, MailUnreadable) as refused:
            raise NotRetryable(str(refused)) from None
        except MailLocked as locked:
            raise self._deferred(locked.mail, str(locked), run) from None
        if content is None:
            _LOGGER.info("mail %d is %s", mail.mail_id, mail.mail_state)
            return {"mail_state": mail.mail_state}
        with run.unstopped():  # the transport ends by itself, within minutes
            return self._deliver(mail, content, run)

    def _deliver(self, mail: Mail, content: MailContent, run: RunContext) -> Mapping[str, Any]:
        try:
            reply = content.without_secrets(self.transport.send(self.compose(mail, content)))
        except MailUnreadable as refused:
            self._end(mail, "failed", f"not sent: {refused}")
            raise NotRetryable(str(refused)) from None
        except MailRefused as refused:
            reply = content.without_secrets(str(refused))
            self._end(mail, "refused", reply)
            raise NotRetryable(reply) from None
        except MailDeferred as deferred:
            raise self._deferred(mail, content.without_secrets(str(deferred)), run) from None
        self._end(mail, "sent", reply)
        return {"mail_state": "sent", "reply": reply}

    def _deferred(self, mail: Mail, reply: str, run: RunContext) -> MailDeferred:
        """What is raised for another attempt; where there is none, the mail is over."""
        if run.last:
            self._end(mail, "failed", reply)
        else:
            self.mails.note(mail, reply)
        return MailDeferred(reply)

    def _end(self, mail: Mail, state: EndState, reply: str) -> None:
        ended = self.mails.end(mail, state, reply, self.clock())
        _LOGGER.info("mail %d is %s%s", mail.mail_id, state, "" if ended else " no more by this delivery")
