"""Whatever is wrong with a request has a return code of its own, and nothing that is refused has any effect.

One example for each; what attackers make of them stands in `bypasses`.
"""

import secrets
import time
from collections.abc import Callable

import pytest

from signet import ApiKeyCredential, Client, TokenCredential
from signet_protocol.return_codes import ReturnCode
from signet_testing.eventually import eventually
from signet_testing.platform import Platform
from signet_testing.raw_http import RawRequest, send, signed
from signet_testing.signed_api import SignedApi

pytestmark = pytest.mark.e2e

DEMOS = "/api/v1/demos"
Spoil = Callable[[RawRequest], RawRequest]


def a_read(api: SignedApi) -> RawRequest:
    return api.prepare("GET", f"{DEMOS}?page=1&per_page=2")


def a_change(api: SignedApi) -> RawRequest:
    """Nothing of it may arrive: the name is looked for afterwards."""
    return api.prepare("POST", DEMOS, {"demo_name": f"r{secrets.token_hex(6)}"}, Idempotency_Key=secrets.token_hex(8))


def altered(**parts: object) -> Spoil:
    return lambda request: RawRequest(
        **{"method": request.method, "target": request.target, "headers": request.headers, "body": request.body} | parts  # type: ignore[arg-type]
    )


def header(name: str, value: str) -> Spoil:
    return lambda request: request.with_header(name, value)


def missing(name: str) -> Spoil:
    return lambda request: request.without_header(name)


def a_moment_older(request: RawRequest) -> RawRequest:
    return request.with_header("X-Timestamp", str(int(dict(request.headers)["X-Timestamp"]) - 1))


SPOILT_READS: dict[str, tuple[Spoil, ReturnCode]] = {
    "forged signature": (header("X-Sign", "0" * 64), ReturnCode.SIGN_INVALID),
    "upper-case signature": (header("X-Sign", "A" * 64), ReturnCode.SIGN_INVALID),
    "altered method": (altered(method="HEAD"), ReturnCode.SIGN_INVALID),
    "added If-None-Match": (header("If-None-Match", '"1"'), ReturnCode.SIGN_INVALID),
    "added Range": (header("Range", "bytes=0-0"), ReturnCode.SIGN_INVALID),
    "another nonce": (header("X-Nonce", "another-nonce-0000000"), ReturnCode.SIGN_INVALID),
    "another timestamp": (a_moment_older, ReturnCode.SIGN_INVALID),
    "unknown key": (header("X-Api-Key", "ak_nobodyhasthisone"), ReturnCode.SIGN_INVALID),
    "no timestamp": (missing("X-Timestamp"), ReturnCode.TIMESTAMP_REQUIRED),
    "no nonce": (missing("X-Nonce"), ReturnCode.NONCE_REQUIRED),
    "no signature": (missing("X-Sign"), ReturnCode.SIGN_REQUIRED),
    "no credential": (missing("X-Api-Key"), ReturnCode.AUTH_PARAMS_REQUIRED),
    "two credentials": (header("Authorization", "Bearer st_abc"), ReturnCode.PARAM_ERROR),
    "short nonce": (header("X-Nonce", "short"), ReturnCode.PARAM_ERROR),
    "timestamp in milliseconds": (header("X-Timestamp", "1767225600000"), ReturnCode.PARAM_ERROR),
    "empty nonce": (header("X-Nonce", ""), ReturnCode.PARAM_ERROR),
    "sealing key": (header("X-Key", "AAAA"), ReturnCode.SEAL_INVALID),
    "digest of a stream": (header("X-Content-SHA256", "0" * 64), ReturnCode.PARAM_ERROR),
    "content encoding": (header("Content-Encoding", "gzip"), ReturnCode.MEDIA_TYPE_UNSUPPORTED),
    "dot segment": (altered(target="/api/v1/users/../demos"), ReturnCode.PARAM_ERROR),
    "unknown path": (altered(target="/api/v1/nothing"), ReturnCode.RESOURCE_NOT_FOUND),
    "trailing slash": (altered(target=f"{DEMOS}/"), ReturnCode.RESOURCE_NOT_FOUND),
    "internal path": (altered(method="POST", target="/internal/grants"), ReturnCode.RESOURCE_NOT_FOUND),
    "unknown method": (altered(method="PUT"), ReturnCode.METHOD_NOT_ALLOWED),
}

