"""Nobody learns which accounts exist, neither from the answer nor from how long it takes.

One sample of a time says nothing, so distributions are compared, round by round: each round tries every kind of login
once, in an order drawn by chance. Where the work behind them is the same, whatever else the machine does falls on all
kinds alike, and which of two takes longer in a round is a fair coin (the sign test, a permutation test within rounds).
So how often this test is red by chance is known, and does not depend on how busy the machine is.
"""

import json
import random
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
ROUNDS = 40
NEVER_BY_CHANCE = 38
"""Of 40 throws of a fair coin, so many or more fall on one side once in 660 million times."""
NO_MATTER = 1.05
"""Medians closer than this are what one and the same hash differs by; nobody reads an account out of that."""

RESETS = 200
RESETS_BY_CHANCE = 143
"""Of 200 throws, six standard deviations from a hundred: once in a thousand million times."""


def addresses() -> Iterator[str]:
    """Addresses that have never tried to sign in: what slows down guessing is not what is measured here."""
    return (f"127.9.{number // 250}.{number % 250 + 1}" for number in count())


def attempt(port: int, login: str, source: str) -> tuple[RawAnswer, float]:
    return timed(port, "/api/v1/sessions", {"login": login, "password": secrets.token_urlsafe(18)}, source)


def timed(port: int, target: str, document: object, source: str) -> tuple[RawAnswer, float]:
    """The answer to a public operation, and the seconds that it took."""
    body = json.dumps(document).encode()
    headers = (
        ("Content-Type", "application/json"),
        ("X-Timestamp", str(int(time.time()))),
        ("X-Nonce", secrets.token_hex(16)),
        ("Connection", "close"),
    )
    started = time.perf_counter()
    answer = send(port, RawRequest("POST", target, headers, body), source=source)
    return answer, time.perf_counter() - started


def told_apart(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether somebody who measures could tell the two kinds of login apart; the samples come in rounds."""
    longer = sum(a > b for a, b in zip(one, other, strict=True))
    medians = sorted((statistics.median(one), statistics.median(other)))
    return max(longer, len(one) - longer) >= NEVER_BY_CHANCE and medians[1] / medians[0] > NO_MATTER


@pytest.mark.parametrize(
    ("slower", "apart"), [(1.0, False), (1.02, False), (1.3, True)], ids=["same", "hardly", "by a third"]
)
def test_the_measure_tells_apart_what_differs_and_nothing_else(slower: float, apart: bool) -> None:
    """On a machine that is now quick and now slow; a measure that is always content would prove nothing."""
    chance = random.Random(7)
    rounds = [chance.uniform(0.1, 0.5) for _ in range(ROUNDS)]
    one, other = ([seconds * chance.uniform(1.0, 1.1) for seconds in rounds] for _ in range(2))
    assert told_apart(one, [seconds * slower for seconds in other]) is apart


def test_unknown_login_wrong_password_and_inactive_account_look_and_last_the_same(fortress: Platform) -> None:
    """Class: the slow hash is computed for accounts that exist, so the clock is a list of all users."""
    port = fortress.port
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
    for number in range(ROUNDS):
        for kind in random.sample(list(logins), len(logins)):
            answer, seconds = attempt(port, logins[kind][number % ACCOUNTS], next(source))
            times[kind].append(seconds)
            envelopes.add((answer.status, answer.body, tuple(sorted(answer.headers.keys()))))
    assert len(envelopes) == 1, envelopes
    assert json.loads(next(iter(envelopes))[1])["return_code"] == ReturnCode.CREDENTIALS_INVALID
    middle = {kind: statistics.median(samples) for kind, samples in times.items()}
    for kind in ("wrong password", "inactive account"):
        assert not told_apart(times["unknown login"], times[kind]), (kind, middle)


def test_asking_for_a_reset_looks_and_lasts_the_same_for_every_login(fortress: Platform) -> None:
    """Class: a mail is made for accounts that exist, so the clock is a list of all users.

    No slow hash covers a difference here, so more and faster samples are compared, however little they differ by.
    """
    port = fortress.port
    with fortress.client() as admin:
        known, inactive = ([add_person(admin, "user") for _ in range(ACCOUNTS)] for _ in range(2))
        for person in (*known, *inactive):
            admin.users.update(person.user_id, {"email": f"{person.user_name}@example.org"})
        for person in inactive:
            admin.users.update(person.user_id, {"user_state": "inactive"})
    logins = {
        "unknown login": [f"p{secrets.token_hex(6)}" for _ in range(ACCOUNTS)],
        "known login": [person.user_name for person in known],
        "known address": [f"{person.user_name}@example.org" for person in known],
        "inactive account": [person.user_name for person in inactive],
    }
    times: dict[str, list[float]] = {kind: [] for kind in logins}
    envelopes = set()
    source = addresses()
    for number in range(RESETS):
        for kind in random.sample(list(logins), len(logins)):
            login = logins[kind][number % ACCOUNTS]
            answer, seconds = timed(port, "/api/v1/password-resets", {"login": login}, next(source))
            times[kind].append(seconds)
            envelopes.add((answer.status, answer.body, tuple(sorted(answer.headers.keys()))))
    assert len(envelopes) == 1, envelopes
    assert json.loads(next(iter(envelopes))[1])["return_code"] == ReturnCode.SUCCESS
    unknown = times.pop("unknown login")
    longer = {kind: sum(a > b for a, b in zip(seconds, unknown, strict=True)) for kind, seconds in times.items()}
    assert all(RESETS - RESETS_BY_CHANCE < rounds < RESETS_BY_CHANCE for rounds in longer.values()), longer
