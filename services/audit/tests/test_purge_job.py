"""The scheduler has audit erase what is over: its own events on their way, and never a record."""

from datetime import UTC, datetime, timedelta
from typing import Any

from services.audit.tests.conftest import KEYS
from sqlalchemy import update

from signet_audit.adapters.outbound.tables import OUTBOX
from signet_testing.jobs import ask


def test_sent_events_are_erased_and_records_stay(sqlite_api: Any, support: Any) -> None:
    """The log forgets nothing."""
    sqlite_api.log(support.record(time=datetime(2020, 1, 1, tzinfo=UTC)))
    sqlite_api.search()
    long_ago = datetime.now(UTC) - timedelta(days=2)
    sqlite_api.service.database.write(lambda c: c.execute(update(OUTBOX).values(sent_at=long_ago)) and None)
    told = ask(sqlite_api.client, "audit", KEYS["scheduler"], "/internal/jobs/purge").json["data"]
    assert told == {"rows": {"outbox": 1}, "finished": True}
    assert sqlite_api.told() == []
    assert len(sqlite_api.search()["records"]) == 1
