"""What is sent again is signed anew, keeps its Idempotency-Key, and is never applied twice."""

from typing import Any

import httpx
import pytest

from signet import Client
from signet.errors import (
    AnswerInvalid,
    NonceReused,
    RateLimited,
    SignetError,
    SignExpired,
    Unavailable,
    Unreachable,
)
from signet.retries import RetryPolicy

DEMO = {
    "demo_id": 7,
    "demo_name": "a",
    "demo_state": "active",
    "version": 1,
    "created_at": "2026-01-01T00:00:00Z",
}


def test_lost_answer_is_asked_for_again_under_the_same_key(client: Client, gateway: Any) -> None:
    """The service replays its first answer by the key; the gateway wants a fresh nonce and signature."""
    gateway.lose(httpx.ReadTimeout)
    gateway.reply(DEMO)
    gateway.reply(DEMO)
    client.demos.create("a")
    first, second = gateway.received
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert first.body == second.body
    assert first.headers["x-nonce"] != second.headers["x-nonce"]
    assert first.headers["x-sign"] != second.headers["x-sign"]


def test_timestamp_is_fresh_after_a_wait(client: Client, gateway: Any, clock: Any) -> None:
    """A wait may be longer than the window."""
    gateway.now = clock.now
    gateway.reply(code=503001, headers={"retry-after": "30"})
    gateway.reply(DEMO)
    client.demos.get(7)
    first, second = gateway.received
    assert clock.slept == [30.0]
    assert int(second.headers["x-timestamp"]) - int(first.headers["x-timestamp"]) == 30


def test_refused_connections_end_in_unreachable(client: Client, gateway: Any, clock: Any) -> None:
    """Two repetitions by default, each after a wait."""
    gateway.lose(httpx.ConnectError, httpx.ConnectError, httpx.ConnectError)
    with pytest.raises(Unreachable) as failure:
        client.demos.get(7)
    assert not failure.value.applied
    assert "http://gateway.test" in str(failure.value)
    assert len(clock.slept) == 2
    assert gateway.received == []


def test_login_whose_answer_was_lost_is_not_repeated(gateway: Any, options: dict[str, Any]) -> None:
    """It has no Idempotency-Key: it may have opened a session."""
    gateway.lose(httpx.ReadTimeout)
    with pytest.raises(Unreachable):
        Client.login("http://gateway.test", "admin", "pw", **options)
    assert len(gateway.received) == 1


def test_login_that_never_left_is_repeated(gateway: Any, options: dict[str, Any]) -> None:
    """A refused connection applied nothing."""
    gateway.lose(httpx.ConnectError)
    gateway.reply({"session_id": 9, "user_id": 1, "token": "st_x", "secret": "s", "expires_at": "2026-01-01T12:00:00Z"})
    Client.login("http://gateway.test", "admin", "pw", **options).close()
    assert len(gateway.received) == 1


def test_skewed_clock_is_corrected_once(client: Client, gateway: Any, clock: Any) -> None:
    """401005 carries the server's time; the correction is kept for what follows."""
    gateway.now = lambda: clock.seconds + 4000
    gateway.reply(DEMO)
    gateway.reply(DEMO)
    client.demos.get(7)
    client.demos.get(7)
    assert len(gateway.received) == 3
    assert clock.slept == []


def test_clock_that_stays_wrong_ends_in_sign_expired(client: Client, gateway: Any) -> None:
    """A server that lies about its time must not be followed for ever."""
    for _ in range(5):
        gateway.reply({"server_time": 1_700_000_000}, code=401005)
    with pytest.raises(SignExpired):
        client.demos.get(7)
    assert len(gateway.received) == 2


def test_refusal_by_a_platform_that_forgot_its_nonces_is_sat_out(client: Client, gateway: Any, clock: Any) -> None:
    """The clocks agree, so only a later timestamp helps: at once it would be the same again."""
    gateway.reply({"server_time": int(clock.now())}, code=401005)
    gateway.reply(DEMO)
    client.demos.get(7)
    first, second = gateway.received
    assert clock.slept == [1]
    assert int(second.headers["x-timestamp"]) > int(first.headers["x-timestamp"])


@pytest.mark.parametrize("data", [None, {}, {"server_time": "now"}, {"server_time": True}, []])
def test_expiry_without_a_time_is_final(client: Client, gateway: Any, data: object) -> None:
    """There is nothing to learn from it."""
    gateway.reply(data, code=401005)
    with pytest.raises(SignExpired):
        client.demos.get(7)
    assert len(gateway.received) == 1


def test_bad_gateway_without_an_envelope_is_asked_again(client: Client, gateway: Any) -> None:
    """A proxy in front answers in its own words while the gateway restarts."""
    gateway.reply(code=502, raw=b"<html>Bad Gateway</html>")
    gateway.reply(DEMO)
    assert client.demos.get(7).demo_id == 7


@pytest.mark.parametrize("code", [400002, 401006, 403001, 404001, 409001, 412001, 500001])
def test_a_decided_refusal_is_final(client: Client, gateway: Any, code: int) -> None:
    """Asking again would get the same answer."""
    gateway.reply(code=code)
    with pytest.raises(SignetError):
        client.demos.get(7)
    assert len(gateway.received) == 1


def test_more_patience_than_a_minute_is_left_to_the_caller(client: Client, gateway: Any, clock: Any) -> None:
    """A program must not hang for an hour inside a call."""
    gateway.reply(code=429001, headers={"retry-after": "3600"})
    with pytest.raises(RateLimited) as refusal:
        client.demos.get(7)
    assert refusal.value.retry_after == 3600
    assert clock.slept == []


@pytest.mark.parametrize(
    ("header", "asked"),
    [("7", 7.0), ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0), ("soon", None), ("-1", None), ("٣", None)],
)
def test_retry_after_is_read_in_both_forms(gateway: Any, options: dict[str, Any], header: str, asked: Any) -> None:
    """RFC 9110 10.2.3: seconds, or a date; rubbish is as good as nothing."""
    gateway.reply(code=429001, headers={"retry-after": header} if header.isascii() else {})
    with Client("http://gateway.test", retries=0, **options) as client, pytest.raises(RateLimited) as refusal:
        client.sessions.create("admin", "pw")
    assert refusal.value.retry_after == asked


@pytest.mark.parametrize(
    ("error", "repeatable", "unrepeatable"),
    [
        (RateLimited(429001, ""), True, True),
        (Unreachable("", applied=False), True, True),
        (Unreachable("", applied=True), True, False),
        (Unavailable(503001, ""), True, False),
        (NonceReused(401015, ""), True, False),
        (AnswerInvalid("", http_status=502), True, False),
        (AnswerInvalid("", http_status=200), False, False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, SignetError) else None,
)
def test_what_may_have_been_applied_is_repeated_only_when_harmless(
    error: SignetError, repeatable: bool, unrepeatable: bool
) -> None:
    """The whole rule in one table."""
    policy = RetryPolicy(1)
    assert (policy.wait(error, sent=1, repeatable=True) is not None) == repeatable
    assert (policy.wait(error, sent=1, repeatable=False) is not None) == unrepeatable
    assert policy.wait(error, sent=2, repeatable=True) is None
