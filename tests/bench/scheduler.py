"""Jobs: how many a second one process wakes and runs, how late a slot starts, and what the scheduler costs at rest.

A run is enqueued as a row, 100 in a transaction, as planned slots are. The job does nothing, so all of it is the way of
a run: row, message, claim, outcome, event.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, insert, select
from tests.bench import accounting
from tests.bench.accounting import Root, Trees

from signet_common.keyring.document import create_keyring
from signet_common.sql.administration import migrations_folder
from signet_common.sql.database import Database
from signet_common.sql.migrations import upgrade
from signet_scheduler import __file__ as package_file
from signet_scheduler.adapters.outbound.tables import RUNS, SCHEDULES
from signet_scheduler.domain.runs import ACTIVE
from signet_testing.postgresql import PostgreSqlServer
from signet_testing.rabbitmq import RabbitMqServer

RUNS_MEASURED = 5_000
BATCH = 100
SCHEDULED = 10_000
SLOT_MINUTES = 2
IDLE_SECONDS = 20.0
ENDS_WITHIN = 60.0


@dataclass(frozen=True, slots=True)
class Throughput:
    """Runs per second from the first row to the last outcome, and CPU ms per run by process."""

    name: str
    per_second: float
    cpu_ms: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Lateness:
    """Seconds from the time of a slot to the beginning of its run, with so many schedules defined."""

    schedules: int
    seconds: list[float]


@dataclass(frozen=True, slots=True)
class Jobs:
    """What was measured. `idle` is the share of one core by process."""

    throughput: list[Throughput]
    lateness: Lateness
    idle: Mapping[str, float]


def measure(folder: Path) -> Jobs:
    """Measure on a scheduler of its own, without the rest of the platform."""
    with ExitStack() as stack:
        broker = stack.enter_context(RabbitMqServer())
        server = stack.enter_context(PostgreSqlServer())
        throughput = [
            _throughput("embedded, SQLite", folder / "embedded", _sqlite(folder / "embedded"), None),
            _throughput("RabbitMQ, SQLite", folder / "rabbit", _sqlite(folder / "rabbit"), broker.create_vhost()),
            _throughput("RabbitMQ, PostgreSQL", folder / "postgres", server.create_database(), broker.create_vhost()),
        ]
    at_rest = folder / "at-rest"
    with _scheduler(at_rest, _sqlite(at_rest), None) as (database, trees):
        late = _lateness(database)
        idle = _idle(trees)
    return Jobs(throughput, late, idle)


def _sqlite(folder: Path) -> str:
    return f"sqlite:///{folder / 'scheduler.sqlite3'}"


def _throughput(name: str, folder: Path, url: str, broker: str | None) -> Throughput:
    with _scheduler(folder, url, broker) as (database, trees):
        _enqueue(database, BATCH)
        _until_done(database)
        before, began = accounting.cpu_ms(trees), time.monotonic()
        _enqueue(database, RUNS_MEASURED)
        _until_done(database)
        seconds = time.monotonic() - began
        used = accounting.used_ms(trees, before)
    return Throughput(name, RUNS_MEASURED / seconds, {each: ms / RUNS_MEASURED for each, ms in used.items()})


@contextmanager
def _scheduler(folder: Path, url: str, broker: str | None) -> Iterator[tuple[Database, Trees]]:
    """Its background process, and its worker where there is a broker."""
    folder.mkdir()
    upgrade(url, migrations_folder(package_file))
    create_keyring(folder / "keyring.json")
    settings = {
        "SCHEDULER_DATABASE_URL": url,
        "SCHEDULER_BUS_URL": broker or f"sqlite:{folder / 'bus.sqlite3'}",
        "SCHEDULER_KEYRING": str(folder / "keyring.json"),
        "SCHEDULER_SMTP_URL": f"file:{folder / 'mail'}",
        "SCHEDULER_LOG_LEVEL": "WARNING",
    }
    database = Database.open(url, grouped=False)
    with ExitStack() as stack:
        stack.callback(database.close)
        names = ["background", *(["worker"] if broker else [])]
        trees = {f"scheduler-{name}": Root(_started(stack, name, settings)) for name in names}
        yield database, trees
        if died := [name for name, root in trees.items() if not (accounting.PROC / str(root.process)).exists()]:
            raise accounting.NeverQuiet(f"{died} died")


def _python(entrypoint: str) -> list[str]:
    return [sys.executable, "-m", f"signet_scheduler.entrypoints.{entrypoint}"]


def _started(stack: ExitStack, name: str, settings: Mapping[str, str]) -> int:
    process = subprocess.Popen(_python(name), env={**os.environ, **settings})
    stack.callback(process.wait, 60)
    stack.callback(process.terminate)
    return process.pid


def _enqueue(database: Database, count: int) -> None:
    now = datetime.now(UTC)
    row = {
        "job_name": "drill", "run_state": "waiting", "arguments": json.dumps({}), "wake_at": now, "attempts": 0,
        "max_attempts": 3, "beats": 0, "cancel_asked": False, "requested_by_name": "bench", "version": 1,
        "created_at": now,
    }  # fmt: skip
    for _ in range(count // BATCH):
        database.write(lambda connection: connection.execute(insert(RUNS), [row] * BATCH))


def _until_done(database: Database) -> None:
    active = select(func.count()).where(RUNS.c.run_state.in_(ACTIVE))
    deadline = time.monotonic() + ENDS_WITHIN
    while database.read(lambda connection: connection.scalar(active)):
        if time.monotonic() > deadline:
            raise accounting.NeverQuiet("jobs are not done in time")
        time.sleep(0.05)


def _lateness(database: Database) -> Lateness:
    """Ten thousand schedules, of which ten come due each minute."""
    _schedule(database, SCHEDULED)
    time.sleep(SLOT_MINUTES * 60)
    _until_done(database)
    begun = select(RUNS.c.scheduled_at, RUNS.c.started_at).where(
        RUNS.c.schedule_id.is_not(None), RUNS.c.job_name == "drill"
    )
    rows = database.read(lambda connection: connection.execute(begun).all())
    return Lateness(SCHEDULED, [(row.started_at - row.scheduled_at).total_seconds() for row in rows])


def _schedule(database: Database, count: int) -> None:
    now = datetime.now(UTC)
    soon = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
    rows = [
        {
            "schedule_name": f"bench {number}", "job_name": "drill",
            "cron": "* * * * *" if number < 10 else f"{number % 60} {number // 60 % 24} 31 12 *",
            "time_zone": "UTC", "arguments": "{}", "schedule_state": "active", "declared": False,
            "next_at": soon if number < 10 else now + timedelta(days=30), "version": 1,
            "created_at": now, "updated_at": now,
        }
        for number in range(count)
    ]  # fmt: skip
    database.write(lambda connection: connection.execute(insert(SCHEDULES), rows))


def _idle(trees: Trees) -> Mapping[str, float]:
    """Between slots: from five seconds after a minute on."""
    time.sleep((65 - datetime.now(UTC).second) % 60)
    before = accounting.cpu_ms(trees)
    time.sleep(IDLE_SECONDS)
    used = accounting.used_ms(trees, before)
    return {name: ms / 1000 / IDLE_SECONDS for name, ms in used.items()}
