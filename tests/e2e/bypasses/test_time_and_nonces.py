"""A request is fresh and comes once, also when the gateway has been away, or its memory is.

Where others went wrong: timestamps that are parsed generously, nonces that are forgotten before their timestamps are
stale, remembered by each worker for itself, lost with a restart, or not checked while the store is down.
"""

import secrets
import sqlite3
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from signet_protocol.return_codes import ReturnCode
from signet_testing.attacker import Attacker
from signet_testing.eventually import eventually
from signet_testing.raw_http import RawRequest, send

pytestmark = pytest.mark.e2e

DEMOS = "/api/v1/demos"
PARAM_ERROR, SIGN_EXPIRED = ReturnCode.PARAM_ERROR, ReturnCode.SIGN_EXPIRED


def arabic(digits: str) -> str:
    return "".join(chr(0x660 + int(digit)) for digit in digits).encode().decode("latin-1")


def fullwidth(digits: str) -> str:
    return "".join(chr(0xFF10 + int(digit)) for digit in digits).encode().decode("latin-1")


def timestamps(seconds: int) -> dict[str, tuple[str, int]]:
    """Forms of a moment and what each is refused with. A test asks for its own moment: the suite runs for long."""
    now, date = str(seconds), time.gmtime(seconds)
    return {
        "a float": (f"{now}.0", PARAM_ERROR),
        "a comma": (f"{now},0", PARAM_ERROR),
        "an exponent": ("1.7e9", PARAM_ERROR),
        "negative": (f"-{now}", PARAM_ERROR),
        "with a plus": (f"+{now}", PARAM_ERROR),
        "padded with zeros": (f"0{now}", PARAM_ERROR),
        "padded inside": (f"{now} {now}", PARAM_ERROR),
        "underscored": (f"{now[:4]}_{now[4:]}", PARAM_ERROR),
        "hexadecimal": (hex(seconds), PARAM_ERROR),
        "in milliseconds": (f"{now}000", PARAM_ERROR),
        "in nanoseconds": (f"{now}000000000", PARAM_ERROR),
        "2^31": (str(2**31), SIGN_EXPIRED),
        "2^32 + now": (str(2**32 + seconds), SIGN_EXPIRED),
        "2^63 - 1": (str(2**63 - 1), PARAM_ERROR),
        "2^63": (str(2**63), PARAM_ERROR),
        "2^64 + now": (str(2**64 + seconds), PARAM_ERROR),
        "nines without end": ("9" * 400, PARAM_ERROR),
        "the last that fits": ("9999999999", SIGN_EXPIRED),
        "zero": ("0", PARAM_ERROR),
        "ten zeros": ("0000000000", PARAM_ERROR),
        "a date": (time.strftime("%Y-%m-%dT%H:%M:%SZ", date), PARAM_ERROR),
        "an AWS date": (time.strftime("%Y%m%dT%H%M%SZ", date), PARAM_ERROR),
        "a list": (f"{now}, {now}", PARAM_ERROR),
        "Arabic-Indic digits": (arabic(now), PARAM_ERROR),
        "fullwidth digits": (fullwidth(now), PARAM_ERROR),
        "NaN": ("NaN", PARAM_ERROR),
        "Infinity": ("Infinity", PARAM_ERROR),
        "now": ("now", PARAM_ERROR),
        "null": ("null", PARAM_ERROR),
        "301 seconds and more ago": (str(seconds - 310), SIGN_EXPIRED),
        "far ahead": (str(seconds + 1000), SIGN_EXPIRED),
    }


@pytest.mark.parametrize("what", timestamps(0))
def test_timestamp_in_any_but_the_one_form_is_refused_though_signed(stage: Any, what: str) -> None:
    """Class: generous number parsers: floats, signs, other scripts' digits, and numbers that wrap around."""
    text, code = timestamps(int(time.time()))[what]
    assert send(stage.port, stage.attacker.forge("GET", DEMOS, timestamp=text)).code == code


@pytest.mark.parametrize(
    "nonce",
    ["", "a" * 15, "a" * 65, "a" * 4000, "%61" * 10, "a" * 15 + "=", "a" * 15 + "é", "a" * 8 + " " + "a" * 8, "'" * 20],
)
def test_nonce_in_any_but_the_one_form_is_refused_though_signed(stage: Any, nonce: str) -> None:
    """Class: nonces that are cut, trimmed, folded or escaped before they are remembered, so two become one."""
    assert send(stage.port, stage.attacker.forge("GET", DEMOS, nonce=nonce)).code == PARAM_ERROR


def test_nonces_that_differ_in_case_alone_are_two(stage: Any) -> None:
    """Class: a store that compares without case lets others use up one's nonces, or forgets that it did not."""
    nonce = "AbCdEfGhIjKlMnOp" + secrets.token_hex(4).upper()
    requests = [stage.attacker.forge("GET", DEMOS, nonce=text) for text in (nonce, nonce.lower(), nonce)]
    codes = [send(stage.port, request).code for request in requests]
    assert codes == [ReturnCode.SUCCESS, ReturnCode.SUCCESS, ReturnCode.NONCE_REUSED]


