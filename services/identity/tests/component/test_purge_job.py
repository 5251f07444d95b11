"""The scheduler has identity erase sessions, mailed tokens and throttles that are over, and what it has sent."""

from datetime import UTC, datetime, timedelta

from services.identity.tests.component.conftest import KEYS
from sqlalchemy import select, update

from signet_identity.adapters.outbound.tables import OUTBOX, SESSIONS, SIGN_IN_THROTTLES, SINGLE_USE_TOKENS
from signet_testing.jobs import ask

TARGET = "/internal/jobs/purge"
PASSWORD = "correct horse battery"


def test_sessions_tokens_throttles_and_sent_events_are_erased(api):
    """And whoever is signed in stays so."""
    api.user("ada", "user", email="ada@example.org", password=PASSWORD)
    old, kept = (
        api.data("POST", "/api/v1/sessions", {"login": "ada", "password": PASSWORD})["session_id"] for _ in "12"
    )
    api.call("POST", "/api/v1/password-resets", {"login": "ada"})
    long_ago, database = datetime.now(UTC) - timedelta(days=3), api.service.database

    def age(connection):
        connection.execute(update(SESSIONS).where(SESSIONS.c.session_id == old).values(expires_at=long_ago))
        connection.execute(update(SINGLE_USE_TOKENS).values(expires_at=long_ago))
        connection.execute(update(SIGN_IN_THROTTLES).values(forget_at=long_ago))
        connection.execute(update(OUTBOX).values(sent_at=long_ago))

    events = len(api.events())
    throttles = len(database.read(lambda c: c.execute(select(SIGN_IN_THROTTLES)).all()))
    database.write(age)
    told = ask(api.client, "identity", KEYS["scheduler"], TARGET).json["data"]
    assert told == {
        "rows": {
            "outbox": events,
            "idempotency_keys": 0,
            "sign_in_throttles": throttles,
            "sessions": 1,
            "single_use_tokens": 1,
        },
        "finished": True,
    }
    assert throttles > 0
    assert api.events() == []
    left = database.read(lambda c: c.scalars(select(SESSIONS.c.session_id)).all())
    assert left == [kept]
