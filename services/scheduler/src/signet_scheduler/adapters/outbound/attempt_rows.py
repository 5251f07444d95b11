"""The attempts of one worker process in the database. Claims, ends and signs of life share transactions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from signet_common.sql.database import Database
from signet_scheduler.adapters.outbound.attempt_claims import AttemptClaims, Claim
from signet_scheduler.adapters.outbound.attempt_ends import AttemptEnds, Row, locked_runs
from signet_scheduler.adapters.outbound.group_writer import GroupWriter
from signet_scheduler.adapters.outbound.tables import RUNS
from signet_scheduler.adapters.outbound.waiting_runs import rows_answering
from signet_scheduler.application.attempts import Beat, Claimed, Lines, Pulse
from signet_scheduler.application.jobs import Catalog
from signet_scheduler.application.ports import Clock
from signet_scheduler.domain.endings import Ending, Policy
from signet_scheduler.domain.runs import LogLine, RunState

_MINE = (
    RUNS.c.run_id.in_(bindparam("run_ids", expanding=True)),
    RUNS.c.worker == bindparam("me"),
    RUNS.c.run_state == "running",
)
_BEAT = update(RUNS).where(*_MINE).values(beats=RUNS.c.beats + 1)
_HEARD = select(RUNS.c.run_id, RUNS.c.attempts, RUNS.c.cancel_asked).where(*_MINE)


@dataclass(frozen=True, slots=True)
class End:
    """How an attempt of this worker ended."""

    claimed: Claimed
    ending: Ending
    policy: Policy
    log: Lines


@dataclass(frozen=True, slots=True)
class _Beats:
    beats: Sequence[Beat]


_Entry = Claim | End | _Beats


class SqlAttemptRows:
    """Fulfils `AttemptRows`.

    `worker` names this process and nobody else ever; `catalog` holds the jobs that it knows.
    """

    def __init__(self, database: Database, worker: str, catalog: Catalog, clock: Clock) -> None:
        self._database = database
        self._worker = worker
        self._catalog = catalog
        self._clock = clock
        self._writer: GroupWriter[_Entry] = GroupWriter(self.write)

    def claim(self, run_id: int, attempt: int) -> Claimed | None:
        """Begin the attempt."""
        claimed: Claimed | None = self._submit(Claim(run_id, attempt))
        return claimed

    def complete(self, claimed: Claimed, ending: Ending, policy: Policy, lines: Lines) -> RunState | None:
        """End it."""
        state: RunState | None = self._submit(End(claimed, ending, policy, lines))
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

    def write(self, entries: Sequence[_Entry]) -> Sequence[Any]:
        """Write them in one transaction; what each came to. For one thread at a time."""
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
        group = _Group(connection, AttemptEnds(connection, self._clock(), self._catalog.exclusive), lines)
        results: dict[int, Any] = {}
        ends = {n: entry for n, entry in enumerate(entries) if isinstance(entry, End)}
        claims = {n: entry for n, entry in enumerate(entries) if isinstance(entry, Claim)}
        if ends or claims:
            run_ids = {end.claimed.run_id for end in ends.values()} | {claim.run_id for claim in claims.values()}
            rows = locked_runs(connection, run_ids)
            results |= self._end(group, ends, rows)
            # Not those of an attempt that is somebody else's by now: their runs go on.
            ended = {ends[n].claimed.run_id for n, state in results.items() if state}
            beginnings = AttemptClaims(connection, self._worker, self._clock(), self._catalog)
            results |= beginnings.begin(claims, rows, ended)
        group.ends.write()
        results |= {n: self._hear(group, entry) for n, entry in enumerate(entries) if isinstance(entry, _Beats)}
        return [results[n] for n in range(len(entries))]

    def _end(self, group: "_Group", ends: dict[int, End], rows: dict[int, Row]) -> dict[int, RunState | None]:
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

    def _is_mine(self, end: End, rows: dict[int, Row]) -> bool:
        row = rows.get(end.claimed.run_id)
        return (
            row is not None
            and row["run_state"] == "running"
            and row["attempts"] == end.claimed.attempt
            and row["worker"] == self._worker
        )

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
        if isinstance(entry, End):
            yield entry.log
        elif isinstance(entry, _Beats):
            yield from (beat.lines for beat in entry.beats)
