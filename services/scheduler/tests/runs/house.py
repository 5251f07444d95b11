"""Runs over a real database, with jobs that do what a test wants."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import dramatiq
from sqlalchemy import insert, select

from signet_common.sql.database import Database
from signet_scheduler.adapters.inbound.actor import DeadLetters
from signet_scheduler.adapters.inbound.turns import Turns
from signet_scheduler.adapters.inbound.work_loop import raise_in_thread
from signet_scheduler.adapters.outbound.attempt_rows import SqlAttemptRows
from signet_scheduler.adapters.outbound.embedded_broker import EmbeddedBell, EmbeddedBroker
from signet_scheduler.adapters.outbound.running_runs import SqlRunningRuns
from signet_scheduler.adapters.outbound.tables import ATTEMPTS, LOG_LINES, OUTBOX, RUNS
from signet_scheduler.adapters.outbound.waiting_runs import SqlWaitingRuns
from signet_scheduler.application.jobs import Catalog, Handler, Job, RunContext
from signet_scheduler.application.run_job import RunJob
from signet_scheduler.application.under_way import UnderWay
from signet_scheduler.application.wake_runs import Bell, DueRun, WakeRuns
from signet_scheduler.application.watch_runs import WatchRuns
from signet_scheduler.bootstrap.working import work_loop
from signet_scheduler.domain.endings import Policy
from signet_scheduler.domain.policies import RetryPolicy

START = datetime(2026, 1, 31, 12, tzinfo=UTC)
SOON = RetryPolicy(max_attempts=3, first=timedelta(seconds=10))
JOBS = Catalog(
    [
        Job("free", "Any number at a time.", timedelta(minutes=1), overlap="allow", retry=SOON),
        Job("alone", "One at a time.", timedelta(minutes=1), overlap="queue_one", retry=SOON),
        Job("hasty", "Has no time.", timedelta(seconds=0.2), overlap="allow"),
        Job("urgent", "Waits for nobody.", timedelta(minutes=1), overlap="allow", urgent=True),
        Job("fragile", "May not be repeated.", timedelta(minutes=1), overlap="allow", idempotent=False),
    ]
)


@dataclass
class Clock:
    """A wall clock that tests move, also backwards."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def later(self, **passed: float) -> None:
        self.now += timedelta(**passed)


@dataclass(frozen=True)
class WorkerSettings:
    """What a worker takes from the settings of its service."""

    threads: int = 4
    grace_seconds: float = 5


