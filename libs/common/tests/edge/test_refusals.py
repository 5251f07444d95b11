"""Every form of rubbish is refused by the process itself, with an envelope that names it, and ends the connection."""

import json
import socket

import pytest

from signet_common.web.http_fields import GUARDED

HOST = b"Host: signet.test\r\n"


def get(*lines: bytes, start: bytes = b"GET / HTTP/1.1", host: bytes = HOST) -> bytes:
    return start + b"\r\n" + host + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


def post(*lines: bytes, body: bytes = b"") -> bytes:
    return get(*lines, start=b"POST / HTTP/1.1") + body


CHUNKED = b"Transfer-Encoding: chunked"

REFUSED = {
    "two lengths": (post(b"Content-Length: 3", b"Content-Length: 3", body=b"abc"), "Content-Length"),
    "two different lengths": (post(b"Content-Length: 3", b"Content-Length: 4", body=b"abcd"), "Content-Length"),
    "length list": (post(b"Content-Length: 3, 3", body=b"abc"), "Content-Length"),
    "length with chunked": (post(b"Content-Length: 5", CHUNKED, body=b"0\r\n\r\n"), "Transfer-Encoding"),
    "plus sign": (post(b"Content-Length: +3", body=b"abc"), "Content-Length"),
    "minus sign": (post(b"Content-Length: -3", body=b"abc"), "Content-Length"),
    "underscore": (post(b"Content-Length: 1_0", body=b"0123456789"), "Content-Length"),
    "inner space": (post(b"Content-Length: 1 0", body=b"0123456789"), "Content-Length"),
    "hexadecimal": (post(b"Content-Length: 0x3", body=b"abc"), "Content-Length"),
    "empty length": (post(b"Content-Length:"), "Content-Length"),
    "superscript digit": (post(b"Content-Length: \xb2", body=b"ab"), "Content-Length"),
    "absurd length": (post(b"Content-Length: " + b"9" * 400), "Content-Length"),
    "two codings": (post(CHUNKED, CHUNKED, body=b"0\r\n\r\n"), "Transfer-Encoding"),
    "coding list": (post(b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"), "Transfer-Encoding"),
    "identity coding": (post(b"Transfer-Encoding: identity"), "Transfer-Encoding"),
    "capital coding": (post(b"Transfer-Encoding: Chunked", body=b"0\r\n\r\n"), "Transfer-Encoding"),
    "quoted coding": (post(b'Transfer-Encoding: "chunked"', body=b"0\r\n\r\n"), "Transfer-Encoding"),
    "vertical tab coding": (post(b"Transfer-Encoding: \x0bchunked", body=b"0\r\n\r\n"), "Transfer-Encoding"),
    "chunked in 1.0": (get(CHUNKED, start=b"POST / HTTP/1.0") + b"0\r\n\r\n", "Transfer-Encoding"),
    "space before colon": (get(b"X-Sign : a"), "X-Sign"),
    "tab before colon": (get(b"Content-Length\t: 3"), "Content-Length"),
    "folded line": (get(b"X-One: a", b" b"), "continues"),
    "folded first line": (get(b"X: y", host=b" Host: a\r\n"), "header"),
    "bare carriage return": (get(b"X-One: a\rX-Two: b"), "X-One"),
    "bare line feed": (get(b"X-One: a\nX-Two: b"), "X-One"),
    "line feeds only": (b"GET / HTTP/1.1\nHost: a\n\n", "line feed"),
    "nul": (get(b"X-One: a\0b"), "X-One"),
    "control character": (get(b"X-One: a\x01b"), "X-One"),
    "delete character": (get(b"X-One: a\x7fb"), "X-One"),
    "http 0.9": (b"GET /\r\n", "request line"),
    "http 0.9 named": (get(start=b"GET / HTTP/0.9"), "version"),
    "http 2.0": (get(start=b"GET / HTTP/2.0"), "version"),
    "http 1.2": (get(start=b"GET / HTTP/1.2"), "version"),
    "http 01.1": (get(start=b"GET / HTTP/01.1"), "version"),
    "lower-case http": (get(start=b"GET / http/1.1"), "version"),
    "http2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "target"),
    "tls hello": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "request line"),
    "leading line break": (b"\r\n" + get(), "request line"),
    "two spaces": (get(start=b"GET  / HTTP/1.1"), "request line"),
    "tab in request line": (get(start=b"GET\t/ HTTP/1.1"), "request line"),
    "trailing space": (get(start=b"GET / HTTP/1.1 "), "request line"),
    "lower-case method": (get(start=b"get / HTTP/1.1"), "method"),
    "malformed method": (get(start=b"G(T / HTTP/1.1"), "method"),
    "absolute target": (get(start=b"GET http://a/ HTTP/1.1"), "target"),
    "asterisk target": (get(start=b"OPTIONS * HTTP/1.1"), "target"),
    "authority target": (get(start=b"CONNECT a:443 HTTP/1.1"), "target"),
    "latin-1 target": (get(start=b"GET /\xe9 HTTP/1.1"), "target"),
    "control character in target": (get(start=b"GET /\x01 HTTP/1.1"), "target"),
    "no host": (get(host=b""), "Host"),
    "two hosts": (get(b"Host: other"), "Host"),
    "empty host": (get(host=b"Host:\r\n"), "Host"),
    "host with path": (get(host=b"Host: a/b\r\n"), "Host"),
    "host with user": (get(host=b"Host: a@b\r\n"), "Host"),
    "name with underscore": (get(b"X_Sign: a"), "X_Sign"),
    "empty name": (get(b": a"), "name"),
    "name with space": (get(b"X Sign: a"), "X Sign"),
    "name with parenthesis": (get(b"X(Sign): a"), "X(Sign)"),
    "latin-1 name": (get(b"X-\xe9: a"), "name"),
    "no colon": (get(b"X-Sign"), "X-Sign"),
    "too many headers": (get(*(b"X-%d: a" % number for number in range(101))), "100 header"),
    "long header": (get(b"X-Long: " + b"a" * 9000), "X-Long"),
    "long head": (get(*(b"X-%d: " % number + b"a" * 4000 for number in range(10))), "head"),
    "endless header": (b"GET / HTTP/1.1\r\nX: " + b"a" * 40000, "head"),
    "long request line": (get(start=b"GET /" + b"a" * 9000 + b" HTTP/1.1"), "request line"),
    "endless request line": (b"GET /" + b"a" * 9000, "request line"),
    "unfinished head": (b"GET / HTTP/1.1\r\nHost: a\r\n", "ends early"),
    "unknown expectation": (post(b"Expect: magic", b"Content-Length: 0"), "Expect"),
    "short body": (post(b"Content-Length: 10", body=b"abc"), "body"),
    "chunk size with sign": (post(CHUNKED, body=b"+3\r\nabc\r\n0\r\n\r\n"), "chunk"),
    "chunk size with prefix": (post(CHUNKED, body=b"0x3\r\nabc\r\n0\r\n\r\n"), "chunk"),
    "chunk size with underscore": (post(CHUNKED, body=b"1_0\r\n0123456789abcdef\r\n0\r\n\r\n"), "chunk"),
    "chunk size with leading space": (post(CHUNKED, body=b" 3\r\nabc\r\n0\r\n\r\n"), "chunk"),
    "chunk size with trailing space": (post(CHUNKED, body=b"3 \r\nabc\r\n0\r\n\r\n"), "chunk"),
    "no chunk size": (post(CHUNKED, body=b"\r\nabc\r\n0\r\n\r\n"), "chunk"),
    "absurd chunk size": (post(CHUNKED, body=b"f" * 17 + b"\r\nabc\r\n0\r\n\r\n"), "chunk"),
    "endless chunk size": (post(CHUNKED, body=b"0" * 5000), "chunk"),
    "chunk size ends in line feed": (post(CHUNKED, body=b"3\nabc\r\n0\r\n\r\n"), "chunk"),
    "chunk longer than its size": (post(CHUNKED, body=b"3\r\nabcd\r\n0\r\n\r\n"), "chunk"),
    "chunk without line break": (post(CHUNKED, body=b"3\r\nabc0\r\n\r\n"), "chunk"),
    "long chunk extension": (post(CHUNKED, body=b"3;a=" + b"b" * 300 + b"\r\nabc\r\n0\r\n\r\n"), "chunk"),
    "many chunk extensions": (post(CHUNKED, body=(b"1;" + b"a" * 200 + b"\r\nx\r\n") * 9 + b"0\r\n\r\n"), "extension"),
    "control character in extension": (post(CHUNKED, body=b"3;a\rb\r\nabc\r\n0\r\n\r\n"), "extension"),
    "many tiny chunks": (post(CHUNKED, body=b"1\r\nx\r\n" * 1100 + b"0\r\n\r\n"), "pieces"),
    "no last chunk": (post(CHUNKED, body=b"3\r\nabc\r\n"), "body"),
    "no final line break": (post(CHUNKED, body=b"3\r\nabc\r\n0\r\n"), "body"),
    "malformed trailer": (post(CHUNKED, body=b"0\r\nX-Sign : a\r\n\r\n"), "trailer"),
    "many trailers": (post(CHUNKED, body=b"0\r\n" + b"X-A: b\r\n" * 1000 + b"\r\n"), "trailer"),
}


@pytest.mark.parametrize("form", REFUSED)
def test_a_malformed_request_is_refused_by_name(edge, form):
    """A request that two parsers could read differently must reach none of ours."""
    request, named = REFUSED[form]
    answer = edge.ask(request)
    assert (answer.status, answer.envelope["return_code"]) == (400, 400001)
    assert named in answer.envelope["return_msg"]
    assert answer.envelope["data"] is None
    assert answer.headers["connection"] == "close"
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("name", GUARDED.values())
@pytest.mark.parametrize(
    "lines",
    [
        pytest.param((b": a", b": a"), id="repeated"),
        pytest.param((b":",), id="empty"),
        pytest.param((b": \t ",), id="blank"),
        pytest.param((b": caf\xc3\xa9",), id="not-ascii"),
        pytest.param((b": a\x01b",), id="control-character"),
    ],
)
def test_a_doubtful_security_header_is_refused_by_name(edge, name, lines):
    """Which of two signatures was checked is a question that must not come up."""
    answer = edge.ask(get(*(name.encode() + line for line in lines)))
    assert (answer.status, answer.envelope["return_code"]) == (400, 400001)
    assert name in answer.envelope["return_msg"]


def test_repetition_is_seen_through_the_case_of_names(edge):
    """Header names have no case, so a second spelling is a repetition."""
    answer = edge.ask(get(b"X-Sign: a", b"x-sIGN: b"))
    assert answer.envelope["return_code"] == 400001


@pytest.mark.parametrize("coding", [b"gzip", b"identity", b""])
def test_an_encoded_body_is_not_supported(edge, coding):
    """The hash is over the body as sent; nobody decompresses, so nobody may pretend to."""
    answer = edge.ask(post(b"Content-Encoding: " + coding, b"Content-Length: 1", body=b"a"))
    assert (answer.status, answer.envelope["return_code"]) == (415, 415001)
    assert "Content-Encoding" in answer.envelope["return_msg"]


def test_what_follows_a_refused_request_is_never_parsed(edge):
    """A smuggled second request would be somebody else's."""
    before = edge.ask(get(b"Connection: close")).envelope["calls"]
    smuggled = get(b"Connection: close", start=b"GET /smuggled HTTP/1.1")
    received = edge.exchange(post(b"Content-Length: 3", b"Content-Length: 0", body=b"abc") + smuggled)
    assert received.count(b"HTTP/1.1 ") == 1
    received = edge.exchange(post(CHUNKED, body=b"zz\r\n") + smuggled)
    assert received.count(b"HTTP/1.1 ") == 1
    after = edge.ask(get(b"Connection: close")).envelope["calls"]
    assert after == before + 2  # the application saw the chunked one begin, and this one


def test_an_application_cannot_hide_that_a_body_was_refused(edge):
    """A framework that catches everything must not turn rubbish into success."""
    answer = edge.ask(post(CHUNKED, body=b"zz\r\n").replace(b"POST /", b"POST /swallows-body-errors"))
    assert answer.envelope["return_code"] == 400001


def test_early_refusal_needs_no_end_of_the_head(edge):
    """Rubbish is answered when it is recognised, not when a timer runs out."""
    with edge.connect() as client:
        client.settimeout(5)  # the head has 10 s
        client.sendall(b"GET /\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 400 ")


def test_the_refusal_is_readable_while_the_client_still_sends(edge, rest_of):
    """A close with unread bytes resets the connection, and the client never learns what was wrong."""
    with edge.connect() as client:
        client.sendall(post(b"Content-Length: -1", body=b"a" * 200_000))
        client.shutdown(socket.SHUT_WR)
        assert rest_of(client).startswith(b"HTTP/1.1 400 ")


def test_random_bytes_never_trouble_the_process(edge):
    """Whatever arrives, the answer is a refusal or nothing, and no traceback is logged."""
    rubbish = [bytes((seed * 7919 + index * index * 31) % 256 for index in range(seed * 3)) for seed in range(1, 60)]
    for data in rubbish:
        received = edge.exchange(data)
        assert received == b"" or received.startswith(b"HTTP/1.1 400 ")
        assert edge.exchange(get() + data).startswith(b"HTTP/1.1 200 ")
    logged = [json.loads(line) for line in edge.log.read_text().splitlines()]  # so every line is ours, and JSON
    assert {line["message"] for line in logged} <= {"the application failed"}


def refused(edge):
    return json.loads(edge.ask(b"GET /refused HTTP/1.1\r\nHost: a\r\n\r\n").body)


def test_the_application_is_told_of_a_refused_head(edge):
    """Whoever probes the parser should stand in the log like anybody else, under the id of the answer."""
    lines = [b"X-Forwarded-For: 192.0.2.7", b"Content-Length: 1", b"Content-Length: 2"]
    answer = edge.ask(get(*lines, start=b"POST /probe?name=ada HTTP/1.1"))
    assert refused(edge)[-1] == {
        "request_id": answer.headers["x-request-id"],
        "peer": "127.0.0.1",
        "code": 400001,
        "reason": "Content-Length is repeated",
        "method": "POST",
        "target": "/probe",
        "forwarded_for": "192.0.2.7",
    }


@pytest.mark.parametrize(
    "lines",
    [[b"X-Forwarded-For: 192.0.2.7", b"x-forwarded-for: 192.0.2.8"], [b"X-Forwarded-For : 192.0.2.7"], [b"A: b"]],
)
def test_an_address_that_could_be_somebody_elses_is_not_told(edge, lines):
    """A proxy of ours writes it once; what is there twice or misspelt was written by the client."""
    edge.ask(get(b"Content-Length: x", *lines))
    assert refused(edge)[-1]["forwarded_for"] is None


def test_what_is_told_of_rubbish_is_bounded_and_printable(edge):
    """It ends up in a log that must neither grow nor be misled by it."""
    edge.ask(b"\x1b[2J\xff" * 3 + b" /" + b"\xe9\x00" * 400 + b" HTTP/9\r\nX: \x01\r\n\r\n")
    edge.ask(b"GET " + b"/a" * 20_000)
    for told in refused(edge)[-2:]:
        assert all(" " <= character <= "~" for text in told.values() for character in str(text))
        assert len(json.dumps(told)) < 1000
        assert told["reason"]


def test_a_refused_body_is_the_applications_own_to_tell(edge):
    """It was called, so it has answered with an id of its own; the refusal in its place carries that one."""
    before = refused(edge)
    answer = edge.ask(post(CHUNKED, body=b"zz\r\n").replace(b"POST /", b"POST /swallows-body-errors"))
    assert (answer.status, answer.headers["x-request-id"]) == (400, "told-by-the-application")
    assert refused(edge) == before
