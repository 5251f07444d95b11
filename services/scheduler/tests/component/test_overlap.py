"""How often a job may be asked for, by what it declares about meeting itself."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from signet_common.passport import Passport
from signet_common.sql.outbox import Outbox
from signet_scheduler.adapters.outbound.asked_runs import SqlAskedRuns
from signet_scheduler.adapters.outbound.event_map import EventMap
from signet_scheduler.adapters.outbound.run_rows import waiting_row
from signet_scheduler.adapters.outbound.schedules import SqlSchedules
from signet_scheduler.adapters.outbound.tables import OUTBOX, RUNS
from signet_scheduler.adapters.outbound.transaction import SqlTransaction
from signet_scheduler.application.asked_runs import put_down
from signet_scheduler.application.jobs import Job
from signet_scheduler.application.repositories import AskedRun
from signet_scheduler.domain.errors import JobBusy, TooManyRuns
from signet_scheduler.domain.policies import MOST_OF_ONE_USER, Overlap

CALLER = Passport("gateway", "scheduler", "request-1", "POST", "/", "", user_id=7, user_name="ann")
MANY = 4


@pytest.mark.parametrize(("overlap", "let_in"), [("skip", 1), ("queue_one", 2), ("allow", MANY)])
def test_as_many_runs_are_let_in_as_the_policy_has_room_for(sqlite_api: Any, overlap: Overlap, let_in: int) -> None:
    """One that runs, and with `queue_one` one that waits for it; whoever comes next hears which run is in the way."""
    job = Job("job", "Do nothing.", timedelta(minutes=1), overlap=overlap)

    def ask(connection: Connection) -> int | str:
        events = EventMap(Outbox(OUTBOX))
        transaction = SqlTransaction(SqlAskedRuns(connection), SqlSchedules(connection), connection, CALLER, events)
        try:
            return put_down(transaction, CALLER, job, AskedRun("job", {}, 1), datetime.now(UTC)).run_id
        except JobBusy as busy:
            return str(busy)

    answers = [sqlite_api.service.database.write(ask) for _ in range(MANY)]
    assert answers[:let_in] == list(range(1, let_in + 1))
    assert all("run 1 is waiting" in str(answer) for answer in answers[let_in:])
    sqlite_api.becomes(1, "succeeded")
    assert isinstance(sqlite_api.service.database.write(ask), int)


def test_one_user_has_a_thousand_runs_of_a_job_under_way_and_no_more(sqlite_api: Any) -> None:
    """A loop that asks for ever fills the table; whoever else asks is let in."""
    job = Job("job", "Do nothing.", timedelta(minutes=1), overlap="allow")
    at = datetime.now(UTC)
    rows = [waiting_row(job_name="job", arguments="{}", max_attempts=1, at=at, by=7) for _ in range(MOST_OF_ONE_USER)]
    sqlite_api.service.database.write(lambda connection: connection.execute(insert(RUNS), rows).rowcount)

    def ask(connection: Connection, caller: Passport = CALLER) -> int | str:
        events = EventMap(Outbox(OUTBOX))
        transaction = SqlTransaction(SqlAskedRuns(connection), SqlSchedules(connection), connection, caller, events)
        try:
            return put_down(transaction, caller, job, AskedRun("job", {}, 1), at).run_id
        except TooManyRuns as refused:
            return str(refused)

    write = sqlite_api.service.database.write
    assert "1000 runs of job that you asked for wait or run" in write(ask)
    assert isinstance(write(lambda connection: ask(connection, replace(CALLER, user_id=8))), int)
    sqlite_api.becomes(1, "succeeded")
    assert isinstance(write(ask), int)
    assert "let some of them end" in write(ask)
