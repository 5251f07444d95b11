"""One resource has one path with one spelling: what the gateway authorises is, byte for byte, what the service serves.

Where others went wrong: the gateway matches the path as sent while the service decodes it, joins slashes, resolves dots
or cuts parameters off; or a proxy in between normalises what has been signed.
"""

from typing import Any

import pytest

from signet_protocol.return_codes import ReturnCode
from signet_testing.raw_http import send

pytestmark = pytest.mark.e2e

DEMOS = "/api/v1/demos"

# Every target is signed exactly as it is sent: only its spelling can be the reason of a refusal.
ECHOED = (
    *(
        "",
        "?",
        "?page=1",
        "?demo_name=%61",
        "?demo_name=%2e%2E%2f",
        "?demo_name=a%2Fb",
        "?demo_name=%5c",
        "?count=%74rue",
    ),
    *("?demo_name=a+b", "?demo_name=a%20b", "?demo_name=%2B", "?demo_name=//", "?demo_name=/../", "?demo_name=?"),
    *("?demo_name=;", "?demo_name=%25%36%31", "?demo_name=%E6%95%B0", "?demo_name=a:b@c", "?demo_name=~!$'()*,"),
    *('?demo_name="<>"', "?demo_name=\\{}|^`", "?demo_name=%22%3C", "?demo_name=a&page=1&per_page=2"),
)

MISSPELT = (
    *("//api/v1/demos", "/api//v1/demos", "/api/v1//demos", "/api/v1/demos//", "/api/v1/demos//1", "///"),
    *("/./api/v1/demos", "/api/./v1/demos", "/api/v1/demos/.", "/api/v1/demos/..", "/api/v1/audit/../demos"),
    *(
        "/api/v1/demos/../users",
        "/../api/v1/demos",
        "/api/v1/%2e%2e/v1/demos",
        "/api/v1/%2E/demos",
        "/api/v1/.%2e/demos",
    ),
    *("/%61pi/v1/demos", "/api/v1/%64emos", "/api/v1/demo%73", "/api/v1/demos/%31", "/api/v1/%64%65%6D%6F%73"),
    *("/api%2Fv1%2Fdemos", "/api%2fv1/demos", "/api/v1/demos%2F1", "/api/v1/demos%2f", "/api/v1/users%2F..%2Fdemos"),
    *("/api\\v1\\demos", "/api/v1/demos\\", "/api/v1/demos%5C", "/api/v1/demos%5c1", "/api/v1\\..\\v1/demos"),
    *("/api/v1/demos%00", "/api/v1/demos%00.json", "/api/v1/demos/1%00", "/api/v1/%00/demos"),
    *("/api/v1/demos%c0%af1", "/api/v1/%c0%ae%c0%ae/demos", "/api/v1/demos%", "/api/v1/demos%2", "/api/v1/demos%zz"),
    *(
        "/api/v1/demos%u0041",
        "/api/v1/demos%%31",
        "/api/v1/demos/%",
        "/api/v1/demos?demo_name=%",
        "/api/v1/demos?a=%u0061",
    ),
    *("/api/v1/demos#", "/api/v1/demos#x", "/api/v1/demos?page=1#x", "/api/v1/#/../demos", "/api/v1/{demo_id}"),
)

ELSEWHERE = (
    *(
        "/api/v1/demos/",
        "/api/v1/demos?/",
        "/API/v1/demos",
        "/Api/v1/demos",
        "/api/V1/demos",
        "/api/v1/Demos",
        "/api/v1",
    ),
    *("/api/v1/demos;", "/api/v1/demos;jsessionid=1", "/api/v1;x/demos", "/api/v1/..;/v1/demos", "/api;/v1/demos"),
    *(
        "/api/v1/demos%3B",
        "/api/v1/demos%3Fpage=1",
        "/api/v1/demos%23",
        "/api/v1/demos&",
        "/api/v1/demos=",
        "/api/v1/demos,",
    ),
    *(
        "/api/v1/demos%20",
        "/api/v1/demos%09",
        "/api/v1/demos%0A",
        "/api/v1/demos%0D%0A",
        "/api/v1/%20demos",
        "/api/v1/demos%7F",
    ),
    *(
        "/api/v1/demos%C0%AF1",
        "/api/v1/%C0%AE%C0%AE/demos",
        "/api/v1/%E0%80%AF",
        "/api/v1/demos%E2%88%95",
        "/api/v1/demos%EF%BC%8F1",
    ),
    *(
        "/api/v1/%2564emos",
        "/api/v1/demos%252F1",
        "/api/v1/%25%2E",
        "/api/v1/demos.json",
        "/api/v1/demos.",
        "/api/v1/demos~",
    ),
    *("/internal/grants", "/api/internal/grants", "/api/v1/..%3B/internal/grants", "/healthz/../internal/grants;"),
)

