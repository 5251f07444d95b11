"""What the service refuses by itself, whatever the gateway did: each refusal names its field, none is a 500."""

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from signet_common.passport import Passport, PassportIssuer

CREATE = "/api/v1/demos"


def test_nothing_is_answered_without_a_passport(sqlite_api: Any) -> None:
    for path in (CREATE, "/api/v1/demos/1", "/nowhere", "/"):
        answer = sqlite_api.client.get(path, headers={"X-User-Id": "1", "X-Forwarded-User": "admin"})
        assert (answer.status_code, answer.json["return_code"]) == (401, 401016)


def test_health_needs_no_passport(sqlite_api: Any) -> None:
    assert sqlite_api.client.get("/healthz").json == {"status": "alive"}
    ready = sqlite_api.client.get("/readyz").json
    assert ready["status"] == "ready"
    assert ready["checks"]["outbox"]["detail"].startswith("pending=0")


@pytest.mark.parametrize(
    "claims",
    [
        {"permission": "demo:query"},
        {"permission": ""},
        {"scope": ""},
        {"user_id": None},
        {"target": "/api/v1/demos?page=2"},
        {"method": "GET"},
        {"body_sha256": "0" * 64},
        {"audience": "audit"},
    ],
)
def test_a_passport_for_anything_else_is_refused(sqlite_api: Any, claims: dict[str, Any]) -> None:
    assert bent(sqlite_api, {}).json["return_code"] == 200, "unbent it is accepted, so the bend is what is refused"
    assert bent(sqlite_api, claims).json["return_code"] == 401016


def bent(api: Any, claims: dict[str, Any]) -> Any:
    """A call whose passport says something else than the call does; it is signed with the right key all the same."""
    body = b'{"demo_name":"x"}'
    passport = Passport(
        issuer="gateway",
        audience="resources",
        request_id="r",
        method="POST",
        target=CREATE,
        body_sha256=hashlib.sha256(body).hexdigest(),
        user_id=7,
        authentication="api_key",
        request_digest="d" * 64,
        permission="demo:create",
        scope="any",
    )
    said = replace(passport, **claims)
    token = PassportIssuer("gateway", {said.audience: {"k1": b"g" * 32}}).issue(said)
    return api.client.post(CREATE, data=body, headers={"X-Passport": token, "Content-Type": "application/json"})


def test_an_unsigned_request_is_refused_even_with_a_passport(sqlite_api: Any) -> None:
    answer = sqlite_api.call("POST", CREATE, {"demo_name": "x"}, request_digest="")
    assert answer.json["return_code"] == 401004


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"{", "body"),
        (b"\xff\xfe", "body"),
        (b"[]", "body"),
        (b"null", "body"),
        (b"{}", "demo_name"),
        (b'{"demo_name":1}', "demo_name"),
        (b'{"demo_name":null}', "demo_name"),
        (b'{"demo_name":""}', "demo_name"),
        (b'{"demo_name":"a\\u0000b"}', "demo_name"),
        (b'{"demo_name":"\\ud800"}', "body"),
        (b'{"demo_name":"0123456789abcdef"}', "demo_name"),
        (b'{"demo_name":"x","demo_state":"gone"}', "demo_state"),
        (b'{"demo_name":"x","admin":true}', "admin"),
        (b'{"demo_name":"x","\\u6570":1}', "\\u6570"),
        (b"[" * 100_000, "body"),
    ],
)
def test_a_bad_body_is_refused_by_name(sqlite_api: Any, body: bytes, field: str) -> None:
    answer = sqlite_api.call("POST", CREATE, body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json["return_code"]) == (400, 400002)
    assert [error["field"] for error in answer.json["data"]["errors"]] == [field]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("page=0", "page"),
        ("page=1.0", "page"),
        ("page=01", "page"),
        ("page=%2B1", "page"),
        ("page=1_0", "page"),
        ("page=", "page"),
        ("page=99999999999999999999999", "page"),
        ("per_page=101", "per_page"),
        ("count=1", "count"),
        ("demo_state=off", "demo_state"),
        ("demo_name=%00", "demo_name"),
        ("demo_name=%FF", "demo_name"),
        ("create_date_start=2026-02-30", "create_date_start"),
        ("create_date_start=0", "create_date_start"),
        ("create_date_end=20260101", "create_date_end"),
        ("page=1&page=2", "page"),
        ("unknown=1", "unknown"),
        ("%FF=1", "query"),
    ],
)
def test_a_bad_parameter_is_refused_by_name(sqlite_api: Any, query: str, field: str) -> None:
    answer = sqlite_api.call("GET", f"{CREATE}?{query}")
    assert (answer.status_code, answer.json["return_code"]) == (400, 400002)
    assert answer.json["data"]["errors"][0]["field"] == field


def test_values_are_never_repeated(sqlite_api: Any) -> None:
    """A refusal that echoes its input is a place to put a script or to read a secret back."""
    answer = sqlite_api.call("POST", CREATE, {"demo_name": "<script>alert(1)</script>", "demo_state": "hunter2"})
    assert "script" not in answer.text
    assert "hunter2" not in answer.text


def test_another_media_type_is_refused(sqlite_api: Any) -> None:
    for content_type in ("text/plain", "application/json; charset=latin-1", "application/jsonx"):
        answer = sqlite_api.call("POST", CREATE, {"demo_name": "x"}, headers={"Content-Type": content_type})
        assert answer.json["return_code"] == 415001


def test_what_an_operation_does_not_take_is_refused(sqlite_api: Any) -> None:
    path = f"{CREATE}/{sqlite_api.create('x')['demo_id']}"
    assert sqlite_api.call("GET", f"{path}?verbose=1").json["data"]["errors"][0]["field"] == "verbose"
    assert sqlite_api.call("DELETE", path, {"x": 1}).json["data"]["errors"][0]["field"] == "body"
    assert sqlite_api.call("PATCH", path, {}).json["return_code"] == 400002


@pytest.mark.parametrize("demo_id", ["0", "01", "-1", "1.0", "x", "9007199254740992", "9" * 40, "1/"])
def test_an_id_that_is_none_is_not_found(sqlite_api: Any, demo_id: str) -> None:
    assert sqlite_api.call("GET", f"{CREATE}/{demo_id}").json["return_code"] == 404001


def test_a_method_that_is_none_is_named(sqlite_api: Any) -> None:
    answer = sqlite_api.call("PUT", CREATE, permission="demo:update")
    assert answer.json["return_code"] == 405001
    assert set(answer.headers["Allow"].split(", ")) >= {"GET", "POST"}


@pytest.mark.parametrize("tag", ["1", '"', '"1" "2"', '"1",', "x" * 3000])
def test_a_condition_that_is_none_is_refused(sqlite_api: Any, tag: str) -> None:
    path = f"{CREATE}/{sqlite_api.create('x')['demo_id']}"
    assert sqlite_api.call("DELETE", path, headers={"If-Match": tag}).json["return_code"] == 400001
