"""Reads of demos, outside any transaction."""

from dataclasses import fields
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, select

from signet_common.messaging.recording import Change
from signet_common.passport import Passport
from signet_common.sql.database import Database
from signet_common.sql.paging import Page, PageRequest, contains, fetch_page, within_days
from signet_resources.adapters.outbound.event_map import EventMap
from signet_resources.adapters.outbound.tables import DEMOS
from signet_resources.application.ownership import owner_filter
from signet_resources.application.queries import DemoFilter
from signet_resources.domain.demos import Demo
from signet_resources.domain.errors import DemoNotFound

DEMO_COLUMNS = tuple(DEMOS.c[field.name] for field in fields(Demo))
"""In the order of the dataclass, so that a row is its arguments."""

# Built once: a statement that is built anew at each request is half of what reading one row costs.
_ACTIVE = select(*DEMO_COLUMNS).where(DEMOS.c.demo_id == bindparam("demo_id"), DEMOS.c.demo_state == "active")


class SqlDemoQueries:
    """Implements `queries.DemoQueries`."""

    def __init__(self, database: Database, events: EventMap) -> None:
        self._database = database
        self._events = events

    def get_active(self, demo_id: int, caller: Passport, *, record: bool) -> Demo:
        """Read one row by its id."""
        row = self._database.read(lambda connection: connection.execute(_ACTIVE, {"demo_id": demo_id}).first())
        owner = owner_filter(caller)
        if row is None or (owner is not None and row.created_by != owner):
            raise DemoNotFound(f"there is no active demo {demo_id}")
        if record:
            self._events.append(self._database, Change("demo", "query", str(demo_id)), caller)
        return demo_from(row)

    def search(self, wanted: DemoFilter, caller: Passport, *, record: bool) -> Page[Demo]:
        """Read one page in the order of ids."""
        statement = select(*DEMO_COLUMNS).where(*_conditions(wanted, owner_filter(caller))).order_by(DEMOS.c.demo_id)
        request = PageRequest(wanted.page, wanted.per_page, wanted.count)
        page = self._database.read(lambda connection: fetch_page(connection, statement, request, demo_from))
        if record:
            self._events.append(self._database, Change("demo", "query"), caller)
        return page


def demo_from(row: Row[Any]) -> Demo:
    """The demo of a row of `DEMO_COLUMNS`."""
    values: tuple[Any, ...] = tuple(row)
    return Demo(*values)


def _conditions(wanted: DemoFilter, owner: int | None) -> list[ColumnElement[bool]]:
    conditions = within_days(DEMOS.c.created_at, wanted.created_from, wanted.created_to)
    if wanted.contains is not None:
        conditions.append(contains(DEMOS.c.demo_name, wanted.contains))
    if wanted.state is not None:
        conditions.append(DEMOS.c.demo_state == wanted.state)
    if owner is not None:
        conditions.append(DEMOS.c.created_by == owner)
    return conditions
