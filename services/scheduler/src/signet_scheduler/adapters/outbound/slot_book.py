"""Slots on their way from schedules to runs, a batch in one transaction."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, func, insert, select, update

from signet_common.passport import Passport
from signet_common.sql.database import Database
from signet_scheduler.adapters.outbound.event_map import EventMap
from signet_scheduler.adapters.outbound.run_rows import slot_row
from signet_scheduler.adapters.outbound.stored_rows import inserted_id
from signet_scheduler.adapters.outbound.tables import RUNS, SCHEDULES
from signet_scheduler.application.plan_slots import Decide, Decision, DueSchedule
from signet_scheduler.application.run_outcomes import outcome
from signet_scheduler.domain.planning import MOST_AT_ONCE, Slot, UnderWay, admit
from signet_scheduler.domain.runs import ACTIVE

BATCH = 500
"""Schedules in one transaction, at most."""

_COLUMNS = [SCHEDULES.c[name] for name in ("schedule_id", "job_name", "cron", "time_zone", "next_at")]
_TOLD = ("job_name", "schedule_id", "scheduled_at", "attempts", "error")
_ACTIVE = SCHEDULES.c.schedule_state == "active"
NEXT = (
    select(SCHEDULES.c.next_at).where(_ACTIVE, SCHEDULES.c.next_at.is_not(None)).order_by(SCHEDULES.c.next_at).limit(1)
)
# The latest first: a long backlog of one schedule holds up none that is on time.
_DUE = (
    select(*_COLUMNS, SCHEDULES.c.arguments)
    .where(_ACTIVE, SCHEDULES.c.next_at <= bindparam("now"))
    .order_by(SCHEDULES.c.next_at.desc(), SCHEDULES.c.schedule_id)
    .limit(BATCH)
    .with_for_update(skip_locked=True)
)
_AHEAD = select(*_COLUMNS).where(_ACTIVE, SCHEDULES.c.next_at > bindparam("now"))
_MOVE_ON = (
    update(SCHEDULES)
    .where(SCHEDULES.c.schedule_id == bindparam("id"), SCHEDULES.c.next_at == bindparam("due"))
    .values(next_at=bindparam("next"))
)


class _Planned(NamedTuple):
    schedule: DueSchedule
    arguments: str
    decision: Decision


class SqlSlotBook:
    """Fulfils the port `SlotBook`. What is skipped is told in the name of `keeper`."""

    def __init__(self, database: Database, events: EventMap, keeper: Passport) -> None:
        self._database = database
        self._events = events
        self._keeper = keeper

    def next_at(self) -> datetime | None:
        """One look into the index."""
        return self._database.read(lambda connection: connection.scalar(NEXT))

    def plan(self, now: datetime, decide: Decide) -> int:
        """Lock, decide, move on, insert; what is locked by others is passed over."""

        def work(connection: Connection) -> int:
            planned = self._planned(connection, now, decide)
            if planned:
                connection.execute(_MOVE_ON, [_moved(each.schedule, each.decision.turn.next_at) for each in planned])
                self._insert(connection, planned, now)
            return len(planned)

        return self._database.write(work)

    def realign(self, now: datetime, next_slot: Callable[[DueSchedule], datetime | None]) -> int:
        """Look at all that lie ahead, and move those that still stand where they stood then."""
        ahead = self._database.read(lambda connection: connection.execute(_AHEAD, {"now": now}).all())
        schedules = [DueSchedule(*tuple(row)) for row in ahead]
        found = [(each, slot) for each in schedules if (slot := next_slot(each)) is not None and slot < each.next_at]
        moved = [_moved(each, slot) for each, slot in found]
        if moved:
            self._database.write(lambda connection: connection.execute(_MOVE_ON, moved))
        return len(moved)

    def _planned(self, connection: Connection, now: datetime, decide: Decide) -> list[_Planned]:
        planned: list[_Planned] = []
        slots = 0
        for *columns, arguments in connection.execute(_DUE, {"now": now}).all():
            schedule = DueSchedule(*columns)
            decision = decide(schedule)
            if decision is not None:
                planned.append(_Planned(schedule, arguments, decision))
                slots += len(decision.turn.slots)
            if slots >= MOST_AT_ONCE:
                break
        return planned

    def _insert(self, connection: Connection, planned: Sequence[_Planned], now: datetime) -> None:
        taken = _taken(connection, planned)
        under_way = _under_way(connection, {each.schedule.job_name for each in planned})
        waiting: list[dict[str, Any]] = []
        for each in planned:
            job_name, schedule_id = each.schedule.job_name, each.schedule.schedule_id
            free = [slot for slot in each.decision.turn.slots if (schedule_id, slot.scheduled_at) not in taken]
            admitted, under_way[job_name] = admit(free, each.decision.overlap, under_way.get(job_name, UnderWay()))
            rows = [self._row(each, slot, now) for slot in admitted]
            waiting += [row for row in rows if row["run_state"] == "waiting"]
            for row in rows:
                if row["run_state"] == "skipped":
                    self._skip(connection, row)
        if waiting:
            connection.execute(insert(RUNS), waiting)

    @staticmethod
    def _row(each: _Planned, slot: Slot, now: datetime) -> dict[str, Any]:
        return slot_row(
            job_name=each.schedule.job_name,
            schedule_id=each.schedule.schedule_id,
            slot=slot,
            arguments=each.arguments,
            max_attempts=each.decision.max_attempts,
            now=now,
        )

    def _skip(self, connection: Connection, row: Mapping[str, Any]) -> None:
        skipped = outcome("skipped", inserted_id(connection, RUNS, row), **{name: row[name] for name in _TOLD})
        self._events.add(connection, skipped, self._keeper)


def _moved(schedule: DueSchedule, next_at: datetime | None) -> dict[str, Any]:
    return {"id": schedule.schedule_id, "due": schedule.next_at, "next": next_at}


def _taken(connection: Connection, planned: Sequence[_Planned]) -> set[tuple[int, datetime]]:
    """Slots that have a row although their schedule stood before them: planned while a clock was ahead."""
    first = min(each.schedule.next_at for each in planned)
    rows = select(RUNS.c.schedule_id, RUNS.c.scheduled_at).where(
        RUNS.c.schedule_id.in_([each.schedule.schedule_id for each in planned]), RUNS.c.scheduled_at >= first
    )
    return {tuple(row) for row in connection.execute(rows)}


def _under_way(connection: Connection, job_names: Collection[str]) -> dict[str, UnderWay]:
    active = (
        select(RUNS.c.job_name, func.count(), func.min(RUNS.c.run_id))
        .where(RUNS.c.job_name.in_(job_names), RUNS.c.run_state.in_(ACTIVE))
        .group_by(RUNS.c.job_name)
    )
    return {job_name: UnderWay(runs, run_id) for job_name, runs, run_id in connection.execute(active)}
