"""The rows that wait for a worker, as waking needs them."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, or_, select, update

from signet_common.sql.database import Database, DatabaseUnavailable
from signet_common.sql.driver import PreparedSelect
from signet_scheduler.adapters.outbound.tables import RUNS
from signet_scheduler.application.ports import RowsUnavailable
from signet_scheduler.application.wake_runs import DueRun

_WAKE_AT = RUNS.c.wake_at.type
_DUE = (
    select(RUNS.c.run_id, RUNS.c.attempts)
    .where(RUNS.c.run_state == "waiting", RUNS.c.wake_at <= bindparam("now", type_=_WAKE_AT))
    .order_by(RUNS.c.wake_at, RUNS.c.run_id)
    .limit(bindparam("most"))
)
_TOLD = (
    update(RUNS)
    .where(
        RUNS.c.run_id.in_(bindparam("run_ids", expanding=True)),
        RUNS.c.run_state == "waiting",
        RUNS.c.wake_at <= bindparam("now", type_=_WAKE_AT),
    )
    .values(wake_at=bindparam("again_at", type_=_WAKE_AT))
)

_FORGOTTEN = (
    update(RUNS)
    # Of later attempts nobody knows whether they have been told of, or wait their time.
    .where(RUNS.c.run_state == "waiting", RUNS.c.attempts == 0, RUNS.c.wake_at > bindparam("now", type_=_WAKE_AT))
    .values(wake_at=bindparam("now", type_=_WAKE_AT))
)
_OVERDUE = select(func.count(), func.min(RUNS.c.wake_at)).where(
    RUNS.c.run_state == "waiting", RUNS.c.wake_at <= bindparam("now", type_=_WAKE_AT)
)


@dataclass(frozen=True, slots=True)
class DueRuns:
    """Runs that are due and of which nobody has told a worker: how many, and since when the oldest, in seconds."""

    pending: int
    oldest_seconds: float


def due_runs(database: Database, now: datetime) -> DueRuns:
    """What waking is behind with. It puts off whatever it tells of, so that nothing is due for long while it works."""
    pending, oldest = database.read(lambda connection: connection.execute(_OVERDUE, {"now": now}).one())
    return DueRuns(pending, (now - oldest).total_seconds() if oldest else 0.0)


class SqlWaitingRuns:
    """Fulfils `WaitingRuns`, for the `only` jobs named, or for all `but` some. No row is locked meanwhile."""

    def __init__(self, database: Database, *, only: Collection[str] = (), but: Collection[str] = ()) -> None:
        self._database = database
        of_these = [or_(*(RUNS.c.job_name == name for name in sorted(only)))] if only else []
        self._due = PreparedSelect(_DUE.where(*of_these, *(RUNS.c.job_name != name for name in sorted(but))))

    def due(self, now: datetime, limit: int) -> Sequence[DueRun]:
        """The attempt of each is the one after those that have begun."""
        with rows_answering():
            found = self._database.read(lambda connection: self._due.rows(connection, {"now": now, "most": limit}))
        return [DueRun(run_id, attempts + 1) for run_id, attempts in found]

    def forgotten(self, now: datetime) -> None:
        """A run is due when it is made; one that has not begun and is due later has been told of."""
        with rows_answering():
            self._database.write(lambda connection: connection.execute(_FORGOTTEN, {"now": now}))

    def told(self, runs: Sequence[DueRun], now: datetime, again_at: datetime) -> None:
        """Put them off, as long as they are as they were."""
        values = {"run_ids": sorted(run.run_id for run in runs), "now": now, "again_at": again_at}
        with rows_answering():
            self._database.write(lambda connection: connection.execute(_TOLD, values))


@contextmanager
def rows_answering() -> Iterator[None]:
    """Say RowsUnavailable in the words of the application."""
    try:
        yield
    except DatabaseUnavailable as unavailable:
        raise RowsUnavailable from unavailable
