"""Reads of sessions."""

from datetime import UTC, datetime

from sqlalchemy import select

from signet_common.messaging.recording import Change
from signet_common.passport import Passport
from signet_common.sql.database import Database
from signet_common.sql.paging import Page, PageRequest, fetch_page
from signet_identity.adapters.outbound.event_map import EventMap
from signet_identity.adapters.outbound.session_rows import SESSION_COLUMNS, session_of
from signet_identity.adapters.outbound.tables import SESSIONS
from signet_identity.application.queries import Window
from signet_identity.application.reach import owner_filter
from signet_identity.domain.credentials import Session


class SqlSessionQueries:
    """Implements `queries.SessionQueries`."""

    def __init__(self, database: Database, events: EventMap) -> None:
        self._database = database
        self._events = events

    def search(self, user_id: int | None, window: Window, caller: Passport, *, record: bool) -> Page[Session]:
        """Read one page of those that still sign."""
        now = datetime.now(UTC)
        lasting = (SESSIONS.c.expires_at > now, SESSIONS.c.idle_expires_at > now)
        statement = select(*SESSION_COLUMNS).where(*lasting).order_by(SESSIONS.c.session_id)
        for owner in (user_id, owner_filter(caller)):
            if owner is not None:
                statement = statement.where(SESSIONS.c.user_id == owner)
        request = PageRequest(window.page, window.per_page, window.count)
        page = self._database.read(lambda connection: fetch_page(connection, statement, request, session_of))
        if record:
            self._events.append(self._database, Change("session", "query"), caller)
        return page
