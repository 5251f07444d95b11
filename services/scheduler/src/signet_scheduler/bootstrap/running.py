"""From due rows to workers and back: what the background process and the worker process wire of it."""

from collections.abc import Mapping

from signet_common.messaging.background import Loop
from signet_common.sql.database import Database
from signet_scheduler.adapters.inbound.actor import DeadLetters
from signet_scheduler.adapters.inbound.turns import Turns
from signet_scheduler.adapters.outbound.running_runs import SqlRunningRuns
from signet_scheduler.adapters.outbound.waiting_runs import SqlWaitingRuns
from signet_scheduler.application.shipped_jobs import SHIPPED
from signet_scheduler.application.wake_runs import Bell, WakeRuns
from signet_scheduler.application.watch_runs import WatchRuns
from signet_scheduler.bootstrap.deployment import now
from signet_scheduler.bootstrap.handlers import handlers
from signet_scheduler.bootstrap.working import work_loop
from signet_scheduler.settings import Settings

WAKE_SECONDS = 0.2
WATCH_SECONDS = 2.0


def run_loops_of(settings: Settings, database: Database) -> Mapping[str, Loop]:
    """The loops `wake` and `watch`, and on the embedded bus `work`, in this process."""
    watch = WatchRuns(SqlRunningRuns(database, SHIPPED.exclusive, now), SHIPPED)
    loops = {"watch": Turns("watching", watch, WATCH_SECONDS).run}
    if works_apart(settings):
        # Each broker is imported where it is used alone: this process consumes nothing then.
        from signet_scheduler.adapters.outbound.rabbitmq_broker import RabbitBell

        return {**loops, "wake": _waking(database, RabbitBell(settings.bus_url))}
    from signet_scheduler.adapters.outbound.embedded_broker import EmbeddedBell, EmbeddedBroker

    broker = EmbeddedBroker([DeadLetters()])
    work = work_loop(settings, database, broker, catalog=SHIPPED, handlers=handlers(settings, database))
    return {**loops, "wake": _waking(database, EmbeddedBell(broker), forgets=True), "work": work.run}


def worker_loops(settings: Settings) -> Mapping[str, Loop]:
    """The loop of the worker process, which a broker wakes."""
    from signet_scheduler.adapters.outbound.rabbitmq_broker import JobsBroker

    database = Database.open(settings.database_url, grouped=False)
    broker = JobsBroker(settings.bus_url, [DeadLetters()])
    return {"work": work_loop(settings, database, broker, catalog=SHIPPED, handlers=handlers(settings, database)).run}


def works_apart(settings: Settings) -> bool:
    """Whether jobs run in processes of their own: where a broker reaches them."""
    return not settings.bus_url.startswith("sqlite:")


def _waking(database: Database, bell: Bell, *, forgets: bool = False) -> Loop:
    rows = SqlWaitingRuns(database, but=SHIPPED.urgent)
    return Turns("waking workers", WakeRuns(rows, bell, now, forgets=forgets), WAKE_SECONDS, bell.close).run
