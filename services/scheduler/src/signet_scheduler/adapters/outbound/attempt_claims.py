"""The beginnings of attempts: the row of the run is claimed and that of the attempt is made, in one transaction."""

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, func, select, update

from signet_common.observability.traceparent import format_traceparent, new_span_id, new_trace_id
from signet_common.sql.added_rows import add_later
from signet_scheduler.adapters.outbound.attempt_ends import Row
from signet_scheduler.adapters.outbound.stored_rows import stored_object
from signet_scheduler.adapters.outbound.tables import ATTEMPTS, LOG_LINES, RUNS
from signet_scheduler.application.attempts import Claimed
from signet_scheduler.application.jobs import Catalog
from signet_scheduler.domain.runs import ACTIVE

UNKNOWN_FOR = timedelta(days=1)
"""How long a run of a job that a worker does not know is left to one that does, as there is while a release is
rolled out. Then it fails with that word."""

logger = logging.getLogger(__name__)

_CLAIM = (
    update(RUNS)
    .where(RUNS.c.run_id == bindparam("the_run"))
    .values(
        run_state="running",
        attempts=bindparam("attempt"),
        worker=bindparam("me"),
        beats=0,
        trace_id=bindparam("trace"),
        started_at=bindparam("began"),
        version=RUNS.c.version + 1,
    )
)
_ACTIVE = (
    select(RUNS.c.run_id, RUNS.c.job_name, RUNS.c.run_state)
    .where(RUNS.c.job_name.in_(bindparam("job_names", expanding=True)), RUNS.c.run_state.in_(ACTIVE))
    .order_by(RUNS.c.run_id)
    .with_for_update()
)
_LAST_LINES = (
    select(LOG_LINES.c.run_id, func.max(LOG_LINES.c.line))
    .where(LOG_LINES.c.run_id.in_(bindparam("run_ids", expanding=True)))
    .group_by(LOG_LINES.c.run_id)
)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a message asks for."""

    run_id: int
    attempt: int


class AttemptClaims:
    """Begins the attempts that are asked for in one transaction, for `worker`, which knows the jobs of `catalog`."""

    def __init__(self, connection: Connection, worker: str, now: datetime, catalog: Catalog) -> None:
        self._connection = connection
        self._worker = worker
        self._now = now
        self._catalog = catalog

    def begin(
        self, claims: Mapping[int, Claim], rows: Mapping[int, Row], ended: Collection[int]
    ) -> dict[int, Claimed | None]:
        """Begin each that waits for just this attempt, unless its job works on another run already.

        `rows` are locked and as they were before this transaction; `ended` are the runs whose attempts end in it.
        """
        fit: dict[int, Row] = {}
        for n, claim in claims.items():
            row = rows.get(claim.run_id)
            twice = any(other["run_id"] == claim.run_id for other in fit.values())
            waits = row and row["run_state"] == "waiting" and row["attempts"] == claim.attempt - 1
            if row and waits and not twice and self._is_for_this_worker(row):
                fit[n] = row
        begun = self._without_overlap(fit, ended)
        if begun:
            return dict.fromkeys(claims) | self._claim(begun)
        return dict.fromkeys(claims)

    def _is_for_this_worker(self, row: Row) -> bool:
        if row["job_name"] in self._catalog or self._now - row["created_at"] > UNKNOWN_FOR:
            return True
        logger.warning("run %d waits for a worker that knows the job %s", row["run_id"], row["job_name"])
        return False

    def _without_overlap(self, fit: Mapping[int, Row], ended: Collection[int]) -> Mapping[int, Row]:
        jobs = {row["job_name"] for row in fit.values()} & self._catalog.exclusive
        if not jobs:
            return fit
        # All active runs of the job are locked: of two workers with two runs of it, one waits here for the other.
        active = self._connection.execute(_ACTIVE, {"job_names": sorted(jobs)})
        busy = {row.job_name for row in active if row.run_state == "running" and row.run_id not in ended}
        begun: dict[int, Row] = {}
        for n, row in fit.items():
            if row["job_name"] not in busy:
                begun[n] = row
                busy |= {row["job_name"]} & jobs
        return begun

    def _claim(self, begun: Mapping[int, Row]) -> dict[int, Claimed | None]:
        first = self._first_lines(begun)
        claimed = {n: _claimed(row, first.get(row["run_id"], 1)) for n, row in begun.items()}
        self._connection.execute(
            _CLAIM,
            [
                {
                    "the_run": each.run_id,
                    "attempt": each.attempt,
                    "me": self._worker,
                    "trace": each.traceparent[3:35],
                    "began": begun[n]["started_at"] or self._now,
                }
                for n, each in claimed.items()
            ],
        )
        for each in claimed.values():
            begins = {"run_id": each.run_id, "attempt": each.attempt, "worker": self._worker, "started_at": self._now}
            add_later(self._connection, ATTEMPTS, begins)
        return dict(claimed)

    def _first_lines(self, begun: Mapping[int, Row]) -> dict[int, int]:
        again = [row["run_id"] for row in begun.values() if row["attempts"]]
        if not again:
            return {}
        return {run_id: last + 1 for run_id, last in self._connection.execute(_LAST_LINES, {"run_ids": again})}


def _claimed(row: Row, first_line: int) -> Claimed:
    return Claimed(
        run_id=row["run_id"],
        attempt=row["attempts"] + 1,
        job_name=row["job_name"],
        arguments=stored_object(row["arguments"]),
        due_at=row["scheduled_at"] or row["created_at"],
        traceparent=format_traceparent(new_trace_id(), new_span_id(), sampled=False),
        first_line=first_line,
        last=row["attempts"] + 1 >= row["max_attempts"],
    )
