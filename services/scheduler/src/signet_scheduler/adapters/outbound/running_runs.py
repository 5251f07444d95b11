"""The rows of runs that say that somebody works for them, as watching needs them."""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, select

from signet_common.sql.database import Database
from signet_common.sql.driver import PreparedSelect
from signet_scheduler.adapters.outbound.attempt_ends import AttemptEnds, locked_runs
from signet_scheduler.adapters.outbound.tables import RUNS
from signet_scheduler.adapters.outbound.waiting_runs import rows_answering
from signet_scheduler.application.ports import Clock
from signet_scheduler.application.watch_runs import Sign
from signet_scheduler.domain.endings import Ending, Policy
from signet_scheduler.domain.runs import RunState

_RUNNING = PreparedSelect(
    select(RUNS.c.run_id, RUNS.c.job_name, RUNS.c.attempts, RUNS.c.beats).where(RUNS.c.run_state == "running")
)


class SqlRunningRuns:
    """Fulfils `RunningRuns`. The row is locked and read again before it is touched."""

    def __init__(self, database: Database, exclusive: Collection[str], clock: Clock) -> None:
        self._database = database
        self._exclusive = exclusive
        self._clock = clock

    def running(self) -> Sequence[Sign]:
        """As many as there are workers' threads."""
        with rows_answering():
            return [Sign(*row) for row in self._database.read(lambda connection: _RUNNING.rows(connection, {}))]

    def abandon(self, sign: Sign, ending: Ending, policy: Policy) -> RunState | None:
        """End it, unless its worker came first."""

        def transact(connection: Connection) -> RunState | None:
            row = locked_runs(connection, [sign.run_id]).get(sign.run_id)
            shown = row and (row["run_state"], row["attempts"], row["beats"])
            if row is None or shown != ("running", sign.attempt, sign.beats):
                return None
            ends = AttemptEnds(connection, self._clock(), self._exclusive)
            history = ends.histories([row]).get(sign.run_id, {})
            state = ends.end(row, ending, policy, history=history)
            ends.write()
            return state

        with rows_answering():
            return self._database.write(transact)
