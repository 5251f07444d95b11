"""The runs inside a transaction of the API.

Workers change the same rows. Whatever is written here names the state that it was decided on; where a worker was
faster, the transaction is begun over and decides anew.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select, update

from signet_common.sql.database import TransactionOvertaken
from signet_scheduler.adapters.outbound.run_rows import waiting_row
from signet_scheduler.adapters.outbound.stored_rows import RUN_COLUMNS, as_text, inserted_id, run_of
from signet_scheduler.adapters.outbound.tables import RUNS
from signet_scheduler.application.repositories import AskedRun
from signet_scheduler.domain.errors import RunNotFound
from signet_scheduler.domain.runs import ACTIVE, Run

_ENOUGH = 2
"""No policy of overlap asks for more."""


class SqlAskedRuns:
    """Fulfils the port `Runs`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, run_id: int, *, owner: int | None) -> Run:
        """Read and lock the row, so that what is decided on it still holds when it is written."""
        wanted = select(*RUN_COLUMNS).where(RUNS.c.run_id == run_id).with_for_update()
        if owner is not None:
            wanted = wanted.where(RUNS.c.created_by == owner)
        row = self._connection.execute(wanted).first()
        if row is None:
            raise RunNotFound(f"there is no run {run_id}")
        return run_of(*row)

    def active(self, job_name: str) -> Sequence[Run]:
        """Read them without a lock: who takes a run asks again."""
        of_job = select(*RUN_COLUMNS).where(RUNS.c.job_name == job_name, RUNS.c.run_state.in_(ACTIVE))
        rows = self._connection.execute(of_job.order_by(RUNS.c.run_id).limit(_ENOUGH)).all()
        return [run_of(*row) for row in rows]

    def active_of(self, user_id: int, job_name: str, most: int) -> int:
        """Count along the index; two requests in the same instant may both pass."""
        theirs = (RUNS.c.job_name == job_name, RUNS.c.run_state.in_(ACTIVE), RUNS.c.created_by == user_id)
        found = select(RUNS.c.run_id).where(*theirs).limit(most).subquery()
        return int(self._connection.execute(select(func.count()).select_from(found)).scalar_one())

    def add(self, asked: AskedRun, *, by: int | None, by_name: str, at: datetime) -> Run:
        """Insert and read the generated id."""
        row = waiting_row(
            job_name=asked.job_name,
            arguments=as_text(asked.arguments),
            max_attempts=asked.max_attempts,
            at=at,
            by=by,
            by_name=by_name,
            retry_of=asked.retry_of,
            scheduled_at=asked.scheduled_at,
        )
        run_id = inserted_id(self._connection, RUNS, row)
        return run_of(*(run_id if column is RUNS.c.run_id else row[column.name] for column in RUN_COLUMNS))

    def end(self, run: Run, *, error: str, at: datetime) -> Run:
        """Write where the run still waits."""
        ended = {"run_state": "cancelled", "error": error, "ended_at": at, "cancel_asked": True}
        return self._write(run, ended)

    def ask_to_end(self, run: Run) -> Run:
        """Write where the run still runs."""
        return self._write(run, {"cancel_asked": True})

    def _write(self, run: Run, values: dict[str, Any]) -> Run:
        decided_on = (RUNS.c.run_id == run.run_id, RUNS.c.run_state == run.run_state)
        changed = update(RUNS).where(*decided_on).values(**values, version=RUNS.c.version + 1)
        if not self._connection.execute(changed).rowcount:
            raise TransactionOvertaken
        return replace(run, **values, version=run.version + 1)
