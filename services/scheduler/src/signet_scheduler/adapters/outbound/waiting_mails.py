"""A mail on its way: each step one transaction, which changes only what still waits for this very delivery.

`attempts` counts deliveries, so the number and the run name one: attempts of one run may overlap, where one of them was
taken for dead and was not.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, select, true, update

from signet_common.keyring.ciphers import KeyUnknown, RowCipher
from signet_common.passport import Passport
from signet_common.sql.database import Database
from signet_common.sql.outbox import Outbox
from signet_scheduler.adapters.outbound.event_map import EventMap
from signet_scheduler.adapters.outbound.mail_rows import MAIL_COLUMNS, MailContents, mail_of
from signet_scheduler.adapters.outbound.tables import MAILS, OUTBOX, RUNS
from signet_scheduler.application.ask_for_mail import told
from signet_scheduler.application.mail_content import MailContent, MailLocked, MailUnreadable
from signet_scheduler.domain.errors import MailElsewhere, MailNotFound
from signet_scheduler.domain.mails import MAX_REPLY_CHARACTERS, EndState, Mail
from signet_scheduler.domain.runs import ACTIVE

NOT_SENT = "not sent before it was over"


@dataclass(frozen=True, slots=True)
class _Ending:
    """How a mail ends."""

    mail_id: int
    state: EndState
    reply: str
    sent_at: datetime | None = None


class SqlWaitingMails:
    """Fulfils the port `WaitingMails`, in the name of `caller`."""

    def __init__(self, database: Database, keyring: RowCipher, caller: Passport) -> None:
        self._database = database
        self._contents = MailContents(keyring)
        self._events = EventMap(Outbox(OUTBOX))
        self._caller = caller

    def begin(self, mail_id: int, run_id: int, attempt: int, at: datetime) -> tuple[Mail, MailContent | None]:
        """Claim the mail for one delivery by this attempt."""
        mail, sealed = self._database.write(lambda connection: self._claimed(connection, mail_id, run_id, attempt, at))
        if mail.mail_state != "waiting":
            return mail, None
        try:
            return mail, self._contents.open(mail_id, sealed)
        except KeyUnknown:
            raise MailLocked(mail) from None
        except MailUnreadable as unreadable:
            self.end(mail, "failed", f"not sent: {unreadable}", at)
            raise

    def _claimed(
        self, connection: Connection, mail_id: int, run_id: int, attempt: int, at: datetime
    ) -> tuple[Mail, str | None]:
        mail, sealed = _locked(connection, mail_id)
        if mail.mail_state != "waiting":
            return mail, None
        if mail.run_id != run_id and _is_under_way(connection, mail.run_id):
            raise MailElsewhere(f"mail {mail_id} is being sent by run {mail.run_id}")
        if _is_overtaken(connection, run_id, attempt):
            raise MailElsewhere(f"mail {mail_id} is being sent by a later attempt of run {run_id}")
        if mail.expires_at <= at:
            self._over(connection, true(), _Ending(mail_id, "expired", mail.reply or NOT_SENT))
        else:
            values = {"attempts": mail.attempts + 1, "run_id": run_id, "version": mail.version + 1}
            connection.execute(update(MAILS).where(MAILS.c.mail_id == mail_id).values(values))
        return _locked(connection, mail_id)[0], sealed

    def note(self, mail: Mail, reply: str) -> None:
        """Keep the answer; the mail waits on."""
        waiting = update(MAILS).where(
            MAILS.c.mail_id == mail.mail_id, MAILS.c.mail_state == "waiting", _is_newest(mail)
        )
        values = {"reply": reply[:MAX_REPLY_CHARACTERS], "version": MAILS.c.version + 1}
        self._database.write(lambda connection: connection.execute(waiting.values(values)))

    def end(self, mail: Mail, state: EndState, reply: str, at: datetime) -> bool:
        """The one statement after which the mail is over, its content gone."""
        sent = state == "sent"
        ending = _Ending(mail.mail_id, state, reply, at if sent else None)
        return self._database.write(
            lambda connection: self._over(connection, true() if sent else _is_newest(mail), ending)
        )

    def expire(self, since: datetime, until: datetime, limit: int) -> int:
        """End them one by one: each has its event."""
        over = MAILS.c.expires_at > since, MAILS.c.expires_at <= until, MAILS.c.mail_state == "waiting"
        found = select(MAILS.c.mail_id, MAILS.c.reply).where(*over).order_by(MAILS.c.expires_at).limit(limit)
        rows = self._database.read(lambda connection: connection.execute(found).all())
        endings = [_Ending(mail_id, "expired", reply or NOT_SENT) for mail_id, reply in rows]
        for ending in endings:
            self._database.write(lambda connection, ending=ending: self._over(connection, true(), ending))  # type: ignore[misc]
        return len(endings)

    def _over(self, connection: Connection, waits: ColumnElement[bool], ending: _Ending) -> bool:
        if connection.dialect.name == "sqlite":
            # Overwrite the content; without it what was sealed would lie in a free page until that is used again.
            connection.exec_driver_sql("PRAGMA secure_delete = ON")
        values = {
            "mail_state": ending.state,
            "content": None,
            "reply": ending.reply[:MAX_REPLY_CHARACTERS],
            "sent_at": ending.sent_at,
            "version": MAILS.c.version + 1,
        }
        waiting = update(MAILS).where(MAILS.c.mail_id == ending.mail_id, MAILS.c.mail_state == "waiting", waits)
        if not connection.execute(waiting.values(values)).rowcount:
            return False
        self._events.add(connection, told(ending.state, _locked(connection, ending.mail_id)[0]), self._caller)
        return True


def _locked(connection: Connection, mail_id: int) -> tuple[Mail, str | None]:
    wanted = select(*MAIL_COLUMNS, MAILS.c.content).where(MAILS.c.mail_id == mail_id)
    row = connection.execute(wanted.with_for_update()).first()
    if row is None:
        raise MailNotFound(f"there is no mail {mail_id}")
    return mail_of(row), row.content


def _is_newest(delivery: Mail) -> ColumnElement[bool]:
    """Whether no other delivery of the mail has begun since."""
    return and_(MAILS.c.run_id == delivery.run_id, MAILS.c.attempts == delivery.attempts)


def _is_overtaken(connection: Connection, run_id: int, attempt: int) -> bool:
    found = select(RUNS.c.attempts).where(RUNS.c.run_id == run_id)
    return (connection.execute(found).scalar() or 0) > attempt


def _is_under_way(connection: Connection, run_id: int | None) -> bool:
    """Whether the run may still send: one that somebody cancelled or that was erased does not."""
    found = select(RUNS.c.run_state).where(RUNS.c.run_id == run_id)
    return connection.execute(found).scalar() in ACTIVE