@dataclass
class House:
    """The rows, and whoever works on them. `does` is what jobs do; without it they do nothing."""

    database: Database
    clock: Clock = field(default_factory=Clock)
    does: Callable[[RunContext], Mapping[str, Any] | None] = lambda _context: None

    @property
    def handlers(self) -> Mapping[str, Handler]:
        return {job.name: lambda _arguments, context: self.does(context) for job in JOBS}

    def add(self, job: str = "free", **values: Any) -> int:
        """A run that waits; its id."""
        row = {
            "job_name": job, "run_state": "waiting", "arguments": "{}", "wake_at": self.clock(), "attempts": 0,
            "max_attempts": JOBS[job].retry.max_attempts, "beats": 0, "cancel_asked": False, "requested_by_name": "",
            "version": 1, "created_at": self.clock(), **values,
        }  # fmt: skip
        return int(self.database.write(lambda c: c.execute(insert(RUNS), row).inserted_primary_key[0]))

    def change(self, run_id: int, **values: Any) -> None:
        statement = RUNS.update().where(RUNS.c.run_id == run_id).values(**values)
        self.database.write(lambda c: c.execute(statement))

    def run(self, run_id: int) -> Mapping[str, Any]:
        found = select(RUNS).where(RUNS.c.run_id == run_id)
        return dict(self.database.read(lambda c: c.execute(found).mappings().one()))

    def state(self, run_id: int) -> str:
        return str(self.run(run_id)["run_state"])

    def states(self) -> list[str]:
        return list(self.database.read(lambda c: c.scalars(select(RUNS.c.run_state).order_by(RUNS.c.run_id)).all()))

    def ids(self) -> list[int]:
        return list(self.database.read(lambda c: c.scalars(select(RUNS.c.run_id).order_by(RUNS.c.run_id)).all()))

    def wait_until_ended(self, *runs: int) -> None:
        until(lambda: all(self.run(run_id)["ended_at"] for run_id in runs))

    def attempts(self, run_id: int) -> list[tuple[int, str | None]]:
        rows = select(ATTEMPTS.c.attempt, ATTEMPTS.c.outcome).where(ATTEMPTS.c.run_id == run_id)
        return [tuple(row) for row in self.database.read(lambda c: c.execute(rows.order_by(ATTEMPTS.c.attempt)).all())]

    def log(self, run_id: int) -> list[tuple[int, int, str]]:
        rows = select(LOG_LINES.c.line, LOG_LINES.c.attempt, LOG_LINES.c.text).where(LOG_LINES.c.run_id == run_id)
        return [tuple(row) for row in self.database.read(lambda c: c.execute(rows.order_by(LOG_LINES.c.line)).all())]

    def told(self, run_id: int) -> list[str]:
        """What the bus hears of the run."""
        rows = select(OUTBOX.c.routing_key).where(OUTBOX.c.object_id == str(run_id))
        keys = self.database.read(lambda c: c.scalars(rows.order_by(OUTBOX.c.event_id)).all())
        return [key.removeprefix("scheduler.run.") for key in keys]

    @contextmanager
    def worker(self, name: str = "worker") -> Iterator[SqlAttemptRows]:
        """The rows as one worker process sees them."""
        rows = SqlAttemptRows(self.database, name, JOBS, self.clock)
        yield rows
        rows.close()

    def attempt(self, run_id: int, attempt: int = 1, name: str = "worker") -> str | None:
        """What a worker of that name makes of a message."""
        with self.worker(name) as rows:
            return RunJob(rows, JOBS, self.handlers, UnderWay(), raise_in_thread)(run_id, attempt)

    def waking(self, bell: Bell, *, forgets: bool = False) -> WakeRuns:
        return WakeRuns(SqlWaitingRuns(self.database, but=JOBS.urgent), bell, self.clock, forgets=forgets)

    def watcher(self, monotonic: Callable[[], float]) -> WatchRuns:
        return WatchRuns(SqlRunningRuns(self.database, JOBS.exclusive, self.clock), JOBS, monotonic)

    @contextmanager
    def working(
        self, broker: dramatiq.Broker | None = None, bell: Bell | None = None, **settings: float
    ) -> Iterator[threading.Event]:
        """A worker that is told of due runs; yields what stops it. All is over when this returns."""
        embedded = EmbeddedBroker([DeadLetters()])
        broker, bell = broker or embedded, bell or EmbeddedBell(embedded)
        chosen: Any = WorkerSettings(**settings)
        loop = replace(
            work_loop(chosen, self.database, broker, catalog=JOBS, handlers=self.handlers, clock=self.clock),
            idle_ms=50,
        )
        stop, waking = threading.Event(), self.waking(bell)

        wake = Turns("waking", waking, 0.02).run
        threads = [threading.Thread(target=run, args=(stop,)) for run in (loop.run, wake)]
        for thread in threads:
            thread.start()
        try:
            yield stop
        finally:
            stop.set()
            for thread in threads:
                thread.join(60)
            bell.close()
        assert not any(thread.is_alive() for thread in threads)


def policy_of(job: str) -> Policy:
    return Policy(JOBS[job].retry, JOBS[job].idempotent)


@dataclass
class SilentBell:
    """A broker that takes every message and loses it."""

    rung: list[DueRun] = field(default_factory=list)

    def ring(self, runs: list[DueRun]) -> list[DueRun]:
        self.rung += runs
        return runs

    def close(self) -> None: ...


def until(condition: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.01)
