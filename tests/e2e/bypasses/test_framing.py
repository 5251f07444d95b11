"""Where a request ends is never in doubt, so nothing can hide behind its end.

Where others went wrong: proxy and server disagree on the length of a body, and what one takes for its rest is the next
request to the other, on a connection that somebody else's request shares. Whatever is smuggled here is signed properly:
only that it was smuggled keeps it from being carried out.
"""

import json
from typing import Any

import pytest

from signet_protocol.return_codes import ReturnCode
from signet_testing.attacker import Attacker, chunked, head
from signet_testing.raw_http import RawRequest

pytestmark = pytest.mark.e2e

DEMOS = "/api/v1/demos"
CHUNKED = b"Transfer-Encoding: chunked"


def creating(attacker: Attacker, name: str, **options: Any) -> RawRequest:
    return attacker.forge("POST", DEMOS, body=json.dumps({"demo_name": name}).encode(), **options)


def smuggled(attacker: Attacker, name: str) -> bytes:
    return creating(attacker, name, headers=[("Connection", "close")]).wire()


def assert_not_carried_out(stage: Any, name: str, answers: list[Any]) -> None:
    """Exactly the refusal came back, nothing of the hidden request, and it changed nothing for anybody."""
    assert len(answers) == 1, answers
    assert 400 <= answers[0].status < 500, answers
    assert not stage.exists(name)
    stage.assert_nothing_lingers()


OBFUSCATED = {
    "plain": b"Transfer-Encoding: chunked",
    "unknown coding": b"Transfer-Encoding: xchunked",
    "space before the colon": b"Transfer-Encoding : chunked",
    "folded": b"Transfer-Encoding:\r\n chunked",
    "folded behind another": b"X-A: b\r\n Transfer-Encoding: chunked",
    "vertical tab": b"Transfer-Encoding: \x0bchunked",
    "form feed": b"Transfer-Encoding:\x0cchunked",
    "NUL": b"Transfer-Encoding: chunked\x00",
    "quoted": b'Transfer-Encoding: "chunked"',
    "twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    "twice, then identity": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    "twice, then rubbish": b"Transfer-Encoding: chunked\r\ntransfer-encoding: x",
    "a list": b"Transfer-Encoding: identity, chunked",
    "a list with an empty part": b"Transfer-Encoding: chunked,",
    "chunked not last": b"Transfer-Encoding: chunked, identity",
    "compressed": b"Transfer-Encoding: gzip, chunked",
    "a parameter": b"Transfer-Encoding: chunked;q=1",
    "latin-1": b"Transfer-Encoding: chunke\xe4",
    "control character in the name": b"Transfer-\x01Encoding: chunked",
    "bare carriage return": b"X: y\rTransfer-Encoding: chunked",
}


@pytest.mark.parametrize("how", OBFUSCATED)
def test_length_with_a_transfer_coding_smuggles_nothing(stage: Any, loot: str, how: str) -> None:
    """Class: CL.TE, TE.CL and TE.TE: one side goes by Content-Length, the other by a coding that the first missed."""
    hidden = smuggled(stage.attacker, loot)
    outer = creating(stage.attacker, "harmless")
    by_length = b"0\r\n\r\n" + hidden
    cl_te = head(outer, b"Content-Length: %d" % len(by_length), OBFUSCATED[how]) + by_length
    assert_not_carried_out(stage, loot, stage.attacker.converse(cl_te))
    te_cl = head(outer, OBFUSCATED[how], b"Content-Length: 4") + chunked(hidden)
    assert_not_carried_out(stage, loot, stage.attacker.converse(te_cl))


LENGTHS = {
    "two": b"Content-Length: 0\r\nContent-Length: %d",
    "two in another case": b"Content-Length: 0\r\ncontent-length: %d",
    "two alike": b"Content-Length: %d\r\nContent-Length: 0",
    "a list": b"Content-Length: %d, 0",
    "a plus": b"Content-Length: +%d",
    "a minus": b"Content-Length: -%d",
    "a leading zero": b"Content-Length: 0%d",
    "hexadecimal": b"Content-Length: 0x%x",
    "a space inside": b"Content-Length: 0 %d",
    "beyond 64 bits": b"Content-Length: 18446744073709551616%d",
    "a fraction": b"Content-Length: %d.0",
    "an exponent": b"Content-Length: %de0",
    "fullwidth digits": b"Content-Length: \xef\xbc\x90%d",
    "a space before the colon": b"Content-Length : %d",
    "folded": b"Content-Length:\r\n %d",
    "a NUL": b"Content-Length: %d\x00",
    "a vertical tab": b"Content-Length:\x0b%d",
}


@pytest.mark.parametrize("how", LENGTHS)
def test_doubtful_length_smuggles_nothing(stage: Any, loot: str, how: str) -> None:
    """Class: CL.0 and 0.CL: one side reads a length where the other reads none, or another one."""
    hidden = smuggled(stage.attacker, loot)
    outer = stage.attacker.forge("POST", DEMOS)
    wire = head(outer, LENGTHS[how] % len(hidden)) + hidden
    assert_not_carried_out(stage, loot, stage.attacker.converse(wire))


