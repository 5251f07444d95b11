"""What asks for mail: the views of the web process, the commands of other services, and jobs. Nothing here delivers."""

from sqlalchemy import Connection

from signet_common.keyring.ciphers import RowCipher
from signet_common.messaging.ports import CommandReceiver
from signet_common.passport import Passport
from signet_common.sql.database import Database
from signet_common.sql.idempotency import IdempotencyKeys
from signet_common.sql.outbox import Outbox
from signet_common.sql.unit_of_work import SqlUnitOfWork
from signet_scheduler.adapters.inbound.mail_http import MailApplication
from signet_scheduler.adapters.inbound.mail_loop import MailLoop
from signet_scheduler.adapters.outbound.event_map import EventMap
from signet_scheduler.adapters.outbound.mail_queries import SqlMailQueries
from signet_scheduler.adapters.outbound.mail_rows import MailContents
from signet_scheduler.adapters.outbound.mails import SqlMails, SqlMailTransaction
from signet_scheduler.adapters.outbound.tables import IDEMPOTENCY_KEYS, OUTBOX
from signet_scheduler.adapters.outbound.waiting_mails import SqlWaitingMails
from signet_scheduler.application.ask_for_mail import AskForMail, MailRules
from signet_scheduler.application.create_mails import CreateMails
from signet_scheduler.application.mail_commands import MailCommands
from signet_scheduler.bootstrap.deployment import deployment, now
from signet_scheduler.settings import Settings


def mail_application(settings: Settings, database: Database, keyring: RowCipher) -> MailApplication:
    """What the views of mails call."""
    return MailApplication(
        create_mails=CreateMails(_unit_of_work(database, keyring), _rules(settings), now),
        mails=SqlMailQueries(database, EventMap(Outbox(OUTBOX))),
    )


def ask_for_mail(settings: Settings, database: Database, keyring: RowCipher, caller: Passport) -> AskForMail:
    """What commands and jobs ask for mails through."""
    return AskForMail(_unit_of_work(database, keyring), caller, _rules(settings), now)


def mail_loop(settings: Settings, database: Database, keyring: RowCipher, receiver: CommandReceiver) -> MailLoop:
    """The loop of the background process."""
    caller = deployment("take mail commands")
    carry_out = MailCommands(ask_for_mail(settings, database, keyring, caller))
    return MailLoop(receiver, carry_out, SqlWaitingMails(database, keyring, caller), now)


def _rules(settings: Settings) -> MailRules:
    return MailRules(settings.mail_language, settings.mail_per_hour, settings.mails_per_sender)


def _unit_of_work(database: Database, keyring: RowCipher) -> SqlUnitOfWork[Passport, SqlMailTransaction]:
    events, contents = EventMap(Outbox(OUTBOX)), MailContents(keyring)

    def transaction(connection: Connection, caller: Passport) -> SqlMailTransaction:
        return SqlMailTransaction(SqlMails(connection, contents), connection, caller, events)

    return SqlUnitOfWork(database, IdempotencyKeys(IDEMPOTENCY_KEYS), transaction)
