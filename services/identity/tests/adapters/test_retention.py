"""What identity keeps for a while only is gone after it, on every engine, and nothing else is."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select

import signet_identity
from signet_common.sql.administration import migrations_folder
from signet_common.sql.database import Database
from signet_common.sql.migrations import upgrade
from signet_common.sql.retention import Purge
from signet_identity.adapters.outbound.retention import RETENTIONS
from signet_identity.adapters.outbound.tables import SESSIONS, SIGN_IN_THROTTLES, SINGLE_USE_TOKENS, USERS

NOW = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=30)


@pytest.fixture
def database(database_url):
    upgrade(database_url, migrations_folder(signet_identity.__file__))
    database = Database.open(database_url, grouped=False)
    user = {"user_id": 1, "user_name": "ada", "user_state": "active", "version": 1}
    add(database, USERS, **user, created_at=LONG_AGO, updated_at=LONG_AGO)
    yield database
    database.close()


def add(database, table, **row):
    database.write(lambda connection: connection.execute(insert(table), row))


def left(database, column):
    return set(database.read(lambda connection: connection.scalars(select(column)).all()))


def purge(database):
    return Purge(database, RETENTIONS, clock=lambda: NOW).everything()


def test_counts_of_sign_ins_go_when_they_mean_nothing_any_more(database):
    """Anybody may type any login: rows for each of them would stay for ever."""
    for key, forget_at in (("over", NOW - timedelta(seconds=1)), ("counting", NOW + timedelta(seconds=1))):
        add(database, SIGN_IN_THROTTLES, throttle_key=key, failures=3, forget_at=forget_at)
    assert purge(database) == 1
    assert left(database, SIGN_IN_THROTTLES.c.throttle_key) == {"counting"}


def test_sessions_go_a_day_after_their_end(database):
    """They hold a secret that signs nothing any more."""
    ends = {
        "over": NOW - timedelta(hours=25),
        "lately over": NOW - timedelta(hours=23),
        "open": NOW + timedelta(hours=1),
    }
    for token, expires_at in ends.items():
        times = {"created_at": LONG_AGO, "last_used_at": LONG_AGO, "idle_expires_at": LONG_AGO}
        add(database, SESSIONS, user_id=1, token_sha256=token, secret="sealed", expires_at=expires_at, **times)
    assert purge(database) == 1
    assert left(database, SESSIONS.c.token_sha256) == {"lately over", "open"}


def test_mailed_tokens_go_a_day_after_their_end_used_or_not(database):
    """Until then they count: three mails an hour, and each token once."""
    ends = {
        "over": NOW - timedelta(hours=25),
        "lately over": NOW - timedelta(hours=23),
        "open": NOW + timedelta(hours=1),
    }
    for token, expires_at in ends.items():
        kind = {"purpose": "password_reset", "subject": "ada@example.org", "created_at": LONG_AGO}
        add(database, SINGLE_USE_TOKENS, user_id=1, token_sha256=token, expires_at=expires_at, **kind)
    assert purge(database) == 1
    assert left(database, SINGLE_USE_TOKENS.c.token_sha256) == {"lately over", "open"}


def test_nobody_who_has_an_account_is_purged(database):
    """Only what is named is."""
    purge(database)
    assert left(database, USERS.c.user_name) == {"ada"}