def test_spent_nonce_does_not_work_for_another_request_either(stage: Any, loot: str) -> None:
    """Class: the nonce is remembered together with the request, or with its signature, instead of by itself."""
    nonce = secrets.token_hex(16)
    assert send(stage.port, stage.attacker.forge("GET", DEMOS, nonce=nonce)).code == ReturnCode.SUCCESS
    body = b'{"demo_name":"%b"}' % loot.encode()
    other = stage.attacker.forge("POST", DEMOS, body=body, nonce=nonce, timestamp=str(int(time.time()) + 60))
    assert send(stage.port, other).code == ReturnCode.NONCE_REUSED
    assert not stage.exists(loot)


def test_nonce_is_not_spent_by_whoever_cannot_sign(stage: Any) -> None:
    """Class: nonces are remembered before the signature has been checked, so anybody can spend those of others."""
    request = stage.victim.forge("GET", DEMOS)
    for spoilt in (request.with_header("X-Sign", "0" * 64), request.without_header("X-Sign")):
        send(stage.port, spoilt)
    assert send(stage.port, request).code == ReturnCode.SUCCESS


@pytest.mark.parametrize("ahead", [0, 150, 295])
def test_replay_is_refused_by_every_worker_and_wherever_in_the_window_it_is(stage: Any, ahead: int) -> None:
    """Class: a memory per worker, or one that lasts from the arrival instead of from the timestamp.

    What was stamped ahead of its time can be shown for longer, so it has to be remembered for longer. (What is older
    than the store itself is refused without being looked up.)
    """
    request = stage.attacker.forge("GET", DEMOS, timestamp=str(int(time.time()) + ahead))
    with ThreadPoolExecutor(8) as pool:
        codes = Counter(answer.code for answer in pool.map(lambda _: send(stage.port, request), range(24)))
    assert codes == {ReturnCode.SUCCESS: 1, ReturnCode.NONCE_REUSED: 23}


def store_of(stage: Any) -> Path:
    url = stage.platform.settings_of("gateway-web")["GATEWAY_NONCES_URL"]
    return Path("/" + unquote(url.removeprefix("sqlite:")).lstrip("/"))


def accepted(attacker: Attacker) -> RawRequest:
    """A request that has just been carried out, stamped as far ahead as is allowed: it would live longest."""

    def attempt() -> RawRequest | None:
        request = attacker.forge("GET", DEMOS, timestamp=str(int(time.time()) + 290), headers=[("Connection", "close")])
        return request if send(attacker.port, request).code == ReturnCode.SUCCESS else None

    request = eventually(attempt, 30, "an accepted request")
    assert request is not None
    return request


def answers_in_the_end(stage: Any, request: RawRequest) -> int:
    """The code of an answer that says more than that something is down for the moment."""
    passing = {ReturnCode.UPSTREAM_UNAVAILABLE}

    def ask() -> int:
        try:
            answer = send(stage.port, request)
        except ConnectionError:
            return 0
        return 0 if answer.status == 0 or answer.code in passing else answer.code

    return eventually(ask, 30, "an answer")


def test_no_request_is_let_through_while_the_store_is_locked(stage: Any, loot: str) -> None:
    """Class: fail open: a store that does not answer is taken for one that says yes."""
    request = stage.attacker.forge("POST", DEMOS, body=b'{"demo_name":"%b"}' % loot.encode())
    lock = sqlite3.connect(store_of(stage), isolation_level=None)
    try:
        lock.execute("BEGIN EXCLUSIVE")
        assert send(stage.port, request).code == ReturnCode.UPSTREAM_UNAVAILABLE
    finally:
        lock.close()
    assert not stage.exists(loot)
    assert answers_in_the_end(stage, request) == ReturnCode.SUCCESS


def test_replay_is_refused_after_the_gateway_was_killed(stage: Any) -> None:
    """Class: nonces are remembered in memory, so a crash makes every captured request of five minutes good again."""
    replays = [accepted(stage.attacker) for _ in range(3)]
    stage.platform.kill("gateway-web")
    codes = [answers_in_the_end(stage, request) for request in replays]
    assert set(codes) <= {ReturnCode.NONCE_REUSED, SIGN_EXPIRED}
    accepted(stage.attacker)


def test_replay_is_refused_after_the_store_was_lost(stage: Any) -> None:
    """Class: an empty store knows no nonce, so whoever makes it forget, or fails it over, may replay."""
    replays = [accepted(stage.attacker) for _ in range(3)]
    path = store_of(stage)
    for lost in path.parent.glob(f"{path.name}*"):
        if lost.is_file():
            lost.unlink()
    codes = [send(stage.port, request).code for request in replays * 2]
    assert not {ReturnCode.SUCCESS} & set(codes), codes
    stage.platform.kill("gateway-web")
    codes = [answers_in_the_end(stage, request) for request in replays]
    assert set(codes) <= {ReturnCode.NONCE_REUSED, SIGN_EXPIRED}
