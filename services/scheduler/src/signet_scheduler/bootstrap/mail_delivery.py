"""What delivers mail: the handler of the job `send-mail`, for the processes that work."""

from signet_common.keyring.ciphers import RowCipher
from signet_common.sql.database import Database
from signet_scheduler.adapters.outbound.file_outbox import FileOutboxTransport
from signet_scheduler.adapters.outbound.mail_messages import MessageComposer, Templates
from signet_scheduler.adapters.outbound.smtp_transport import SmtpTransport
from signet_scheduler.adapters.outbound.waiting_mails import SqlWaitingMails
from signet_scheduler.application.mail_transport import MailTransport
from signet_scheduler.application.send_mail import SendMail
from signet_scheduler.bootstrap.deployment import deployment, now
from signet_scheduler.domain.mail_destination import FileOutbox
from signet_scheduler.domain.sender import NOBODY, Sender
from signet_scheduler.settings import Settings


def send_mail(settings: Settings, database: Database, keyring: RowCipher) -> SendMail:
    """The handler of the job `send-mail`."""
    sender = settings.mail_from or NOBODY
    return SendMail(
        mails=SqlWaitingMails(database, keyring, deployment("send mail")),
        compose=MessageComposer(Templates(settings.public_url), sender),
        transport=_transport(settings, sender),
        clock=now,
    )


def _transport(settings: Settings, sender: Sender) -> MailTransport:
    if isinstance(settings.smtp_url, FileOutbox):
        return FileOutboxTransport(settings.smtp_url.folder)
    return SmtpTransport(settings.smtp_url, sender.address)
