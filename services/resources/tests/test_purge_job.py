"""The scheduler has resources erase what is over, through the web process."""

from datetime import UTC, datetime, timedelta
from typing import Any

from services.resources.tests.conftest import KEYS
from sqlalchemy import Connection, func, select, update

from signet_resources.adapters.outbound.tables import IDEMPOTENCY_KEYS, OUTBOX
from signet_testing.jobs import ask

TARGET = "/internal/jobs/purge"


def test_sent_events_and_old_answers_are_erased_and_what_waits_is_not(api: Any) -> None:
    """Twice is fine: there is nothing left the second time."""
    for number in range(3):
        key = f"key-{number}"
        body, headers = {"demo_name": f"d{number}"}, {"Idempotency-Key": key}
        api.call("POST", "/api/v1/demos", body, headers=headers, idempotency_key=key)
    api.create("waits")
    long_ago, database = datetime.now(UTC) - timedelta(days=2), api.service.database
    names = [f"demo/{number}" for number in (1, 2)]

    def age(connection: Connection) -> None:
        connection.execute(update(OUTBOX).where(OUTBOX.c.object_id.in_(("1", "2"))).values(sent_at=long_ago))
        connection.execute(update(IDEMPOTENCY_KEYS).values(created_at=long_ago))

    database.write(age)
    told = [ask(api.client, "resources", KEYS["scheduler"], TARGET).json["data"] for _ in range(2)]
    assert told == [
        {"rows": {"outbox": 2, "idempotency_keys": 3}, "finished": True},
        {"rows": {"outbox": 0, "idempotency_keys": 0}, "finished": True},
    ]
    assert not {event["subject"] for event in api.events()} & set(names)
    assert len(api.events()) == 2
    assert database.read(lambda c: c.scalar(select(func.count()).select_from(IDEMPOTENCY_KEYS))) == 0


def test_nobody_else_has_anything_erased(sqlite_api: Any) -> None:
    """The gateway's passport opens everything but this."""
    asked = ask(sqlite_api.client, "resources", KEYS["gateway"], TARGET, issuer="gateway")
    assert asked.json["return_code"] == 401016
