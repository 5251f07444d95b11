"""Reads of schedules, outside any transaction."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, bindparam, select

from signet_common.messaging.recording import Change
from signet_common.passport import Passport, owner_filter
from signet_common.sql.database import Database
from signet_common.sql.driver import PreparedSelect
from signet_common.sql.paging import Page, PagedStatement, PageRequest, contains
from signet_scheduler.adapters.outbound.event_map import EventMap
from signet_scheduler.adapters.outbound.stored_rows import SCHEDULE_COLUMNS, schedule_of
from signet_scheduler.adapters.outbound.tables import SCHEDULES
from signet_scheduler.application.queries import ScheduleFilter
from signet_scheduler.domain.errors import ScheduleNotFound
from signet_scheduler.domain.schedules import Schedule

_BY_ID = PreparedSelect(select(*SCHEDULE_COLUMNS).where(SCHEDULES.c.schedule_id == bindparam("schedule_id")))

_CONDITIONS: Mapping[str, ColumnElement[bool]] = {
    "contains": contains(SCHEDULES.c.schedule_name, bindparam("contains")),
    "job_name": SCHEDULES.c.job_name == bindparam("job_name"),
    "state": SCHEDULES.c.schedule_state == bindparam("state"),
    "declared": SCHEDULES.c.declared == bindparam("declared"),
    "owner": SCHEDULES.c.created_by == bindparam("owner"),
}


class SqlScheduleQueries:
    """Fulfils the port `ScheduleQueries`."""

    def __init__(self, database: Database, events: EventMap) -> None:
        self._database = database
        self._events = events

    def get(self, schedule_id: int, caller: Passport) -> Schedule:
        """Read one row by its id."""
        rows = self._database.read(lambda connection: _BY_ID.rows(connection, {"schedule_id": schedule_id}))
        schedule = schedule_of(*rows[0]) if rows else None
        owner = owner_filter(caller)
        if schedule is None or (owner is not None and schedule.created_by != owner):
            raise ScheduleNotFound(f"there is no schedule {schedule_id}")
        self._events.append(self._database, Change("schedule", "query", str(schedule_id)), caller)
        return schedule

    def search(self, wanted: ScheduleFilter, caller: Passport) -> Page[Schedule]:
        """Read one page in the order of ids."""
        narrowed = _parameters(wanted, owner_filter(caller))
        listing, request = _listing(frozenset(narrowed)), PageRequest(wanted.page, wanted.per_page, wanted.count)
        page = self._database.read(lambda connection: listing.fetch(connection, request, schedule_of, narrowed))
        self._events.append(self._database, Change("schedule", "query"), caller)
        return page


def _parameters(wanted: ScheduleFilter, owner: int | None) -> dict[str, Any]:
    """The values of the conditions that narrow this list, by the names in `_CONDITIONS`."""
    narrowed = {
        "contains": wanted.contains,
        "job_name": wanted.job_name,
        "state": wanted.state,
        "declared": wanted.declared,
        "owner": owner,
    }
    return {name: value for name, value in narrowed.items() if value is not None}


@cache
def _listing(names: frozenset[str]) -> PagedStatement:
    """The list narrowed by these conditions; there are thirty-two at most."""
    conditions = [_CONDITIONS[name] for name in sorted(names)]
    return PagedStatement(select(*SCHEDULE_COLUMNS).where(*conditions).order_by(SCHEDULES.c.schedule_id))
