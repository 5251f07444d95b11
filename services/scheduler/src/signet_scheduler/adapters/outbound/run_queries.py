"""Reads of runs, outside any transaction."""

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
from signet_scheduler.adapters.outbound.stored_rows import ATTEMPT_COLUMNS, LOG_LINE_COLUMNS, RUN_COLUMNS, run_of
from signet_scheduler.adapters.outbound.tables import ATTEMPTS, LOG_LINES, RUNS
from signet_scheduler.application.queries import LogPart, RunDetails, RunFilter
from signet_scheduler.domain.errors import RunNotFound
from signet_scheduler.domain.runs import Attempt, LogLine, Run

MOST_LINES = 200
"""In one part of a log."""

_BY_ID = PreparedSelect(select(*RUN_COLUMNS).where(RUNS.c.run_id == bindparam("run_id")))
_HISTORY = PreparedSelect(
    select(*ATTEMPT_COLUMNS).where(ATTEMPTS.c.run_id == bindparam("run_id")).order_by(ATTEMPTS.c.attempt)
)
_LOG = PreparedSelect(
    select(*LOG_LINE_COLUMNS)
    .where(LOG_LINES.c.run_id == bindparam("run_id"), LOG_LINES.c.line > bindparam("after"))
    .order_by(LOG_LINES.c.line)
    .limit(MOST_LINES + 1)
)

_CONDITIONS: Mapping[str, ColumnElement[bool]] = {
    "job_name": RUNS.c.job_name == bindparam("job_name"),
    "state": RUNS.c.run_state == bindparam("state"),
    "schedule_id": RUNS.c.schedule_id == bindparam("schedule_id"),
    "created_from": RUNS.c.created_at >= bindparam("created_from"),
    "created_before": RUNS.c.created_at < bindparam("created_before"),
    "owner": RUNS.c.created_by == bindparam("owner"),
}


class SqlRunQueries:
    """Fulfils the port `RunQueries`."""

    def __init__(self, database: Database, events: EventMap) -> None:
        self._database = database
        self._events = events

    def get(self, run_id: int, caller: Passport) -> RunDetails:
        """Read the run, then its attempts."""
        run = self._in_reach(run_id, caller)
        rows = self._database.read(lambda connection: _HISTORY.rows(connection, {"run_id": run_id}))
        self._record(caller, run_id)
        return RunDetails(run, [Attempt(*row) for row in rows])

    def log(self, run_id: int, after: int, caller: Passport) -> LogPart:
        """Read the state before the lines: if the run was over by then, none can come behind those that are read."""
        run = self._in_reach(run_id, caller)
        rows = self._database.read(lambda connection: _LOG.rows(connection, {"run_id": run_id, "after": after}))
        lines = [LogLine(*row) for row in rows[:MOST_LINES]]
        self._record(caller, run_id)
        ended = run.ended and len(rows) <= MOST_LINES
        return LogPart(lines, lines[-1].line if lines else after, ended)

    def search(self, wanted: RunFilter, caller: Passport) -> Page[Run]:
        """Read one page, in the order of ids from the newest."""
        narrowed = _parameters(wanted, owner_filter(caller))
        listing, request = _listing(frozenset(narrowed)), PageRequest(wanted.page, wanted.per_page, wanted.count)
        page = self._database.read(lambda connection: listing.fetch(connection, request, run_of, narrowed))
        self._record(caller)
        return page

    def _in_reach(self, run_id: int, caller: Passport) -> Run:
        rows = self._database.read(lambda connection: _BY_ID.rows(connection, {"run_id": run_id}))
        run = run_of(*rows[0]) if rows else None
        owner = owner_filter(caller)
        if run is None or (owner is not None and run.created_by != owner):
            raise RunNotFound(f"there is no run {run_id}")
        return run

    def _record(self, caller: Passport, run_id: int | None = None) -> None:
        self._events.append(self._database, Change("run", "query", None if run_id is None else str(run_id)), caller)


def _parameters(wanted: RunFilter, owner: int | None) -> dict[str, Any]:
    """The values of the conditions that narrow this list, by the names in `_CONDITIONS`."""
    narrowed = {
        "job_name": wanted.job_name,
        "state": wanted.state,
        "schedule_id": wanted.schedule_id,
        "created_from": wanted.created_from and day_start(wanted.created_from),
        "created_before": wanted.created_to and day_end(wanted.created_to),
        "owner": owner,
    }
    return {name: value for name, value in narrowed.items() if value is not None}


@cache
def _listing(names: frozenset[str]) -> PagedStatement:
    """The list narrowed by these conditions; there are sixty-four at most."""
    conditions = [_CONDITIONS[name] for name in sorted(names)]
    return PagedStatement(select(*RUN_COLUMNS).where(*conditions).order_by(RUNS.c.run_id.desc()))
