"""Reads of demos, outside any transaction."""

from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, bindparam, select

from signet_common.messaging.recording import Change
from signet_common.passport import Passport, owner_filter
from signet_common.sql.database import Database
from signet_common.sql.driver import PreparedSelect
from signet_common.sql.paging import Page, PagedStatement, PageRequest, contains, day_end, day_start
from signet_resources.adapters.outbound.event_map import EventMap
from signet_resources.adapters.outbound.tables import DEMOS
from signet_resources.application.queries import DemoFilter
from signet_resources.domain.demos import Demo
from signet_resources.domain.errors import DemoNotFound

DEMO_COLUMNS = tuple(DEMOS.c[field.name] for field in fields(Demo))
"""In the order of the dataclass, so that a row is its arguments."""

_ACTIVE = PreparedSelect(
    select(*DEMO_COLUMNS).where(DEMOS.c.demo_id == bindparam("demo_id"), DEMOS.c.demo_state == "active")
)

_CONDITIONS: Mapping[str, ColumnElement[bool]] = {
    "contains": contains(DEMOS.c.demo_name, bindparam("contains")),
    "state": DEMOS.c.demo_state == bindparam("state"),
    "created_from": DEMOS.c.created_at >= bindparam("created_from"),
    "created_before": DEMOS.c.created_at < bindparam("created_before"),
    "owner": DEMOS.c.created_by == bindparam("owner"),
}


class SqlDemoQueries:
    """Implements `queries.DemoQueries`."""

    def __init__(self, database: Database, events: EventMap) -> None:
        self._database = database
        self._events = events

    def get_active(self, demo_id: int, caller: Passport, *, record: bool) -> Demo:
        """Read one row by its id."""
        rows = self._database.read(lambda connection: _ACTIVE.rows(connection, {"demo_id": demo_id}))
        demo = Demo(*rows[0]) if rows else None
        owner = owner_filter(caller)
        if demo is None or (owner is not None and demo.created_by != owner):
            raise DemoNotFound(f"there is no active demo {demo_id}")
        if record:
            self._events.append(self._database, Change("demo", "query", str(demo_id)), caller)
        return demo

    def search(self, wanted: DemoFilter, caller: Passport, *, record: bool) -> Page[Demo]:
        """Read one page in the order of ids."""
        narrowed = _parameters(wanted, owner_filter(caller))
        listing, request = _listing(frozenset(narrowed)), PageRequest(wanted.page, wanted.per_page, wanted.count)
        page = self._database.read(lambda connection: listing.fetch(connection, request, Demo, narrowed))
        if record:
            self._events.append(self._database, Change("demo", "query"), caller)
        return page


def _parameters(wanted: DemoFilter, owner: int | None) -> dict[str, Any]:
    """The values of the conditions that narrow this list, by the names in `_CONDITIONS`."""
    narrowed = {
        "contains": wanted.contains,
        "state": wanted.state,
        "created_from": wanted.created_from and day_start(wanted.created_from),
        "created_before": wanted.created_to and day_end(wanted.created_to),
        "owner": owner,
    }
    return {name: value for name, value in narrowed.items() if value is not None}


@cache
def _listing(names: frozenset[str]) -> PagedStatement:
    """The list narrowed by these conditions; there are thirty-two at most."""
    conditions = [_CONDITIONS[name] for name in sorted(names)]
    return PagedStatement(select(*DEMO_COLUMNS).where(*conditions).order_by(DEMOS.c.demo_id))