SPOILT_CHANGES: dict[str, tuple[Spoil, ReturnCode]] = {
    "altered body": (lambda r: altered(body=r.body.replace(b"r", b"q", 1))(r), ReturnCode.SIGN_INVALID),
    "body taken away": (altered(body=b""), ReturnCode.SIGN_INVALID),
    "altered Idempotency-Key": (header("Idempotency-Key", "another"), ReturnCode.SIGN_INVALID),
    "Idempotency-Key taken away": (missing("Idempotency-Key"), ReturnCode.SIGN_INVALID),
    "added If-Match": (header("If-Match", "*"), ReturnCode.SIGN_INVALID),
    "altered Content-Type": (header("Content-Type", "application/json;charset=utf-8"), ReturnCode.SIGN_INVALID),
    "too large": (altered(body=b" " * 1_048_577), ReturnCode.BODY_TOO_LARGE),
}


@pytest.mark.parametrize("what", SPOILT_READS)
def test_spoilt_read_is_refused_with_its_own_code(platform: Platform, api: SignedApi, what: str) -> None:
    """A client has to learn from the code alone what it did wrong."""
    spoil, code = SPOILT_READS[what]
    request = spoil(a_read(api))
    answer = send(platform.port, request)
    assert answer.status == code.http_status
    assert request.method == "HEAD" or answer.code == code
    assert answer.headers["X-Request-Id"]


@pytest.mark.parametrize("what", SPOILT_CHANGES)
def test_spoilt_change_is_refused_and_changes_nothing(platform: Platform, api: SignedApi, what: str) -> None:
    """What was signed is what happens, or nothing does."""
    spoil, code = SPOILT_CHANGES[what]
    untouched = a_change(api)
    assert send(platform.port, spoil(untouched)).code == code
    assert send(platform.port, untouched).code == ReturnCode.SUCCESS, "the nonce of another was spent"


@pytest.mark.parametrize("seconds", [-400, 400])
def test_request_of_another_time_is_refused_with_the_time_here(
    platform: Platform, api: SignedApi, seconds: int
) -> None:
    """A recorded request must not live on; a client whose clock is wrong has to be able to find out."""
    answer = send(platform.port, signed(api.credential, "GET", DEMOS, timestamp=int(time.time()) + seconds))
    assert answer.code == ReturnCode.SIGN_EXPIRED
    assert abs(answer.envelope["data"]["server_time"] - time.time()) < 30


def test_replay_is_refused(platform: Platform, api: SignedApi) -> None:
    """Whoever listens on the way has a request that is worth nothing any more."""
    request = a_read(api)
    answers = [send(platform.port, request).code for _ in range(7)]
    assert answers == [ReturnCode.SUCCESS] + [ReturnCode.NONCE_REUSED] * 6


def test_secret_of_another_does_not_sign(api: SignedApi) -> None:
    """Knowing somebody's key is not enough."""
    forger = api.as_(ApiKeyCredential(api.credential.identifier, secrets.token_urlsafe(32)))
    assert forger.call("GET", DEMOS).code == ReturnCode.SIGN_INVALID


def test_unknown_token_and_ended_session_are_refused(platform: Platform, api: SignedApi) -> None:
    """Signing out is not a matter of forgetting."""
    first = platform.first_run
    stranger = api.as_(TokenCredential("st_" + secrets.token_urlsafe(32), "secret"))
    assert stranger.call("GET", DEMOS).code == ReturnCode.TOKEN_INVALID
    with Client.login(platform.url, first.user_name, first.password) as session:
        assert session.credential is not None
        signed_in = api.as_(session.credential)
        assert signed_in.call("GET", DEMOS).code == ReturnCode.SUCCESS
        session.sessions.end_current()
    # The worker that ended it hears of it as all others do: over the bus.
    eventually(lambda: signed_in.call("GET", DEMOS).code == ReturnCode.TOKEN_INVALID, what="the end of the session")


def test_basic_authentication_is_not_a_token(api: SignedApi) -> None:
    """The code says which credential is expected."""
    request = RawRequest("GET", DEMOS, (("Authorization", "Basic YWRtaW46YWRtaW4="),))
    assert send(api.port, request).code == ReturnCode.TOKEN_REQUIRED


def test_sign_in_with_wrong_password_or_unknown_login_looks_the_same(platform: Platform) -> None:
    """Nobody learns which accounts exist."""
    answers = []
    for login in (platform.first_run.user_name, "nobody-of-this-name"):
        body = f'{{"login":"{login}","password":"not the password"}}'.encode()
        headers = (
            ("Content-Type", "application/json"),
            ("X-Timestamp", str(int(time.time()))),
            ("X-Nonce", secrets.token_hex(16)),
        )
        answers.append(send(platform.port, RawRequest("POST", "/api/v1/sessions", headers, body)).envelope)
    assert answers[0] == answers[1]
    assert answers[0]["return_code"] == ReturnCode.CREDENTIALS_INVALID