@pytest.mark.parametrize("line", [b"Content_Length: %d", b"Transfer_Encoding: chunked\r\nX-Length: %d"])
def test_framing_with_an_underscore_frames_nothing(stage: Any, loot: str, line: bytes) -> None:
    """Class: `Content_Length` becomes `Content-Length` behind a CGI-like interface, and in front it is another name.

    So nobody goes by it: it is refused, and what follows is at most a request of its own, judged by itself.
    """
    hidden = smuggled(stage.attacker, loot).replace(b"X-Sign: ", b"X-Sign: 0")
    outer = stage.attacker.forge("POST", DEMOS)
    answers = stage.attacker.converse(head(outer, line % len(hidden)) + hidden)
    assert [answer.code for answer in answers] in (
        [ReturnCode.PARAM_ERROR],
        [ReturnCode.PARAM_ERROR, ReturnCode.SIGN_INVALID],
    )
    assert not stage.exists(loot)
    stage.assert_nothing_lingers()


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "OPTIONS"])
def test_body_where_none_is_expected_is_no_second_request(stage: Any, loot: str, method: str) -> None:
    """Class: CL.0: a server that ignores the body of a GET leaves it behind, where it is read as a request."""
    hidden = smuggled(stage.attacker, loot)
    outer = stage.attacker.forge(method, f"{DEMOS}/999999999")
    answers = stage.attacker.converse(head(outer, b"Content-Length: %d" % len(hidden)) + hidden)
    assert len(answers) == 1
    assert not stage.exists(loot)
    stage.assert_nothing_lingers()


@pytest.mark.parametrize("expect", [False, True])
@pytest.mark.parametrize("padding", [0, 70_000])
def test_body_of_a_refused_request_is_never_read_as_the_next_one(
    stage: Any, loot: str, padding: int, expect: bool
) -> None:
    """Class: a refusal goes out before the body is read, and the connection is kept with the body still on it."""
    hidden = b" " * padding + smuggled(stage.attacker, loot)
    lines = [b"Content-Length: %d" % len(hidden), *([b"Expect: 100-continue"] if expect else [])]
    wire = head(RawRequest("POST", DEMOS), *lines) + hidden
    answers = [answer for answer in stage.attacker.converse(wire) if answer.status != 100]
    assert [answer.code for answer in answers] == [ReturnCode.AUTH_PARAMS_REQUIRED]
    assert not stage.exists(loot)
    stage.assert_nothing_lingers()


def test_connection_that_saw_a_refusal_carries_nothing_of_it_into_the_next_request(stage: Any, loot: str) -> None:
    """Class: what was proven or refused once is remembered for the connection instead of for the request."""
    read = stage.attacker.forge("GET", DEMOS)
    unsigned = RawRequest("GET", DEMOS)
    refused = creating(stage.attacker, loot).with_header("X-Sign", "0" * 64)
    stranger = RawRequest("GET", DEMOS, (("X-Api-Key", stage.platform.first_run.api_key),))
    requests = (unsigned, read, unsigned, refused, stage.victim.forge("GET", DEMOS), stranger, unsigned, read)
    codes = [answer.code for answer in stage.attacker.converse(*(request.wire() for request in requests))]
    assert codes == [
        *(
            ReturnCode.AUTH_PARAMS_REQUIRED,
            ReturnCode.SUCCESS,
            ReturnCode.AUTH_PARAMS_REQUIRED,
            ReturnCode.SIGN_INVALID,
        ),
        *(ReturnCode.SUCCESS, ReturnCode.TIMESTAMP_REQUIRED, ReturnCode.AUTH_PARAMS_REQUIRED, ReturnCode.NONCE_REUSED),
    ]
    assert not stage.exists(loot)


def test_pipelined_requests_are_judged_one_by_one_and_answered_in_order(stage: Any, loot: str) -> None:
    """Class: the first request of a connection opens the door for those that came in the same packet."""
    good = stage.attacker.forge("GET", "/api/v1/users/me")
    forged = creating(stage.attacker, loot).with_header("X-Sign", "0" * 64)
    unsigned = RawRequest("DELETE", f"{DEMOS}/1")
    last = stage.victim.forge("GET", "/api/v1/users/me", headers=[("Connection", "close")])
    answers = stage.attacker.converse(
        b"".join(request.wire() for request in (good, forged, unsigned, last)), expected=4
    )
    codes = [answer.code for answer in answers]
    assert codes == [ReturnCode.SUCCESS, ReturnCode.SIGN_INVALID, ReturnCode.AUTH_PARAMS_REQUIRED, ReturnCode.SUCCESS]
    assert answers[0].envelope["data"]["user_id"] == stage.person.user_id != answers[3].envelope["data"]["user_id"]
    assert not stage.exists(loot)


