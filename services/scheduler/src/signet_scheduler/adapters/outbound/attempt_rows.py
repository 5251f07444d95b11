"""The attempts of one worker process in the database. Claims, ends and signs of life share transactions."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, update

from signet_common.observability.traceparent import format_traceparent, new_span_id, new_trace_id
from signet_common.sql.added_rows import add_later
from signet_common.sql.database import Database
from signet_scheduler.adapters.outbound.attempt_ends import AttemptEnds, Row, locked_runs
from signet_scheduler.adapters.outbound.group_writer import GroupWriter
from signet_scheduler.adapters.outbound.tables import ATTEMPTS, LOG_LINES, RUNS
from signet_scheduler.adapters.outbound.waiting_runs import rows_answering
from signet_scheduler.application.attempts import Beat, Claimed, Lines, Pulse
from signet_scheduler.application.ports import Clock
from signet_scheduler.domain.endings import Ending, Policy
from signet_scheduler.domain.runs import ACTIVE, LogLine, RunState

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
_MINE = (
    RUNS.c.run_id.in_(bindparam("run_ids", expanding=True)),
    RUNS.c.worker == bindparam("me"),
    RUNS.c.run_state == "running",
)
_BEAT = update(RUNS).where(*_MINE).values(beats=RUNS.c.beats + 1)
_HEARD = select(RUNS.c.run_id, RUNS.c.attempts, RUNS.c.cancel_asked).where(*_MINE)


@dataclass(frozen=True, slots=True)
class _Claim:
    run_id: int
    attempt: int


@dataclass(frozen=True, slots=True)
class _End:
    claimed: Claimed
    ending: Ending
    policy: Policy
    log: Lines


@dataclass(frozen=True, slots=True)
class _Beats:
    beats: Sequence[Beat]


_Entry = _Claim | _End | _Beats


class SqlAttemptRows:
    """Fulfils `AttemptRows`.

    `worker` names this process and nobody else ever; `exclusive` are the jobs that do not overlap with themselves.
    """

    def __init__(self, database: Database, worker: str, exclusive: Collection[str], clock: Clock) -> None:
        self._database = database
        self._worker = worker
        self._exclusive = exclusive
        self._clock = clock
        self._writer: GroupWriter[_Entry] = GroupWriter(self._write)

    def claim(self, run_id: int, attempt: int) -> Claimed | None:
        """Begin the attempt."""
        claimed: Claimed | None = self._submit(_Claim(run_id, attempt))
        return claimed

    def complete(self, claimed: Claimed, ending: Ending, policy: Policy, lines: Lines) -> RunState | None:
        """End it."""
        state: RunState | None = self._submit(_End(claimed, ending, policy, lines))
        return state

    def beat(self, beats: Iterable[Beat]) -> Pulse:
        """Tell of life."""
        pulse: Pulse = self._submit(_Beats(tuple(beats)))
        return pulse

    def close(self) -> None:
        """End the thread that writes."""
        self._writer.close()

    def _submit(self, entry: _Entry) -> Any:
        with rows_answering():
            return self._writer.submit(entry)

    def _write(self, entries: Sequence[_Entry]) -> Sequence[Any]:
        # All lines of this process pass through this thread, so none is stored twice.
        logs = {id(log): (log, log.unsaved()) for log in _logs(entries)}
        lines = {key: unsaved for key, (_, unsaved) in logs.items()}
        results = self._database.write(lambda connection: self._transact(connection, entries, lines))
        for log, unsaved in logs.values():
            log.saved(unsaved)
        return results

    def _transact(
        self, connection: Connection, entries: Sequence[_Entry], lines: dict[int, Sequence[LogLine]]
    ) -> Sequence[Any]:
        group = _Group(connection, AttemptEnds(connection, self._clock(), self._exclusive), lines)
        results: dict[int, Any] = {}
        ends = {n: entry for n, entry in enumerate(entries) if isinstance(entry, _End)}
        claims = {n: entry for n, entry in enumerate(entries) if isinstance(entry, _Claim)}
        if ends or claims:
            run_ids = {end.claimed.run_id for end in ends.values()} | {claim.run_id for claim in claims.values()}
            rows = locked_runs(connection, run_ids)
            results |= self._end(group, ends, rows)
            results |= self._begin(connection, claims, rows, {end.claimed.run_id for end in ends.values()})
        group.ends.write()
        results |= {n: self._hear(group, entry) for n, entry in enumerate(entries) if isinstance(entry, _Beats)}
        return [results[n] for n in range(len(entries))]

    def _end(self, group: "_Group", ends: dict[int, _End], rows: dict[int, Row]) -> dict[int, RunState | None]:
        mine = {n: rows[end.claimed.run_id] for n, end in ends.items() if self._is_mine(end, rows)}
        histories = group.ends.histories(list(mine.values()))
        results: dict[int, RunState | None] = {}
        for n, end in ends.items():
            if n not in mine:
                results[n] = None
                continue
            run_id, traceparent = end.claimed.run_id, end.claimed.traceparent
            group.ends.log(run_id, group.lines[id(end.log)])
            results[n] = group.ends.end(
                mine[n], end.ending, end.policy, history=histories.get(run_id, {}), traceparent=traceparent
            )
        return results

    def _is_mine(self, end: _End, rows: dict[int, Row]) -> bool:
        row = rows.get(end.claimed.run_id)
        return (
            row is not None
            and row["run_state"] == "running"
            and row["attempts"] == end.claimed.attempt
            and row["worker"] == self._worker
        )

    def _begin(
        self, connection: Connection, claims: dict[int, _Claim], rows: dict[int, Row], ended: set[int]
    ) -> dict[int, Claimed | None]:
        """Begin each that waits for just this attempt, unless its job works on another run already."""
        fit: dict[int, Row] = {}
        for n, claim in claims.items():
            row = rows.get(claim.run_id)
            twice = any(other["run_id"] == claim.run_id for other in fit.values())
            if row and row["run_state"] == "waiting" and row["attempts"] == claim.attempt - 1 and not twice:
                fit[n] = row
        begun = self._without_overlap(connection, fit, ended)
        if begun:
            return dict.fromkeys(claims) | self._claim(connection, begun)
        return dict.fromkeys(claims)

    def _without_overlap(self, connection: Connection, fit: dict[int, Row], ended: set[int]) -> dict[int, Row]:
        jobs = {row["job_name"] for row in fit.values()} & set(self._exclusive)
        if not jobs:
            return fit
        # All active runs of the job are locked: of two workers with two runs of it, one waits here for the other.
        active = connection.execute(_ACTIVE, {"job_names": sorted(jobs)})
        busy = {row.job_name for row in active if row.run_state == "running" and row.run_id not in ended}
        begun: dict[int, Row] = {}
        for n, row in fit.items():
            if row["job_name"] not in busy:
                begun[n] = row
                busy |= {row["job_name"]} & jobs
        return begun

    def _claim(self, connection: Connection, begun: dict[int, Row]) -> dict[int, Claimed | None]:
        now = self._clock()
        first = self._first_lines(connection, begun)
        claimed = {n: _claimed(row, first.get(row["run_id"], 1)) for n, row in begun.items()}
        connection.execute(
            _CLAIM,
            [
                {
                    "the_run": each.run_id,
                    "attempt": each.attempt,
                    "me": self._worker,
                    "trace": each.traceparent[3:35],
                    "began": begun[n]["started_at"] or now,
                }
                for n, each in claimed.items()
            ],
        )
        for each in claimed.values():
            begins = {"run_id": each.run_id, "attempt": each.attempt, "worker": self._worker, "started_at": now}
            add_later(connection, ATTEMPTS, begins)
        return dict(claimed)

    @staticmethod
    def _first_lines(connection: Connection, begun: dict[int, Row]) -> dict[int, int]:
        again = [row["run_id"] for row in begun.values() if row["attempts"]]
        if not again:
            return {}
        return {run_id: last + 1 for run_id, last in connection.execute(_LAST_LINES, {"run_ids": again})}

    def _hear(self, group: "_Group", entry: _Beats) -> Pulse:
        beats = {beat.run_id: beat for beat in entry.beats}
        mine = {"run_ids": sorted(beats), "me": self._worker}
        group.connection.execute(_BEAT, mine)
        heard = {
            row.run_id: row.cancel_asked
            for row in group.connection.execute(_HEARD, mine)
            if row.attempts == beats[row.run_id].attempt
        }
        for run_id in heard:
            group.ends.log(run_id, group.lines[id(beats[run_id].lines)])
        cancelled = frozenset(run_id for run_id, cancel_asked in heard.items() if cancel_asked)
        return Pulse(lost=frozenset(beats.keys() - heard.keys()), cancelled=cancelled)


@dataclass(frozen=True, slots=True)
class _Group:
    """One transaction: what ends in it, and the lines of each log, by its identity."""

    connection: Connection
    ends: AttemptEnds
    lines: dict[int, Sequence[LogLine]]


def _logs(entries: Sequence[_Entry]) -> Iterable[Lines]:
    for entry in entries:
        if isinstance(entry, _End):
            yield entry.log
        elif isinstance(entry, _Beats):
            yield from (beat.lines for beat in entry.beats)


def _claimed(row: Row, first_line: int) -> Claimed:
    return Claimed(
        run_id=row["run_id"],
        attempt=row["attempts"] + 1,
        job_name=row["job_name"],
        arguments=json.loads(row["arguments"]),
        scheduled_at=row["scheduled_at"],
        traceparent=format_traceparent(new_trace_id(), new_span_id(), sampled=False),
        first_line=first_line,
    )
