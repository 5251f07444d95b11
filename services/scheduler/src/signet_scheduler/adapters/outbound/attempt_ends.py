"""The ends of attempts: rows of the run, of the attempt, what it logged, and the event, in one transaction.

Whoever ends an attempt has locked the row of the run, and has seen that it still is the attempt that runs.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, func, select, update

from signet_common.messaging.recording import compose
from signet_common.passport import Passport
from signet_common.sql.added_rows import add_later
from signet_common.sql.outbox import Outbox
from signet_scheduler import SERVICE
from signet_scheduler.adapters.outbound.tables import ATTEMPTS, LOG_LINES, OUTBOX, RUNS
from signet_scheduler.application.run_outcomes import outcome
from signet_scheduler.domain.endings import Ending, Policy, Sequel, Standing, sequel
from signet_scheduler.domain.runs import LogLine, RunState

RUN_COLUMNS = (
    RUNS.c.run_id,
    RUNS.c.job_name,
    RUNS.c.run_state,
    RUNS.c.schedule_id,
    RUNS.c.scheduled_at,
    RUNS.c.arguments,
    RUNS.c.wake_at,
    RUNS.c.attempts,
    RUNS.c.max_attempts,
    RUNS.c.worker,
    RUNS.c.beats,
    RUNS.c.cancel_asked,
    RUNS.c.started_at,
    RUNS.c.created_at,
)
Row = RowMapping | Mapping[str, Any]

_LOCKED = (
    select(*RUN_COLUMNS)
    .where(RUNS.c.run_id.in_(bindparam("run_ids", expanding=True)))
    .order_by(RUNS.c.run_id)
    .with_for_update()
)
_OUTCOMES = (
    select(ATTEMPTS.c.run_id, ATTEMPTS.c.outcome, func.count())
    .where(ATTEMPTS.c.run_id.in_(bindparam("run_ids", expanding=True)))
    .group_by(ATTEMPTS.c.run_id, ATTEMPTS.c.outcome)
)
_END_RUN = (
    update(RUNS)
    .where(RUNS.c.run_id == bindparam("the_run"))
    .values(
        run_state=bindparam("state"),
        wake_at=bindparam("wake_at"),
        max_attempts=bindparam("most"),
        result=bindparam("result"),
        error=bindparam("error"),
        ended_at=bindparam("ended_at"),
        version=RUNS.c.version + 1,
    )
)
_END_ATTEMPT = (
    update(ATTEMPTS)
    .where(ATTEMPTS.c.run_id == bindparam("the_run"), ATTEMPTS.c.attempt == bindparam("the_attempt"))
    .values(ended_at=bindparam("ended_at"), outcome=bindparam("outcome"), error=bindparam("error"))
)
_WAKE_NEXT = (
    update(RUNS)
    .where(
        RUNS.c.job_name.in_(bindparam("job_names", expanding=True)),
        RUNS.c.run_state == "waiting",
        RUNS.c.attempts == 0,
    )
    .values(wake_at=bindparam("now", type_=RUNS.c.wake_at.type))
)


def locked_runs(connection: Connection, run_ids: Collection[int]) -> dict[int, Row]:
    """The rows of these runs, locked for the rest of the transaction."""
    rows = connection.execute(_LOCKED, {"run_ids": sorted(run_ids)}).mappings()
    return {row["run_id"]: row for row in rows}


class AttemptEnds:
    """Gathers the attempts that end in one transaction, and writes them together.

    `exclusive` are the jobs of which one run works at a time: the next one of such a job is woken.
    """

    def __init__(self, connection: Connection, now: datetime, exclusive: Collection[str]) -> None:
        self._connection = connection
        self._now = now
        self._exclusive = exclusive
        self._runs: list[dict[str, Any]] = []
        self._attempts: list[dict[str, Any]] = []
        self._free: set[str] = set()

    def histories(self, rows: Sequence[Row]) -> Mapping[int, Mapping[str, int]]:
        """By run that had attempts before, how many of them ended with which outcome."""
        again = [row["run_id"] for row in rows if row["attempts"] > 1]
        found: dict[int, dict[str, int]] = {}
        if again:
            for run_id, outcome, count in self._connection.execute(_OUTCOMES, {"run_ids": again}):
                found.setdefault(run_id, {})[outcome] = count
        return found

    def end(
        self, row: Row, ending: Ending, policy: Policy, *, history: Mapping[str, int], traceparent: str = ""
    ) -> RunState:
        """Let the attempt that runs end so; the run's state from now on."""
        standing = Standing(
            attempts=row["attempts"],
            max_attempts=row["max_attempts"],
            cancel_asked=row["cancel_asked"],
            failures=history.get("failed", 0) + history.get("timed_out", 0),
            deaths=history.get("interrupted", 0),
        )
        then = sequel(ending, standing, policy, self._now)
        self._note(row, ending, then)
        if then.run_state != "waiting":
            self._tell(row, ending, then.run_state, traceparent)
        if row["job_name"] in self._exclusive:
            self._free.add(row["job_name"])
        return then.run_state

    def log(self, run_id: int, lines: Sequence[LogLine]) -> None:
        """Store what an attempt has logged."""
        for line in lines:
            add_later(
                self._connection,
                LOG_LINES,
                {
                    "run_id": run_id,
                    "line": line.line,
                    "attempt": line.attempt,
                    "logged_at": line.logged_at,
                    "level": line.level,
                    "text": line.text,
                },
            )

    def write(self) -> None:
        """Write what has been gathered."""
        if self._runs:
            self._connection.execute(_END_RUN, self._runs)
            self._connection.execute(_END_ATTEMPT, self._attempts)
        if self._free:
            self._connection.execute(_WAKE_NEXT, {"job_names": sorted(self._free), "now": self._now})

    def _note(self, row: Row, ending: Ending, then: Sequel) -> None:
        over = then.run_state != "waiting"
        self._runs.append(
            {
                "the_run": row["run_id"],
                "state": then.run_state,
                "wake_at": then.wake_at or row["wake_at"],
                "most": then.max_attempts,
                "result": json.dumps(ending.result) if over and ending.result is not None else None,
                "error": ending.told_error if over else None,
                "ended_at": self._now if over else None,
            }
        )
        self._attempts.append(
            {
                "the_run": row["run_id"],
                "the_attempt": row["attempts"],
                "ended_at": self._now,
                "outcome": ending.outcome,
                "error": ending.told_error,
            }
        )

    def _tell(self, row: Row, ending: Ending, state: RunState, traceparent: str) -> None:
        change = outcome(
            state,
            row["run_id"],
            job_name=row["job_name"],
            schedule_id=row["schedule_id"],
            scheduled_at=row["scheduled_at"],
            attempts=row["attempts"],
            error=ending.told_error,
        )
        caller = _caller(row["run_id"])
        Outbox(OUTBOX).add(self._connection, compose(SERVICE, change, caller, traceparent))


def _caller(run_id: int) -> Passport:
    """In whose name the outcome is told: nobody has asked for it."""
    return Passport(
        issuer=SERVICE, audience=SERVICE, request_id=f"run-{run_id}", method="", target="", body_sha256="",
        user_name="scheduler", authentication="service",
    )  # fmt: skip
