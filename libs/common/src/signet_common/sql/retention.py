"""What a database keeps for a while only: rules, and the purge that follows them without standing in anybody's way.

Rows are looked up first, outside of any transaction, along the index on their time. Then they are deleted by their
keys, a few hundred in one transaction, which holds no lock but theirs; on SQLite, where it holds the lock of all
writers, it takes some milliseconds. Between two such steps the purge rests a multiple of what the step took.

It runs when the scheduler asks for it (`Purge.within`), and where nobody asks in a loop of the service's own.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event as Stop
from uuid import uuid4

from sqlalchemy import Connection, Delete, Select, bindparam, column, delete, select, table

from signet_common.sql.columns import UtcDateTime
from signet_common.sql.database import Database, DatabaseUnavailable
from signet_common.sql.leases import Leases

BATCH = 200
LEASE_NAME = "purge"
IDLE_SECONDS = 60.0
REST = 20
"""How many times as long as a step the loop rests: it takes a twentieth of the time of those who write."""
LEAST_REST_SECONDS = 0.05
REST_WHEN_ASKED = 4
"""The same where somebody waits for the answer: a fifth of the time."""
UNASKED = timedelta(hours=2)
"""How long the loop leaves what is over to who asks, which happens each hour: it finds something where nobody does."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Retention:
    """Rows of `table`, whose primary key is `key`, go once `time` lies further back than `kept`; never without a time.

    By names, so that a background process needs no row classes. `time` has to lead an index.
    """

    table: str
    key: tuple[str, ...]
    time: str
    kept: timedelta


SENT_EVENTS = Retention("outbox", ("event_id",), "sent_at", timedelta(days=1))
"""A day, in which events can be sent again that a lost bus had confirmed. What waits has no `sent_at` and stays."""
FIRST_ANSWERS = Retention(
    "idempotency_keys", ("user_id", "operation", "idempotency_key"), "created_at", timedelta(hours=25)
)
"""Keys hold for 24 hours (`idempotency.KEPT`); the hour is for clocks that differ."""


@dataclass(frozen=True, slots=True)
class Erased:
    """How many rows were found to be over and erased, for each table; `finished` says that nothing is left."""

    rows: Mapping[str, int]
    finished: bool


class Purge:
    """Erases what its rules say is over. `clock` tells the time that they are measured against."""

    def __init__(
        self,
        database: Database,
        rules: Sequence[Retention],
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        batch: int = BATCH,
    ) -> None:
        self._database = database
        self._rules = [_Statements(rule, batch) for rule in rules]
        self._clock = clock
        self._batch = batch

    def step(self) -> int:
        """Erase at most a batch of the first table that has something to erase; how many rows it was."""
        return self._step()[1]

    def within(self, seconds: float) -> Erased:
        """Erase whatever is over, for about so many seconds at most, one step in any case.

        Safe to ask for twice, and by two at once.
        """
        end = time.monotonic() + seconds
        rows = {rule.table: 0 for rule in self._rules}
        started = time.monotonic()
        while (step := self._step())[1]:
            table, erased = step
            rows[table] += erased
            now = time.monotonic()
            if now >= end:
                return Erased(rows, finished=False)
            time.sleep(min(REST_WHEN_ASKED * (now - started), end - now))
            started = time.monotonic()
        return Erased(rows, finished=True)

    def _step(self) -> tuple[str, int]:
        """Make a step; of which table, and how many rows were over."""
        for rule in self._rules:
            before = self._clock() - rule.kept
            if erased := rule.erase(self._database, before):
                return rule.table, erased
        return "", 0

    def settle(self) -> None:
        """See to it that nothing of what was erased is left beside the tables, by whomever it was."""
        self._database.empty_log()

    def everything(self) -> int:
        """Erase whatever is over by now, step by step; how many rows it was."""
        total = 0
        while erased := self.step():
            total += erased
        return total


def unasked_purge(database: Database, rules: Sequence[Retention]) -> Purge:
    """What a loop purges: all that has been over for so long that nobody seems to ask."""
    return Purge(database, rules, clock=lambda: datetime.now(UTC) - UNASKED)


class PurgeLoop:
    """Purges in a thread of a background process, while no other process of the service does.

    Beside that it empties the logs of SQLite each minute, whoever has erased something.
    """

    def __init__(self, purge: Purge, leases: Leases) -> None:
        self._purge = purge
        self._leases = leases
        self._holder = uuid4().hex

    def run(self, stop: Stop) -> None:
        """Purge until `stop`; what is not possible now is tried again a minute later."""
        while not stop.is_set():
            stop.wait(self._turn())

    def _turn(self) -> float:
        """Make one step; the seconds until the next one."""
        try:
            if not self._leases.hold(LEASE_NAME, self._holder):
                return IDLE_SECONDS
            started = time.monotonic()
            if self._purge.step():
                return max(LEAST_REST_SECONDS, REST * (time.monotonic() - started))
            self._purge.settle()
        except DatabaseUnavailable:
            _logger.warning("nothing is purged for now: the database does not answer")
        except Exception:
            # The loop of this thread: old rows do no harm for another minute, and no other loop shall end for them.
            _logger.exception("the purge failed")
        return IDLE_SECONDS


class _Statements:
    """A rule as statements."""

    def __init__(self, rule: Retention, batch: int) -> None:
        rows = table(rule.table, *(column(name) for name in rule.key), column(rule.time, UtcDateTime))
        over = rows.c[rule.time] < bindparam("before", type_=UtcDateTime)
        keys = [rows.c[name] for name in rule.key]
        self.table, self.kept = rule.table, rule.kept
        self._names = rule.key
        self._find: Select[tuple[object, ...]] = select(*keys).where(over).order_by(rows.c[rule.time]).limit(batch)
        # Asked again: a row may have been renewed since it was found.
        self._erase: Delete = delete(rows).where(over, *(key == bindparam(f"key_{key.name}") for key in keys))

    def erase(self, database: Database, before: datetime) -> int:
        """Erase one batch of what was over `before`; how many rows were found."""
        found = database.read(lambda connection: connection.execute(self._find, {"before": before}).all())
        if found:
            rows: list[dict[str, object]] = [
                {"before": before} | {f"key_{name}": value for name, value in zip(self._names, row, strict=True)}
                for row in found
            ]
            database.write(lambda connection: _execute(connection, self._erase, rows))
        return len(found)


def _execute(connection: Connection, erasing: Delete, rows: list[dict[str, object]]) -> None:
    if connection.dialect.name == "sqlite":
        # Answers and sessions hold what is nobody's business any more: free pages keep it until they are used again.
        connection.exec_driver_sql("PRAGMA secure_delete = ON")
    connection.execute(erasing, rows)
