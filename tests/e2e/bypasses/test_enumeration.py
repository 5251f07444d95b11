"""Nobody learns which accounts exist, neither from the answer nor from how long it takes.

One sample of a time says nothing, so distributions are compared: with the same work behind them, a time from the one
is larger than a time from the other in half of all pairs (the statistic of Mann and Whitney). Where a password is
compared for known logins alone, that is so in all pairs or in none, and by a factor.
"""

import json
import secrets
import statistics
import time
from collections.abc import Iterator, Sequence
from itertools import count

import pytest

from signet_protocol.return_codes import ReturnCode
from signet_testing.people import add_person
from signet_testing.platform import Platform
from signet_testing.raw_http import RawAnswer, RawRequest, send

pytestmark = pytest.mark.e2e

ACCOUNTS = 4
ROUNDS = 10
NEVER_EQUAL = 0.02
"""Of 1,600 pairs. Equal distributions of forty samples come this far from a half less than once in 10^12 runs."""
MOST_APART = 1.5
"""What two medians of the same work may differ by on a busy machine; without the work they differ tenfold."""


def addresses() -> Iterator[str]:
    """Addresses that have never tried to sign in: what slows down guessing is not what is measured here."""
    return (f"127.9.{number // 250}.{number % 250 + 1}" for number in count())


def attempt(port: int, login: str, source: str) -> tuple[RawAnswer, float]:
    body = json.dumps({"login": login, "password": secrets.token_urlsafe(18)}).encode()
    headers = (
        ("Content-Type", "application/json"),
        ("X-Timestamp", str(int(time.time()))),
        ("X-Nonce", secrets.token_hex(16)),
        ("Connection", "close"),
    )
    started = time.perf_counter()
    answer = send(port, RawRequest("POST", "/api/v1/sessions", headers, body), source=source)
    return answer, time.perf_counter() - started


def larger(one: Sequence[float], other: Sequence[float]) -> float:
    """Mann and Whitney's U, as the share of pairs in which the first is larger."""
    return sum(a > b for a in one for b in other) / (len(one) * len(other))


def told_apart(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether somebody who measures could tell the two kinds of login apart, by a margin that noise never has."""
    share = larger(one, other)
    medians = sorted((statistics.median(one), statistics.median(other)))
    return min(share, 1 - share) < NEVER_EQUAL and medians[1] / medians[0] > MOST_APART


def test_unknown_login_wrong_password_and_inactive_account_look_and_last_the_same(fortress: Platform) -> None:
    """Class: the slow hash is computed for accounts that exist, so the clock is a list of all users."""
    port = fortress.port_of("gateway-web")
    with fortress.client() as admin:
        active, inactive = ([add_person(admin, "user") for _ in range(ACCOUNTS)] for _ in range(2))
        for person in inactive:
            admin.users.update(person.user_id, {"user_state": "inactive"})
    unknown = [f"p{secrets.token_hex(6)}" for _ in range(ACCOUNTS)]
    logins = {
        "unknown login": unknown,
        "wrong password": [person.user_name for person in active],
        "inactive account": [person.user_name for person in inactive],
    }
    times: dict[str, list[float]] = {kind: [] for kind in logins}
    envelopes = set()
    source = addresses()
    # Interleaved, so that whatever else the machine does falls on all of them alike.
    for number in range(ROUNDS * ACCOUNTS):
        for kind, names in logins.items():
            answer, seconds = attempt(port, names[number % ACCOUNTS], next(source))
            times[kind].append(seconds)
            envelopes.add((answer.status, answer.body, tuple(sorted(answer.headers.keys()))))
    assert len(envelopes) == 1, envelopes
    assert json.loads(next(iter(envelopes))[1])["return_code"] == ReturnCode.CREDENTIALS_INVALID
    middle = {kind: statistics.median(samples) for kind, samples in times.items()}
    for kind in ("wrong password", "inactive account"):
        assert not told_apart(times["unknown login"], times[kind]), (kind, middle)
