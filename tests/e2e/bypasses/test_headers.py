"""Headers that decide stand there once, in one spelling, and nobody but the gateway says who is calling."""

from dataclasses import replace
from typing import Any

import pytest

from signet_protocol.return_codes import ReturnCode
from signet_testing.attacker import head
from signet_testing.raw_http import RawRequest, send

pytestmark = pytest.mark.e2e

DEMOS = "/api/v1/demos"
DECIDING = ("X-Api-Key", "X-Timestamp", "X-Nonce", "X-Sign")


def value_of(request: RawRequest, name: str) -> str:
    return dict(request.headers)[name]


@pytest.mark.parametrize("name", DECIDING)
def test_security_header_that_is_there_twice_is_refused(stage: Any, name: str) -> None:
    """Class: two parsers, of which one takes the first header and the other the last, or both joined with a comma."""
    request = stage.attacker.forge("GET", DEMOS)
    right = value_of(request, name)
    for other in (right, "0" * len(right), ""):
        for spelling in (name, name.lower(), name.upper(), name.swapcase()):
            second = (spelling, other)
            for headers in ((*request.headers, second), (second, *request.headers)):
                assert send(stage.port, replace(request, headers=headers)).code == ReturnCode.PARAM_ERROR, second


@pytest.mark.parametrize("name", DECIDING)
def test_security_header_in_another_case_is_the_same_header(stage: Any, name: str) -> None:
    """Class: names compared with their case, so that `x-sign` is no signature and `X-SIGN` a second one."""
    request = stage.attacker.forge("GET", DEMOS)
    renamed = request.without_header(name).with_header(name.swapcase(), value_of(request, name))
    assert send(stage.port, renamed).code == ReturnCode.SUCCESS


@pytest.mark.parametrize("name", DECIDING)
def test_underscore_is_not_a_hyphen(stage: Any, name: str) -> None:
    """Class: CGI turns X_Sign and X-Sign into one variable, and the proxy in front checks only one of them."""
    request = stage.attacker.forge("GET", DEMOS)
    alias = (name.replace("-", "_"), value_of(request, name))
    for headers in ((*request.headers, alias), (alias, *request.without_header(name).headers)):
        assert send(stage.port, replace(request, headers=headers)).code == ReturnCode.PARAM_ERROR


STRANGE_LINES = {
    "folded with a space": b"%b:\r\n %b",
    "folded with a tab": b"%b:\r\n\t%b",
    "space before the colon": b"%b : %b",
    "tab before the colon": b"%b\t: %b",
    "space before the name": b" %b: %b",
    "bare carriage return": b"X-A: b\r%b: %b",
    "NUL in the name": b"%b\x00: %b",
    "NUL in front of the value": b"%b: \x00%b",
    "vertical tab": b"%b:\x0b%b",
    "non-ASCII space": b"%b: \xc2\xa0%b",
    "byte order mark": b"\xef\xbb\xbf%b: %b",
    "empty": b"%b:",
}


@pytest.mark.parametrize("name", DECIDING)
@pytest.mark.parametrize("how", STRANGE_LINES)
def test_security_header_on_a_strange_line_is_refused(stage: Any, name: str, how: str) -> None:
    """Class: obs-fold, white space and control characters that one parser repairs and another does not see."""
    request = stage.attacker.forge("GET", DEMOS)
    parts = (name.encode(), value_of(request, name).encode())
    line = STRANGE_LINES[how]
    wire = head(request.without_header(name), line % parts[: line.count(b"%b")])
    assert send(stage.port, wire).code == ReturnCode.PARAM_ERROR


def test_bare_line_feed_hides_no_header(stage: Any) -> None:
    """Class: one parser ends a line at LF and another does not, so a header is there for only one of them.

    nginx ends it there, as RFC 9112 (2.2) allows, and says so to the gateway in so many lines: then it counts.
    """
    request = stage.attacker.forge("GET", DEMOS)
    hidden = b"X-A: b\nX-Sign: " + value_of(request, "X-Sign").encode()
    alone = send(stage.port, head(request.without_header("X-Sign"), hidden))
    assert alone.code in {ReturnCode.SUCCESS, ReturnCode.PARAM_ERROR}
    beside = send(stage.port, head(stage.attacker.forge("GET", DEMOS), hidden))
    assert beside.code == ReturnCode.PARAM_ERROR


@pytest.mark.parametrize("value", ["é", "０", "٠", "\u00a0", "\x7f", "\x01"])
@pytest.mark.parametrize("name", DECIDING)
def test_security_header_that_is_not_printable_ascii_is_refused(stage: Any, name: str, value: str) -> None:
    """Class: bytes that turn into other characters on the way, so that the text checked is not the text used."""
    request = stage.attacker.forge("GET", DEMOS)
    spoilt = request.with_header(name, (value_of(request, name) + value).encode().decode("latin-1"))
    assert send(stage.port, spoilt).code == ReturnCode.PARAM_ERROR


OVERRIDES = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Original-Method")


@pytest.mark.parametrize("name", OVERRIDES)
def test_method_override_is_not_heeded(stage: Any, loot: str, name: str) -> None:
    """Class: the gateway authorises the method on the request line, the framework executes the one in a header."""
    made = send(stage.port, stage.attacker.forge("POST", DEMOS, body=b'{"demo_name":"%b"}' % loot.encode()))
    target = f"{DEMOS}/{made.envelope['data']['demo_id']}"
    read = send(stage.port, stage.attacker.forge("GET", target).with_header(name, "DELETE"))
    change = stage.attacker.forge("POST", target, body=b'{"demo_state":"inactive"}').with_header(name, "DELETE")
    changed = send(stage.port, change)
    assert (read.code, changed.code) == (ReturnCode.SUCCESS, ReturnCode.SUCCESS)
    assert stage.record(read)["operation"] == "query"
    assert (stage.record(changed)["operation"], stage.record(changed)["method"]) == ("update", "POST")
    assert stage.exists(loot)


