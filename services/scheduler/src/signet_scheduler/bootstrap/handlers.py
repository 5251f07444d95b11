"""Which handler does the work of which declared job. Only processes that work load this."""

from collections.abc import Mapping

from signet_common.sql.database import Database
from signet_scheduler.adapters.outbound.ended_runs import SqlEndedRuns
from signet_scheduler.application.drills import RunDrill
from signet_scheduler.application.erase_old_runs import EraseRuns
from signet_scheduler.application.jobs import Handler
from signet_scheduler.application.ports import Clock
from signet_scheduler.application.shipped_jobs import DRILL, ERASE_OLD_RUNS
from signet_scheduler.bootstrap.deployment import now


def handlers(database: Database, clock: Clock = now) -> Mapping[str, Handler]:
    """By name of the job, one for each that is declared."""
    return {
        DRILL.name: RunDrill(),
        ERASE_OLD_RUNS.name: EraseRuns(SqlEndedRuns(database), clock),
    }
