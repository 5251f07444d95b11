"""How often a job may be asked for, by what it declares about meeting itself."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from signet_common.passport import Passport
from signet_common.sql.outbox import Outbox
from signet_scheduler.adapters.outbound.asked_runs import SqlAskedRuns
from signet_scheduler.adapters.outbound.event_map import EventMap
from signet_scheduler.adapters.outbound.schedules import SqlSchedules
from signet_scheduler.adapters.outbound.tables import OUTBOX
from signet_scheduler.adapters.outbound.transaction import SqlTransaction
from signet_scheduler.application.asked_runs import put_down
from signet_scheduler.application.jobs import Job
from signet_scheduler.application.repositories import AskedRun
from signet_scheduler.domain.errors import JobBusy
from signet_scheduler.domain.policies import Overlap

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
