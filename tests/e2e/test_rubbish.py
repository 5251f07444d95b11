"""Rubbish of any kind gets an envelope that says what is wrong, and nothing breaks of it."""

import secrets
import time

import pytest

from signet_protocol.return_codes import ReturnCode
from signet_testing import rubbish
from signet_testing.platform import Platform
from signet_testing.raw_http import RawAnswer, RawRequest, send
from signet_testing.signed_api import RECORDS, SignedApi

pytestmark = pytest.mark.e2e

DEMOS = "/api/v1/demos"
SECURITY_HEADERS = ("X-Api-Key", "X-Timestamp", "X-Nonce", "X-Sign", "Authorization", "X-Key", "X-Key-Id")
SIGNED_HEADERS = ("Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "Range", "If-Range")
OTHER_HEADERS = (
    *("Accept", "Accept-Language", "Content-Encoding", "Cookie", "Expect", "Forwarded", "Host", "Origin", "Referer"),
    *("Connection", "Upgrade", "TE", "X-Content-SHA256", "X-Forwarded-For", "X-Forwarded-Proto", "X-Passport"),
    *("X-Request-Id", "traceparent", "tracestate", "Content-Length", "Transfer-Encoding", "X_Api_Key"),
)
LISTS = {
    DEMOS: ("page", "per_page", "count", "demo_name", "demo_state", "create_date_start", "create_date_end", "unknown"),
    "/api/v1/users": ("page", "count", "user_name", "user_state", "create_date_start", "unknown"),
    "/api/v1/api-keys": ("page", "per_page", "user_id"),
    RECORDS: ("page", "user_id", "resource", "object_id", "operation", "request_id", "time_start", "time_end", "x"),
}


@pytest.fixture(autouse=True, scope="module")
def nothing_breaks(platform: Platform) -> object:
    """Whatever came in: the same processes run, and none of them has a traceback to tell of."""
    before = platform.processes()
    yield
    assert platform.processes() == before
    told = {name: platform.log(name) for name in before}
    assert not [name for name, log in told.items() if "Traceback" in log], told


def assert_refused(answer: RawAnswer, sent: object) -> None:
    assert 400 <= answer.status < 500, (sent, answer)
    assert answer.code // 1000 == answer.status, (sent, answer)


@pytest.mark.parametrize("name", [*SECURITY_HEADERS, *SIGNED_HEADERS, *OTHER_HEADERS])
def test_rubbish_in_any_header_is_refused_or_ignored(platform: Platform, api: SignedApi, name: str) -> None:
    """Always an envelope, never a 5xx: what matters is refused, what does not is ignored."""
    for kind, value in rubbish.HEADER_VALUES.items():
        request = api.prepare("GET", f"{DEMOS}?per_page=1").with_header(name, value.decode("latin-1"))
        answer = send(platform.port, request)
        assert 200 <= answer.status < 500, (name, kind, answer)
        assert answer.code // 1000 == answer.status or answer.code == ReturnCode.SUCCESS, (name, kind, answer)
        if name in SECURITY_HEADERS:
            assert_refused(answer, kind)
        assert answer.headers["X-Request-Id"], (name, kind)


@pytest.mark.parametrize("name", SIGNED_HEADERS)
def test_rubbish_that_was_signed_is_no_better(api: SignedApi, name: str) -> None:
    """A signature proves who sent it, not that it makes sense."""
    for kind, value in rubbish.HEADER_VALUES.items():
        if value.strip() and value.isascii() and value.decode().isprintable() and len(value) < 8000:
            header = {name.replace("-", "_"): value.decode()}
            answer = api.call("PATCH", f"{DEMOS}/999999999", {"demo_name": "x"}, **header)
            assert_refused(answer, kind)


@pytest.mark.parametrize("target", LISTS)
def test_rubbish_in_any_parameter_is_refused_by_its_name(api: SignedApi, target: str) -> None:
    """What fits after all is a search like any other; the rest says which parameter it does not like."""
    for name in LISTS[target]:
        for text in rubbish.escaped_texts():
            answer = api.call("GET", f"{target}?{name}={text}")
            assert answer.code in {ReturnCode.SUCCESS, ReturnCode.DATA_PARAM_ERROR}, (name, text, answer)
            if answer.code == ReturnCode.DATA_PARAM_ERROR:
                assert name in {error["field"] for error in answer.envelope["data"]["errors"]}, (text, answer)


@pytest.mark.parametrize(
    "query", ["page=1&page=2", "%FF=1", "&&&", "=", "=1", "page", "page=1&&", "a[]=1", "?", "%00=1"]
)
def test_odd_query_is_refused(api: SignedApi, query: str) -> None:
    """Two programs that read such a query differently would disagree on what was asked."""
    assert_refused(api.call("GET", f"{DEMOS}?{query}"), query)


def test_rubbish_instead_of_an_id_is_no_resource(api: SignedApi) -> None:
    """An id has one spelling."""
    for text in rubbish.PATH_IDS:
        assert api.call("GET", f"{DEMOS}/{text}").code == ReturnCode.RESOURCE_NOT_FOUND, text


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "multipart/form-data; boundary=x"])
@pytest.mark.parametrize(
    ("method", "target"),
    [("POST", DEMOS), ("PATCH", f"{DEMOS}/1"), ("POST", "/api/v1/users"), ("PATCH", "/api/v1/users/1")],
)
def test_rubbish_in_a_body_is_refused(api: SignedApi, method: str, target: str, content_type: str) -> None:
    """By its field where there is one."""
    for body in rubbish.BODIES:
        answer = api.call(method, target, body, Content_Type=content_type)
        assert_refused(answer, body[:80])
        if answer.code == ReturnCode.DATA_PARAM_ERROR:
            assert answer.envelope["data"]["errors"], body[:80]


def test_rubbish_at_the_front_door_is_refused(platform: Platform) -> None:
    """Signing in is open to everybody."""
    for body in rubbish.BODIES:
        headers = (
            ("Content-Type", "application/json"),
            ("X-Timestamp", str(int(time.time()))),
            ("X-Nonce", secrets.token_hex(16)),
        )
        assert_refused(send(platform.port, RawRequest("POST", "/api/v1/sessions", headers, body)), body[:80])


def test_body_where_none_belongs_is_refused(api: SignedApi) -> None:
    """Rather than ignored: the client meant something by it."""
    assert_refused(api.call("GET", DEMOS, {"demo_name": "x"}), "GET")
    assert_refused(api.call("DELETE", f"{DEMOS}/1", {"demo_name": "x"}), "DELETE")


@pytest.mark.parametrize("seed", range(4))
def test_mutilated_requests_never_break_anything(platform: Platform, api: SignedApi, seed: int) -> None:
    """Flipped, lost and doubled bytes; where framing is hit, the connection may end without an answer."""
    requests = [
        api.prepare("GET", f"{DEMOS}?per_page=1"),
        api.prepare("POST", DEMOS, {"demo_name": f"m{secrets.token_hex(4)}"}, Idempotency_Key="k"),
    ]
    for request in requests:
        for wire in rubbish.mutations(request.wire(), 60, seed):
            answer = send(platform.port, wire, half_close=True)
            assert answer.status < 500, (wire, answer)
            if answer.status and wire.split(b" ", 2)[1:2] == [request.target.encode()]:
                assert answer.code // 1000 == answer.status or answer.code == ReturnCode.SUCCESS, (wire, answer)
