"""The parser alone: what it returns, and that it answers every input with a head or a refusal."""

import contextlib

from hypothesis import example, given
from hypothesis import strategies as st

from signet_common.web.http_fields import Limits, RequestRefused
from signet_common.web.http_framing import check_incomplete_head, parse_head

LIMITS = Limits()


def test_a_head_is_taken_apart() -> None:
    """Names become CGI names, the target stays as it is."""
    head = parse_head(b"POST /a?b HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\nX-Sign:  a\t", LIMITS)
    assert (head.method, head.target, head.version) == ("POST", "/a?b", "HTTP/1.1")
    assert head.fields == {"HTTP_HOST": "x", "CONTENT_LENGTH": "12", "HTTP_X_SIGN": "a"}
    assert (head.content_length, head.keep_alive, head.expects_continue) == (12, True, False)


def test_who_keeps_the_connection() -> None:
    """1.1 keeps unless told otherwise, 1.0 closes unless told otherwise, and options come in lists."""

    def keeps(version: bytes, *lines: bytes) -> bool:
        return parse_head(b"\r\n".join((b"GET / " + version, b"Host: x", *lines)), LIMITS).keep_alive

    assert keeps(b"HTTP/1.1")
    assert not keeps(b"HTTP/1.1", b"Connection: foo, Close")
    assert not keeps(b"HTTP/1.1", b"Connection: foo", b"Connection: close")
    assert not keeps(b"HTTP/1.0")
    assert keeps(b"HTTP/1.0", b"Connection: Keep-Alive")


_WORDS = [
    b"GET",
    b" ",
    b"/",
    b"HTTP/1.1",
    b"\r\n",
    b"\r",
    b"\n",
    b"Host",
    b":",
    b"a",
    b"\0",
    b"\t",
    b"_",
    b"\xff",
    b"1",
]
_LINES = [b"GET / HTTP/1.1\r\nHost: a\r\n", b"Content-Length", b"Transfer-Encoding", b"chunked", b"X-Sign", b"1"]
_NEAR_HTTP = st.lists(st.sampled_from(_WORDS + _LINES), max_size=30).map(b"".join)


@given(st.one_of(st.binary(max_size=300), _NEAR_HTTP))
@example(b"")
@example(b"\r\n")
def test_any_bytes_are_a_head_or_a_refusal(data: bytes) -> None:
    """No input may raise anything else: that would be a traceback and a 500."""
    for parse in (parse_head, check_incomplete_head):
        with contextlib.suppress(RequestRefused):
            parse(data, LIMITS)


@given(_NEAR_HTTP)
def test_an_accepted_head_has_one_meaning(data: bytes) -> None:
    """What is accepted says the same when it is written down again: nothing was repaired or dropped."""
    try:
        head = parse_head(data, LIMITS)
    except RequestRefused:
        return
    lines = [f"{head.method} {head.target} {head.version}"]
    names = (key.removeprefix("HTTP_").replace("_", "-") for key in head.fields)
    lines += [f"{name}: {value}" for name, value in zip(names, head.fields.values(), strict=True)]
    assert parse_head("\r\n".join(lines).encode("latin-1"), LIMITS) == head
