"""What works on runs: in a process of its own, or inside the background process."""

import os
import socket
from collections.abc import Mapping
from uuid import uuid4

import dramatiq

from signet_common.sql.database import Database
from signet_scheduler.adapters.inbound.actor import declare_actor
from signet_scheduler.adapters.inbound.urgent_lane import UrgentLane
from signet_scheduler.adapters.inbound.work_loop import WorkLoop, raise_in_thread
from signet_scheduler.adapters.outbound.attempt_rows import SqlAttemptRows
from signet_scheduler.adapters.outbound.waiting_runs import SqlWaitingRuns
from signet_scheduler.application.beat import BeatForRuns
from signet_scheduler.application.jobs import Catalog, Handler
from signet_scheduler.application.ports import Clock
from signet_scheduler.application.run_job import RunJob
from signet_scheduler.application.under_way import UnderWay
from signet_scheduler.bootstrap.deployment import now
from signet_scheduler.settings import Settings

URGENT_THREADS = 4
"""Beside those of the settings."""


def work_loop(
    settings: Settings,
    database: Database,
    broker: dramatiq.Broker,
    *,
    catalog: Catalog,
    handlers: Mapping[str, Handler],
    clock: Clock = now,
) -> WorkLoop:
    """The loop that works on what `broker` brings."""
    under_way = UnderWay()
    rows = SqlAttemptRows(database, worker_name(), catalog, clock)
    run = RunJob(rows, catalog, handlers, under_way, raise_in_thread)
    declare_actor(broker, run)
    urgent = UrgentLane(SqlWaitingRuns(database, only=catalog.urgent), run, clock, URGENT_THREADS)
    beat = BeatForRuns(rows, under_way)
    return WorkLoop(broker, beat, under_way, urgent, settings.threads, settings.grace_seconds, rows.close)


def worker_name() -> str:
    """Host and process, and something that no other process will ever have."""
    return f"{socket.gethostname()[:64]}:{os.getpid()}:{uuid4().hex[:12]}"
