"""Mails inside one transaction: asked for, limited, and bound to the run that sends each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, select, update

from signet_common.messaging.event import new_event_id
from signet_common.messaging.recording import Change
from signet_common.passport import Passport
from signet_scheduler.adapters.outbound.event_map import EventMap
from signet_scheduler.adapters.outbound.mail_rows import MAIL_COLUMNS, MailContents, mail_of
from signet_scheduler.adapters.outbound.run_rows import waiting_row
from signet_scheduler.adapters.outbound.stored_rows import as_text, inserted_id
from signet_scheduler.adapters.outbound.tables import MAILS, RUNS
from signet_scheduler.application.mail_content import MailContent
from signet_scheduler.application.mail_ports import NewMail
from signet_scheduler.application.send_mail import SEND_MAIL
from signet_scheduler.domain.addresses import Address
from signet_scheduler.domain.errors import MailNotFound
from signet_scheduler.domain.lines import one_line
from signet_scheduler.domain.mails import MAX_REPLY_CHARACTERS, Mail, MailState


class SqlMails:
    """Fulfils the port `Mails`."""

    def __init__(self, connection: Connection, contents: MailContents) -> None:
        self._connection = connection
        self._contents = contents

    def knows(self, command_id: str) -> bool:
        """The unique column is the inbox of commands."""
        found = select(MAILS.c.mail_id).where(MAILS.c.command_id == command_id)
        return self._connection.execute(found).first() is not None

    def recent(self, to: Address, template: str, since: datetime) -> int:
        """Mails to the mailbox, of the template, that were let in."""
        return self._counted(MAILS.c.limit_key == to.key, since, MAILS.c.template == template)

    def asked_for(self, by: Passport, since: datetime) -> int:
        """The user's mails that no command asked for."""
        return self._counted(MAILS.c.created_by == by.user_id, since, MAILS.c.command_id.is_(None))

    def _counted(self, theirs: ColumnElement[bool], since: datetime, counts: ColumnElement[bool]) -> int:
        """Count along the index, behind a lock on the oldest of them: two at once would both see room.

        The oldest, since the newest is another one for whoever comes a moment later. The very first has nobody to
        wait for.
        """
        oldest = select(MAILS.c.mail_id).where(theirs).order_by(MAILS.c.created_at).limit(1)
        self._connection.execute(oldest.with_for_update())
        counted = select(func.count()).where(theirs, MAILS.c.created_at > since, MAILS.c.run_id.is_not(None), counts)
        return int(self._connection.execute(counted).scalar_one())

    def add(self, new: NewMail, *, by: Passport, at: datetime) -> Mail:
        """Three statements: the content is bound to the mail's id, and the run names it."""
        mail_id = self._inserted(new, by, at, mail_state="waiting", reply=None)
        run_id = self._run(mail_id, by, at)
        content = MailContent(new.to.text, new_event_id(), new.values)
        sealed = self._contents.seal(mail_id, content)
        self._connection.execute(update(MAILS).where(MAILS.c.mail_id == mail_id).values(content=sealed, run_id=run_id))
        return self._read(mail_id)

    def add_refused(self, new: NewMail, reason: str, *, by: Passport, at: datetime) -> Mail:
        """One that is over from the beginning."""
        reply = one_line(reason, MAX_REPLY_CHARACTERS)
        return self._read(self._inserted(new, by, at, mail_state="refused", reply=reply))

    def require_in_reach(self, mail_ids: Sequence[int], *, owner: int | None) -> None:
        """Count them."""
        found = select(func.count()).select_from(MAILS).where(MAILS.c.mail_id.in_(mail_ids))
        if owner is not None:
            found = found.where(MAILS.c.created_by == owner)
        if self._connection.execute(found).scalar_one() != len(set(mail_ids)):
            raise MailNotFound("there is no such mail")

    def _inserted(self, new: NewMail, by: Passport, at: datetime, *, mail_state: MailState, reply: str | None) -> int:
        row = {
            "command_id": new.command_id,
            "to_address": new.to.text,
            "limit_key": new.to.key,
            "template": new.template,
            "language": new.language,
            "mail_state": mail_state,
            "reply": reply,
            "attempts": 0,
            "expires_at": new.expires_at,
            "version": 1,
            "created_at": at,
            "created_by": by.user_id,
        }
        return inserted_id(self._connection, MAILS, row)

    def _run(self, mail_id: int, by: Passport, at: datetime) -> int:
        """The run that sends it; it waits with the mail, or neither is there."""
        row = waiting_row(
            job_name=SEND_MAIL.name,
            arguments=as_text({"mail_id": mail_id}),
            max_attempts=SEND_MAIL.retry.max_attempts,
            at=at,
            by=by.user_id,
            by_name=by.user_name,
        )
        return inserted_id(self._connection, RUNS, row)

    def _read(self, mail_id: int) -> Mail:
        return mail_of(self._connection.execute(select(*MAIL_COLUMNS).where(MAILS.c.mail_id == mail_id)).one())


@dataclass(frozen=True, slots=True)
class SqlMailTransaction:
    """Fulfils the port `MailTransaction` for one caller."""

    mails: SqlMails
    connection: Connection
    caller: Passport
    events: EventMap

    def record(self, change: Change) -> None:
        """Put the event into the outbox, in this transaction."""
        self.events.add(self.connection, change, self.caller)
