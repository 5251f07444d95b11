"""Searches of the log, outside any transaction."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select

from signet_audit.adapters.outbound.event_map import EventMap
from signet_audit.adapters.outbound.tables import RECORDS
from signet_audit.application.queries import RecordFilter
from signet_audit.domain.records import Actor, Record
from signet_common.messaging.recording import Change
from signet_common.passport import Passport, owner_filter
from signet_common.sql.database import Database
from signet_common.sql.paging import Page, PageRequest, fetch_page

_EQUAL = ("user_id", "service", "resource", "object_id", "operation", "request_id")


class SqlRecordQueries:
    """Implements `queries.RecordQueries`."""

    def __init__(self, database: Database, events: EventMap) -> None:
        self._database = database
        self._events = events

    def search(self, wanted: RecordFilter, caller: Passport, *, record: bool) -> Page[Record]:
        """Read one page, from the end of the log."""
        conditions = _conditions(wanted, caller)
        request = PageRequest(wanted.page, wanted.per_page, wanted.count)
        page = self._database.read(lambda connection: _fetch(connection, conditions, request))
        if record:
            self._events.append(self._database, Change("record", "query"), caller)
        return page


def _fetch(connection: Connection, conditions: list[ColumnElement[bool]], request: PageRequest) -> Page[Record]:
    # Positions first, from an index alone: a wide range of time sorts millions of them before it knows the newest.
    positions = select(RECORDS.c.record_id).where(*conditions).order_by(RECORDS.c.record_id.desc())
    page = fetch_page(connection, positions, request, lambda row: int(row[0]))
    found = select(RECORDS).where(RECORDS.c.record_id.in_(page.items)).order_by(RECORDS.c.record_id.desc())
    records = [_record(row) for row in connection.execute(found)] if page.items else []
    return Page(records, page.page, page.per_page, page.has_more, page.total)


def _conditions(wanted: RecordFilter, caller: Passport) -> list[ColumnElement[bool]]:
    columns = RECORDS.c
    conditions = [columns[name] == value for name in _EQUAL if (value := getattr(wanted, name)) is not None]
    if wanted.time_start is not None:
        conditions.append(columns.time >= wanted.time_start)
    if wanted.time_end is not None:
        conditions.append(columns.time < wanted.time_end)
    owner = owner_filter(caller)
    if owner is not None:
        conditions.append(columns.user_id == owner)
    return conditions


def _record(row: Row[Any]) -> Record:
    values = dict(row._mapping)
    actor = Actor(**{name: values.pop(name) for name in Actor._fields})
    return Record(actor=actor, **values)
