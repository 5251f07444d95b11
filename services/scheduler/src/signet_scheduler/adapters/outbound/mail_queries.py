"""Reads of mails, outside any transaction."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, bindparam, select

from signet_common.messaging.recording import Change
from signet_common.passport import Passport, owner_filter
from signet_common.sql.database import Database
from signet_common.sql.driver import PreparedSelect
from signet_common.sql.paging import Page, PagedStatement, PageRequest, day_end, day_start
from signet_scheduler.adapters.outbound.event_map import EventMap
from signet_scheduler.adapters.outbound.mail_rows import MAIL_COLUMNS
from signet_scheduler.adapters.outbound.tables import MAILS
from signet_scheduler.application.mail_queries import MailFilter
from signet_scheduler.domain.addresses import AddressInvalid, check_address, mailbox_key
from signet_scheduler.domain.errors import MailNotFound
from signet_scheduler.domain.mails import Mail

_ONE = PreparedSelect(select(*MAIL_COLUMNS).where(MAILS.c.mail_id == bindparam("mail_id")))
_CONDITIONS: Mapping[str, ColumnElement[bool]] = {
    "to_address": MAILS.c.limit_key == bindparam("to_address"),
    "template": MAILS.c.template == bindparam("template"),
    "mail_state": MAILS.c.mail_state == bindparam("mail_state"),
    "created_from": MAILS.c.created_at >= bindparam("created_from"),
    "created_before": MAILS.c.created_at < bindparam("created_before"),
    "owner": MAILS.c.created_by == bindparam("owner"),
}


class SqlMailQueries:
    """Implements `mail_queries.MailQueries`."""

    def __init__(self, database: Database, events: EventMap) -> None:
        self._database = database
        self._events = events

    def get(self, mail_id: int, caller: Passport) -> Mail:
        """Read one row by its id."""
        rows = self._database.read(lambda connection: _ONE.rows(connection, {"mail_id": mail_id}))
        mail = Mail(*rows[0]) if rows else None
        owner = owner_filter(caller)
        if mail is None or (owner is not None and mail.created_by != owner):
            raise MailNotFound(f"there is no mail {mail_id}")
        self._events.append(self._database, Change("mail", "query", str(mail_id)), caller)
        return mail

    def search(self, wanted: MailFilter, caller: Passport) -> Page[Mail]:
        """Read one page, newest first."""
        narrowed = _parameters(wanted, owner_filter(caller))
        listing, request = _listing(frozenset(narrowed)), PageRequest(wanted.page, wanted.per_page, wanted.count)
        page = self._database.read(lambda connection: listing.fetch(connection, request, Mail, narrowed))
        self._events.append(self._database, Change("mail", "query"), caller)
        return page


def _parameters(wanted: MailFilter, owner: int | None) -> dict[str, Any]:
    """The values of the conditions that narrow this list, by the names in `_CONDITIONS`."""
    narrowed = {
        "to_address": wanted.to_address and _key(wanted.to_address),
        "template": wanted.template,
        "mail_state": wanted.mail_state,
        "created_from": wanted.created_from and day_start(wanted.created_from),
        "created_before": wanted.created_to and day_end(wanted.created_to),
        "owner": owner,
    }
    return {name: value for name, value in narrowed.items() if value is not None}


def _key(text: str) -> str:
    """The key of the mailbox, as it was made; what is no address may stand in a row that was refused for that."""
    try:
        return check_address(text).key
    except AddressInvalid:
        return mailbox_key(text)


@cache
def _listing(names: frozenset[str]) -> PagedStatement:
    """The list narrowed by these conditions; there are 64 at most."""
    conditions = [_CONDITIONS[name] for name in sorted(names)]
    return PagedStatement(select(*MAIL_COLUMNS).where(*conditions).order_by(MAILS.c.mail_id.desc()))
