"""What `/readyz` of the scheduler tells of runs that nobody takes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest


def readyz(api: Any) -> tuple[int, str, dict[str, str]]:
    answer = api.client.get("/readyz")
    return answer.status_code, answer.json["status"], answer.json["checks"]["waking"]


def due(api: Any, seconds: float) -> None:
    """A run that has been due for so long."""
    api.becomes(api.run()["run_id"], "waiting", wake_at=datetime.now(UTC) - timedelta(seconds=seconds))


def test_a_due_run_that_nobody_takes_degrades_the_service_and_says_for_how_long(api: Any) -> None:
    """No background process tells workers of it; asking for runs goes on."""
    due(api, 50)
    assert readyz(api)[:2] == (200, "ready"), "a restart takes a moment"
    due(api, 3_700)
    status, said, check = readyz(api)
    assert (status, said, check["status"]) == (200, "degraded", "degraded")
    assert check["detail"].startswith("pending=2 oldest_seconds=370")


@pytest.mark.parametrize(
    ("state", "values"),
    [
        ("running", {"wake_at": datetime(2026, 1, 1, tzinfo=UTC)}),
        ("failed", {"wake_at": datetime(2026, 1, 1, tzinfo=UTC)}),
        ("waiting", {"wake_at": datetime(2100, 1, 1, tzinfo=UTC)}),
    ],
)
def test_what_is_under_way_is_over_or_was_put_off_is_not_overdue(
    sqlite_api: Any, state: str, values: dict[str, Any]
) -> None:
    """What is told of is put off, and so is what waits for its next attempt."""
    sqlite_api.becomes(sqlite_api.run()["run_id"], state, **values)
    _, _, check = readyz(sqlite_api)
    assert check == {"status": "ok", "detail": "pending=0 oldest_seconds=0.0"}
