"""Sign-in under attack, through the views and on every engine."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from signet_identity.adapters.outbound.tables import SIGN_IN_THROTTLES
from signet_identity.bootstrap.web import build
from signet_identity.domain.throttling import PAIR

SESSIONS = "/api/v1/sessions"
PASSWORD = "correct horse battery"
WRONG = {"login": "ada", "password": "not the password at all"}
RIGHT = {"login": "ada", "password": PASSWORD}


@pytest.mark.usefixtures("standing_still")
def test_too_many_failures_are_told_when_to_come_back(api):
    """429001 with Retry-After for whoever guesses; the owner elsewhere signs in all the time."""
    api.user("ada", "user", password=PASSWORD)
    for login in ("ada", "nobody"):
        body = WRONG | {"login": login}
        codes = [api.code("POST", SESSIONS, body, client_ip=f"192.0.2.{len(login)}") for _ in range(PAIR.free)]
        assert codes == [401011] * PAIR.free
        refused = api.call("POST", SESSIONS, body, client_ip=f"192.0.2.{len(login)}")
        assert (refused.json["return_code"], refused.headers["Retry-After"]) == (429001, "2")
        assert refused.json["data"] is None
    assert api.code("POST", SESSIONS, RIGHT, client_ip="198.51.100.1") == 200
    reasons = [event["data"]["changes"]["reason"][1] for event in api.events("session.login_failed")]
    assert reasons.count("throttled") == 2


@pytest.mark.usefixtures("standing_still")
def test_counts_survive_a_restart_and_hold_in_every_worker(api):
    """They are rows: whoever waits for another worker, or for a restart, waits in vain."""
    for _ in range(PAIR.free):
        api.code("POST", SESSIONS, WRONG)
    again = build(api.settings)
    try:
        api.client = again.web.test_client()
        assert api.code("POST", SESSIONS, WRONG) == 429001
    finally:
        again.database.close()


@pytest.mark.usefixtures("standing_still")
def test_attempts_at_once_are_counted_one_by_one(plain_api):
    """A burst must not slip through before the first failure is known; the count is locked on every engine."""
    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda _: plain_api.code("POST", SESSIONS, WRONG), range(16)))
    assert sorted(codes) == [401011] * PAIR.free + [429001] * (16 - PAIR.free)


def test_no_login_and_no_address_stands_in_the_counts(api):
    """Neither what people typed nor where they were."""
    api.code("POST", SESSIONS, {"login": "my secret passphrase", "password": "x"})
    rows = api.service.database.read(lambda connection: connection.execute(select(SIGN_IN_THROTTLES)).all())
    assert len(rows) == 3
    assert "passphrase" not in str(rows)
    assert "192.0.2.1" not in str(rows)
