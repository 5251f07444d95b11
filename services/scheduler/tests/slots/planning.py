"""Planners on a database, with a clock that the test sets and jobs of every policy."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Row, insert, select, update

from signet_common.sql.database import Database
from signet_common.sql.outbox import Outbox
from signet_scheduler.adapters.inbound.plan_loop import PlanLoop
from signet_scheduler.adapters.outbound.declared_schedules import SqlDeclaredSchedules
from signet_scheduler.adapters.outbound.event_map import EventMap
from signet_scheduler.adapters.outbound.slot_book import SqlSlotBook
from signet_scheduler.adapters.outbound.tables import OUTBOX, RUNS, SCHEDULES
from signet_scheduler.application.jobs import Catalog, Job
from signet_scheduler.application.plan_slots import PlanSlots
from signet_scheduler.application.seed_schedules import SeedSchedules
from signet_scheduler.bootstrap.deployment import deployment
from signet_scheduler.domain.policies import DeclaredSchedule, RetryPolicy

START = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
DAY, HOUR, MINUTE, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)


def job(name: str, **policies: Any) -> Job:
    return Job(
        name, "A job of the tests.", timedelta(minutes=1), **{"overlap": "allow", "missed": "run_all"} | policies
    )


CATALOG = Catalog(
    [
        job("each", catch_up=40 * DAY, retry=RetryPolicy(max_attempts=3)),
        job("last", missed="run_once", catch_up=40 * DAY),
        job("none", missed="skip"),
        job("alone", overlap="skip"),
        job("two", overlap="queue_one"),
        job("declared", schedule=DeclaredSchedule("0 4 * * *", "Europe/Berlin")),
    ]
)


@dataclass
class Planner:
    """One replica. Replicas share `time`, and see it `skew` earlier or later."""

    database: Database
    time: list[datetime] = field(default_factory=lambda: [START])
    skew: timedelta = timedelta()
    catalog: Catalog = CATALOG

    def __post_init__(self) -> None:
        events, keeper = EventMap(Outbox(OUTBOX)), deployment("plan")
        self.book = SqlSlotBook(self.database, events, keeper)
        self.plan = PlanSlots(self.book, self.catalog, self.clock)
        self.seed = SeedSchedules(SqlDeclaredSchedules(self.database, events, keeper), self.catalog, self.clock)
        self.elapsed = 0.0
        self.loop = PlanLoop(self.seed, self.plan, self.clock, lambda: self.elapsed)

    def clock(self) -> datetime:
        return self.time[0] + self.skew

    def later(self, **by: float) -> None:
        """Time passes."""
        self.time[0] += timedelta(**by)
        self.elapsed += timedelta(**by).total_seconds()

    def all_due(self) -> None:
        """Plan until nothing is due."""
        while self.plan.step() == 0.0:
            pass

    def add(self, job_name: str, cron: str = "* * * * *", *, next_at: datetime = START, **other: Any) -> int:
        values = {
            "schedule_name": f"{job_name} {uuid4()}",
            "job_name": job_name,
            "cron": cron,
            "time_zone": "UTC",
            "arguments": "{}",
            "schedule_state": "active",
            "declared": False,
            "next_at": next_at,
            "created_at": START,
            "updated_at": START,
            "version": 1,
        }
        made = self.database.write(lambda c: c.execute(insert(SCHEDULES), values | other).inserted_primary_key)
        return int(made[0])  # type: ignore[index]

    def change(self, schedule_id: int, **values: Any) -> None:
        changed = update(SCHEDULES).where(SCHEDULES.c.schedule_id == schedule_id).values(**values)
        self.database.write(lambda connection: connection.execute(changed))

    def end(self, *run_ids: int) -> None:
        """Let runs have ended."""
        ended = update(RUNS).where(RUNS.c.run_id.in_(run_ids)).values(run_state="succeeded", ended_at=self.clock())
        self.database.write(lambda connection: connection.execute(ended))

    def runs(self, schedule_id: int | None = None) -> Sequence[Row[Any]]:
        """In the order of slots."""
        wanted = select(RUNS).order_by(RUNS.c.schedule_id, RUNS.c.scheduled_at)
        wanted = wanted if schedule_id is None else wanted.where(RUNS.c.schedule_id == schedule_id)
        return self.database.read(lambda connection: connection.execute(wanted).all())

    def states(self, schedule_id: int | None = None) -> list[str]:
        return [run.run_state for run in self.runs(schedule_id)]

    def schedules(self) -> Sequence[Row[Any]]:
        return self.database.read(lambda c: c.execute(select(SCHEDULES).order_by(SCHEDULES.c.schedule_id)).all())

    def next_at(self, schedule_id: int) -> datetime | None:
        return next(row.next_at for row in self.schedules() if row.schedule_id == schedule_id)

    def told(self) -> list[str]:
        """The routing keys of all events."""
        wanted = select(OUTBOX.c.routing_key).order_by(OUTBOX.c.event_id)
        return list(self.database.read(lambda connection: connection.scalars(wanted).all()))