ODD_IDS = (
    *(
        "01",
        "+1",
        "-1",
        "1.0",
        "1.",
        "1;v=2",
        "1,2",
        "1%0A",
        "1%20",
        "%201",
        "1%09",
        "1%0D",
        "%D9%A1",
        "%EF%BC%91",
        "1%C2%B2",
    ),
    *("0x1", "1e0", "1_0", "1%C2%A0", "%C2%A01", "%E2%81%A11", "1.json", "1%3F", "1*", "*", "%2A", "1!", "(1)"),
)


def test_what_is_let_through_reaches_the_service_as_it_was_sent(stage: Any) -> None:
    """Class: a proxy or framework decodes or normalises between the check and the use.

    The echo is the target in the audit record, written by the service from what it saw itself.
    """
    targets = [f"{DEMOS}{query}" for query in ECHOED]
    answers = {target: send(stage.port, stage.attacker.forge("GET", target)) for target in targets}
    assert {target: answer.code for target, answer in answers.items()} == dict.fromkeys(targets, ReturnCode.SUCCESS)
    echoes = stage.echoes(list(answers.values()))
    seen = {target: echoes[answer.headers["X-Request-Id"]]["target"] for target, answer in answers.items()}
    assert seen == {target: target for target in targets}


@pytest.mark.parametrize("target", MISSPELT)
def test_second_spelling_of_a_path_is_refused_though_it_was_signed(stage: Any, target: str) -> None:
    """Class: `//`, dot segments, escaped slashes and letters, backslashes, NUL, overlong and broken escapes."""
    assert send(stage.port, stage.attacker.forge("GET", target)).code == ReturnCode.PARAM_ERROR


@pytest.mark.parametrize("target", ELSEWHERE)
def test_target_that_only_resembles_a_resource_is_another_one(stage: Any, target: str) -> None:
    """Class: matrix parameters, case folding, double decoding and look-alikes that the service maps to the resource."""
    answer = send(stage.port, stage.attacker.forge("GET", target))
    assert answer.code in {ReturnCode.RESOURCE_NOT_FOUND, ReturnCode.DATA_PARAM_ERROR, ReturnCode.PARAM_ERROR}


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_id_in_another_spelling_names_nothing(stage: Any, loot: str, method: str) -> None:
    """Class: numbers that compare equal once they are parsed, so that a rule on `/1` is passed with `/01`."""
    made = send(stage.port, stage.attacker.forge("POST", DEMOS, body=b'{"demo_name":"%b"}' % loot.encode()))
    demo_id = str(made.envelope["data"]["demo_id"])
    for odd in ODD_IDS:
        target = f"{DEMOS}/{odd.replace('1', demo_id)}"
        answer = send(stage.port, stage.attacker.forge(method, target))
        assert answer.code in {ReturnCode.RESOURCE_NOT_FOUND, ReturnCode.PARAM_ERROR}, target
    assert stage.exists(loot)


FORMS = (
    *("http://127.0.0.1/api/v1/demos", "https://127.0.0.1/api/v1/demos", "http://identity/internal/grants"),
    *("api/v1/demos", "*", "127.0.0.1:80", "?", "%2Fapi/v1/demos", "\\api/v1/demos", "@127.0.0.1/api/v1/demos"),
    *("/api/v1/demos http://x", "/api/v1/demos\t", "file:///api/v1/demos"),
)


@pytest.mark.parametrize("target", FORMS)
def test_target_in_another_form_is_refused(stage: Any, target: str) -> None:
    """Class: an absolute target overrides the host in one program and the path in another."""
    assert send(stage.port, stage.attacker.forge("GET", target)).status == 400


def test_bytes_outside_of_ascii_are_refused_in_a_target(stage: Any) -> None:
    """Class: raw UTF-8, latin-1 or control bytes that each program decodes as it likes."""
    for raw in ("\xe9", "\xc0\xaf", "\xef\xbc\x8f", "\x00", "\x01", "\x7f", "\x0b", "\xa0", "\x85"):
        for target in (f"/api/v1/demos{raw}", f"/api/v1/demos?demo_name={raw}"):
            request = stage.attacker.forge("GET", DEMOS)
            wire = request.wire().replace(b" /api/v1/demos ", b" " + target.encode("latin-1") + b" ", 1)
            assert send(stage.port, wire).status == 400, raw
