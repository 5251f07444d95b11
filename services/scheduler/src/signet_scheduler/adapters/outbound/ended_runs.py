"""Runs that have ended, until they are erased."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, select

from signet_common.sql.database import Database
from signet_scheduler.adapters.outbound.tables import ATTEMPTS, LOG_LINES, RUNS
from signet_scheduler.domain.runs import ACTIVE

_ENDED = select(RUNS.c.run_id).where(
    RUNS.c.ended_at < bindparam("before", type_=RUNS.c.ended_at.type), RUNS.c.run_state.not_in(ACTIVE)
).order_by(RUNS.c.ended_at).limit(bindparam("most"))  # fmt: skip
_ERASURES = tuple(
    delete(table).where(table.c.run_id.in_(bindparam("run_ids", expanding=True)))
    for table in (LOG_LINES, ATTEMPTS, RUNS)
)


class SqlEndedRuns:
    """Fulfils `EndedRuns`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def erase(self, ended_before: datetime, limit: int) -> int:
        """In one transaction."""

        def transact(connection: Connection) -> int:
            ended = list(connection.scalars(_ENDED, {"before": ended_before, "most": limit}))
            for erasure in _ERASURES if ended else ():
                connection.execute(erasure, {"run_ids": ended})
            return len(ended)

        return self._database.write(transact)