def test_http_0_9_gets_no_answer_but_a_refusal(stage: Any) -> None:
    """Class: HTTP/0.9 has no headers, so no signature, and older parsers answer it with the bare resource."""
    for wire in (
        f"GET {DEMOS}\r\n".encode(),
        f"GET {DEMOS}\r\n\r\n".encode(),
        f"GET {DEMOS} HTTP/0.9\r\n\r\n".encode(),
    ):
        (answer,) = stage.attacker.converse(wire)
        # nginx leaves the status line out where the request had no version, as HTTP/0.9 wants it.
        assert (answer.status in {0, 400}, answer.code) == (True, ReturnCode.PARAM_ERROR), (wire, answer)


def test_http_1_0_is_judged_like_any_other_and_keeps_its_connection_only_if_asked(stage: Any, loot: str) -> None:
    """Class: the old version takes another code path: no Host, no chunks, other rules for what follows."""
    read = stage.attacker.forge("GET", DEMOS)
    hidden = smuggled(stage.attacker, loot)
    closing = stage.attacker.converse(head(read, version="HTTP/1.0") + hidden)
    assert [answer.code for answer in closing] == [ReturnCode.SUCCESS]
    assert not stage.exists(loot)
    keeping = stage.attacker.converse(
        head(stage.attacker.forge("GET", DEMOS), b"Connection: keep-alive", version="HTTP/1.0"),
        head(RawRequest("GET", DEMOS), version="HTTP/1.0"),
    )
    assert [answer.code for answer in keeping] == [ReturnCode.SUCCESS, ReturnCode.AUTH_PARAMS_REQUIRED]
    in_chunks = head(creating(stage.attacker, loot), CHUNKED, version="HTTP/1.0") + chunked(hidden)
    assert_not_carried_out(stage, loot, stage.attacker.converse(in_chunks))


UPGRADES = {
    "h2c": (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"),
    "h2c alone": (b"Connection: Upgrade", b"Upgrade: h2c"),
    "websocket": (b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="),
    "TLS": (b"Connection: Upgrade", b"Upgrade: TLS/1.2"),
}


@pytest.mark.parametrize("what", UPGRADES)
def test_connection_is_never_turned_into_another_protocol(stage: Any, loot: str, what: str) -> None:
    """Class: after `101` a proxy passes bytes through blindly, and the checks see none of them."""
    hidden = smuggled(stage.attacker, loot).replace(b"X-Sign: ", b"X-Sign: 0")
    unsigned = stage.attacker.converse(head(RawRequest("GET", DEMOS), *UPGRADES[what]) + hidden, expected=2)
    assert [answer.code for answer in unsigned] == [ReturnCode.AUTH_PARAMS_REQUIRED, ReturnCode.SIGN_INVALID], unsigned
    signed = stage.attacker.converse(head(stage.attacker.forge("GET", DEMOS), *UPGRADES[what]))
    assert [answer.code for answer in signed] == [ReturnCode.SUCCESS]
    assert not stage.exists(loot)


def test_http_2_without_tls_is_refused(stage: Any) -> None:
    """Class: a gateway that checks HTTP/1 in front of a server that speaks HTTP/2 on the same port."""
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000040000000000")
    answers = stage.attacker.converse(preface)
    assert not answers or answers[0].status == 400


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("CONNECT", "127.0.0.1:22"),
        ("CONNECT", "identity:80"),
        ("CONNECT", DEMOS),
        ("TRACE", DEMOS),
        ("TRACE", "/"),
        ("TRACK", DEMOS),
        ("DEBUG", DEMOS),
        ("PROPFIND", DEMOS),
        ("PURGE", DEMOS),
        ("PUT", f"{DEMOS}/1"),
    ],
)
def test_method_that_no_contract_names_is_refused_though_signed(stage: Any, method: str, target: str) -> None:
    """Class: TRACE shows what a proxy added, CONNECT opens a tunnel past it, and unlisted methods meet no rule."""
    (answer,) = stage.attacker.converse(stage.attacker.forge(method, target).wire())[:1]
    assert answer.status in {400, 404, 405}
    assert b"X-Sign" not in answer.body


def test_options_is_answered_by_the_gateway_and_asks_no_service(stage: Any, loot: str) -> None:
    """Class: preflights pass unauthenticated, and with them whatever the service does on OPTIONS."""
    for request in (RawRequest("OPTIONS", DEMOS), stage.attacker.forge("OPTIONS", DEMOS)):
        answer = stage.attacker.converse(request.with_header("Connection", "close").wire())[0]
        assert (answer.code, answer.envelope["data"]) == (ReturnCode.SUCCESS, None)
        assert "POST" in answer.headers["Allow"]
        found = stage.watcher.call("GET", f"/api/v1/audit/records?request_id={answer.headers['X-Request-Id']}")
        assert found.envelope["data"]["records"] == []
