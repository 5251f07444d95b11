"""The scheduler has files erase what is over; files themselves are collected, not purged."""

from datetime import UTC, datetime, timedelta
from typing import Any

from services.files.tests.component.conftest import KEYS
from sqlalchemy import update

from signet_files.adapters.outbound.tables import OUTBOX
from signet_testing.jobs import ask


def test_sent_events_are_erased_and_files_stay(sqlite_api: Any) -> None:
    """The engines are told apart by the library's own test."""
    file = sqlite_api.put()
    long_ago = datetime.now(UTC) - timedelta(days=2)
    sqlite_api.service.database.write(lambda c: c.execute(update(OUTBOX).values(sent_at=long_ago)) and None)
    told = ask(sqlite_api.client, "files", KEYS["scheduler"], "/internal/jobs/purge").json["data"]
    assert told == {"rows": {"outbox": 1, "idempotency_keys": 0}, "finished": True}
    assert sqlite_api.events() == []
    assert sqlite_api.call("GET", f"/api/v1/files/{file['file_id']}/content").data == b"content"
