"""The gateway's refusals become events, once each, and nobody else can write them."""

from typing import Any

import pytest

TARGET = "/internal/refusals"
SERVICE = {"authentication": "service", "user_id": None, "credential_id": "", "permission": "", "scope": ""}
REFUSED = {
    "return_code": 401006,
    "reason": "SignInvalid",
    "credential": "api_key/7",
    "proven": False,
    "client_ip": "192.0.2.9",
    "operation": "createDemo",
    "count": 17,
    "since": "2026-01-01T00:00:00+00:00",
    "until": "2026-01-01T00:00:01+00:00",
    "user_id": None,
    "request_id": "sample",
    "method": "POST",
    "target": "/api/v1/demos",
}


def report(api: Any, *refusals: dict[str, Any], **claims: Any) -> int:
    code: int = api.code("POST", TARGET, {"refusals": list(refusals)}, **{**SERVICE, **claims})
    return code


def test_a_refusal_becomes_an_event_of_nobody_proven(api: Any) -> None:
    """The credential that was named stands among the changes: its holder did not ask."""
    assert report(api, REFUSED) == 200
    (event,) = api.events("request.refused")
    actor, request, changes = (event["data"][name] for name in ("actor", "request", "changes"))
    assert (actor["user_id"], actor["credential_id"], actor["authentication"]) == (None, "", "none")
    assert (request["request_id"], request["client_ip"]) == ("sample", "192.0.2.9")
    assert (request["method"], request["target"]) == ("POST", "/api/v1/demos")
    assert changes["count"] == [None, 17]
    assert changes["credential"] == [None, "api_key/7"]
    assert changes["reason"] == [None, "SignInvalid"]
    assert changes["refused_operation"] == [None, "createDemo"]


def test_a_proven_caller_who_was_refused_is_named(api: Any) -> None:
    """Who tries what they may not do is what the audit log is asked about."""
    proven = REFUSED | {"proven": True, "user_id": 5, "reason": "ResourceCreateForbidden", "return_code": 403003}
    assert report(api, proven, REFUSED | {"proven": True, "credential": "session/9"}) == 200
    actors = [event["data"]["actor"] for event in api.events("request.refused")]
    assert [(actor["user_id"], actor["credential_id"], actor["authentication"]) for actor in actors] == [
        (5, "api_key/7", "api_key"),
        (None, "session/9", "token"),
    ]


def test_a_report_that_comes_twice_is_recorded_once(api: Any) -> None:
    """The gateway repeats it when it got no answer."""
    assert report(api, REFUSED, REFUSED, idempotency_key="refusals/1") == 200
    assert report(api, REFUSED, REFUSED, idempotency_key="refusals/1") == 200
    assert len(api.events("request.refused")) == 2


@pytest.mark.parametrize("claims", [{"authentication": "none"}, {"issuer": "scheduler"}])
def test_nobody_but_the_gateway_itself_reports_refusals(api: Any, claims: dict[str, str]) -> None:
    """A forged audit log is worse than none."""
    assert report(api, REFUSED, **claims) == 401016
    assert not api.events("request.refused")


@pytest.mark.parametrize(
    "wrong", [{"count": 0}, {"target": "x" * 257}, {"since": "yesterday"}, {"more": 1}, {"return_code": 200}]
)
def test_a_report_that_is_none_is_refused_as_a_whole(api: Any, wrong: dict[str, Any]) -> None:
    """All of it or nothing."""
    assert report(api, REFUSED, REFUSED | wrong) == 400002
    assert not api.events("request.refused")