def test_method_override_in_the_query_or_a_form_is_refused(stage: Any) -> None:
    """Class: the same, by a parameter that nobody thinks of as a method."""
    for query in ("_method=DELETE", "method=DELETE", "X-HTTP-Method-Override=DELETE", "_httpmethod=DELETE"):
        answer = send(stage.port, stage.attacker.forge("GET", f"{DEMOS}?{query}"))
        assert answer.code == ReturnCode.DATA_PARAM_ERROR
    form = stage.attacker.forge(
        "POST", DEMOS, body=b"_method=DELETE", headers=[("Content-Type", "application/x-www-form-urlencoded")]
    )
    assert send(stage.port, form).code in {ReturnCode.MEDIA_TYPE_UNSUPPORTED, ReturnCode.DATA_PARAM_ERROR}


CLAIMS = {
    **dict.fromkeys(("X-User-Id", "X-User", "X-Auth-User-Id", "X-Authenticated-Userid", "X-Consumer-Id"), "1"),
    **dict.fromkeys(
        ("X-User-Name", "X-Forwarded-User", "Remote-User", "X-Remote-User", "X-Consumer-Username"), "admin"
    ),
    **dict.fromkeys(("X-Roles", "X-User-Roles", "X-Groups", "X-Permissions", "X-Scope"), "administrator"),
    **dict.fromkeys(("X-Request-Id", "X-Correlation-Id"), "0" * 32),
    **dict.fromkeys(("X-Original-URL", "X-Rewrite-URL", "X-Original-URI", "X-Forwarded-Uri"), "/api/v1/audit/records"),
    **dict.fromkeys(("X-Forwarded-Prefix", "X-Script-Name", "X-Forwarded-Path"), "/api/v1/users"),
    **dict.fromkeys(
        ("X-Real-IP", "X-Client-IP", "True-Client-IP", "CF-Connecting-IP", "X-Cluster-Client-IP"), "6.6.6.6"
    ),
    "X-Forwarded-For": "6.6.6.6, 127.0.0.1",
    "Forwarded": "for=6.6.6.6;host=identity;proto=https",
    "X-Forwarded-Host": "identity",
    "X-Forwarded-Proto": "https",
    "X-Passport": "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.",
    "Proxy-Authorization": "Basic YWRtaW46YWRtaW4=",
    "Cookie": "session=st_admin; token=st_admin",
}


def test_nobody_becomes_somebody_else_by_a_header(stage: Any) -> None:
    """Class: identity headers meant for the inside are believed when they come from the outside.

    The echo is the audit record: who called, from where, and for what, as the service itself saw it. The attacker
    comes from an address that no proxy has.
    """
    plain = stage.attacker.forge("GET", f"{DEMOS}?per_page=1", headers=[("Connection", "close")])
    target = plain.target
    answers = {}
    for name, value in CLAIMS.items():
        request = stage.attacker.forge("GET", target, headers=[(name, value), ("Connection", "close")])
        answers[name] = send(stage.port, request, source="127.0.0.66")
    assert {name: answer.code for name, answer in answers.items()} == dict.fromkeys(CLAIMS, ReturnCode.SUCCESS)
    echoes = stage.echoes(list(answers.values()))
    for name, answer in answers.items():
        seen = echoes[answer.headers["X-Request-Id"]]
        assert answer.headers["X-Request-Id"] != "0" * 32, name
        assert (seen["target"], seen["method"], seen["client_ip"]) == (target, "GET", "127.0.0.66"), name
        assert (seen["actor"]["user_id"], seen["service"]) == (stage.person.user_id, "resources"), name


HOP_BY_HOP = ("X-Sign", "X-Api-Key", "X-Timestamp", "X-Passport", "X-Request-Id", "X-Forwarded-For", "Content-Length")


@pytest.mark.parametrize("named", HOP_BY_HOP)
def test_connection_header_does_not_make_others_disappear(stage: Any, named: str) -> None:
    """Class: headers named in `Connection` are dropped on the way, and with them what the next one relies on."""
    request = stage.attacker.forge("GET", DEMOS, headers=[("Connection", f"close, {named}")])
    answer = send(stage.port, request, source="127.0.0.66")
    assert answer.code == ReturnCode.SUCCESS
    assert stage.record(answer)["client_ip"] == "127.0.0.66"
    unsigned = replace(request, headers=(("Connection", f"close, {named}"),))
    assert send(stage.port, unsigned).code == ReturnCode.AUTH_PARAMS_REQUIRED


@pytest.mark.parametrize("host", ["identity", "127.0.0.1:1", "localhost", "[::1]", "resources:80"])
def test_host_header_does_not_choose_the_service(stage: Any, host: str) -> None:
    """Class: routing by a header that the client writes."""
    answer = send(stage.port, stage.attacker.forge("GET", DEMOS, headers=[("Host", host), ("Connection", "close")]))
    assert answer.code == ReturnCode.SUCCESS
    assert stage.record(answer)["service"] == "resources"
    inside = stage.attacker.forge("POST", "/internal/grants", body=b"{}", headers=[("Host", host)])
    assert send(stage.port, inside).code == ReturnCode.RESOURCE_NOT_FOUND
