"""One path, one spelling: every other one is refused, and the refusal says why."""

import string
from urllib.parse import quote, unquote_to_bytes

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from signet_protocol.errors import ProtocolError
from signet_protocol.target import TargetInvalid, check_target

UNRESERVED = string.ascii_letters + string.digits + "-._~"

ACCEPTED = {
    "root": "/",
    "plain path": "/api/v1/demos",
    "numeric id": "/api/v1/demos/7",
    "lone question mark": "/api/v1/demos?",
    "trailing slash": "/api/v1/demos/",
    "needed escape": "/api/v1/demos/%C3%A9",
    "escaped percent": "/a/%25",
    "dots that are no dot segment": "/a/.well-known/..a/a../...",
    "reserved characters": "/a:b@c;d=e,f!g$h&i'j(k)l*m+n",
    "escaped slash in the query": "/api/v1/demos?demo_name=a%2Fb&page=1",
    "needless escape in the query": "/api/v1/demos?demo_name=%37",
    "lower case escape in the query": "/api/v1/demos?demo_name=%c3%a9",
    "path forms in the query": "/a?b=//../.&c=%00%5C",
    "second question mark": "/a?b?c",
    "brackets in the query": "/a?b[]=1|2",
}

REFUSED = {
    "empty": ("", "begin with /"),
    "absolute form": ("http://example.org/api", "begin with /"),
    "authority form": ("example.org:443", "begin with /"),
    "asterisk form": ("*", "begin with /"),
    "relative path": ("api/v1/demos", "begin with /"),
    "query alone": ("?a=b", "begin with /"),
    "network path": ("//example.org/api", "//"),
    "fragment": ("/a#b", "must be escaped"),
    "fragment in the query": ("/a?b#c", "must be escaped"),
    "non-ascii path": ("/é", "must be escaped"),
    "non-ascii query": ("/a?é", "must be escaped"),
    "double slash": ("/api//v1", "//"),
    "double slash at the end": ("/api//", "//"),
    "dot segment": ("/api/./v1", "dot segment"),
    "dot segment at the end": ("/api/.", "dot segment"),
    "double dot segment": ("/api/../v1", "dot segment"),
    "double dot segment at the end": ("/api/..", "dot segment"),
    "dot segment before the query": ("/api/..?a", "dot segment"),
    "escaped dot segment": ("/api/%2E%2E/v1", "needs no escape"),
    "lower case escaped dot segment": ("/api/%2e%2e/v1", "lower case"),
    "half escaped dot segment": ("/api/.%2E/v1", "needs no escape"),
    "escaped slash": ("/api%2Fv1", "%2F"),
    "lower case escaped slash": ("/api%2fv1", "lower case"),
    "escaped backslash": ("/api%5Cv1", "%5C"),
    "lower case escaped backslash": ("/api%5cv1", "lower case"),
    "backslash": ("/api\\v1", "must be escaped"),
    "escaped null": ("/api%00", "%00"),
    "null": ("/api\x00", "must be escaped"),
    "escaped digit": ("/api/v1/demos/%37", "needs no escape"),
    "escaped letter": ("/%61pi", "needs no escape"),
    "escaped tilde": ("/%7Ea", "needs no escape"),
    "lone percent": ("/a%", "two hexadecimal digits"),
    "short escape": ("/a%2", "two hexadecimal digits"),
    "bad escape": ("/a%2G", "two hexadecimal digits"),
    "signed escape": ("/a%+2", "two hexadecimal digits"),
    "broken escape in the query": ("/a?b=%zz", "two hexadecimal digits"),
    "lone percent at the end of the query": ("/a?b=%", "two hexadecimal digits"),
    "space": ("/a b", "must be escaped"),
    "space in the query": ("/a?b c", "must be escaped"),
    "line feed": ("/a\n", "must be escaped"),
    "line feed in the query": ("/a?b\n", "must be escaped"),
    "carriage return": ("/a\rb", "must be escaped"),
    "delete": ("/a\x7f", "must be escaped"),
    "delete in the query": ("/a?\x7f", "must be escaped"),
    "braces": ("/a/{b}", "must be escaped"),
    "wide digits": ("/７", "must be escaped"),
    "lone surrogate": ("/a\ud800", "must be escaped"),
}


@pytest.mark.parametrize("target", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_a_target_in_its_one_spelling_is_taken(target: str) -> None:
    """What ordinary clients send must not be refused."""
    check_target(target)


@pytest.mark.parametrize(("target", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_second_spellings_are_refused_and_named(target: str, reason: str) -> None:
    """The signature covers the spelling and the router the meaning: they must be one."""
    with pytest.raises(TargetInvalid) as refusal:
        check_target(target)
    assert reason in refusal.value.message
    assert refusal.value.field == "request-target"
    assert isinstance(refusal.value, ProtocolError)


@pytest.mark.parametrize("character", UNRESERVED)
def test_every_escaped_unreserved_character_is_refused(character: str) -> None:
    """RFC 3986 2.3 calls these equivalent to the bare character."""
    check_target(f"/a{character}")
    with pytest.raises(TargetInvalid):
        check_target(f"/a%{ord(character):02X}")


@given(code=st.integers(0, 255))
def test_an_escape_is_taken_exactly_when_it_is_needed(code: int) -> None:
    """The pattern of the refused escapes is written by hand; this is the rule it stands for."""
    refused = chr(code) in UNRESERVED + "/\\\x00"
    if refused:
        with pytest.raises(TargetInvalid):
            check_target(f"/a/%{code:02X}")
    else:
        check_target(f"/a/%{code:02X}")


def accepted(target: str) -> bool:
    try:
        check_target(target)
    except TargetInvalid:
        return False
    return True


@given(segments=st.lists(st.text(min_size=1).filter(lambda text: text not in {".", ".."}), min_size=1))
def test_a_quoted_path_is_taken_unless_a_segment_holds_a_separator(segments: list[str]) -> None:
    """A client that percent-encodes each segment gets the one spelling by itself."""
    path = "/" + "/".join(quote(segment.encode("utf-8", "replace"), safe="") for segment in segments)
    expected = not any(character in segment for segment in segments for character in "/\\\x00")
    assert accepted(path) == expected


@given(left=st.text("/.a7%2EFfc"), right=st.text("/.a7%2EFfc"))
@example("a", "%61")
def test_two_taken_paths_of_unreserved_characters_never_mean_the_same(left: str, right: str) -> None:
    """The property that the rules exist for: decoding two accepted paths to one means that they are one."""
    one, other = "/" + left, "/" + right
    if accepted(one) and accepted(other) and one != other:
        assert unquote_to_bytes(one) != unquote_to_bytes(other)


@given(target=st.text())
def test_any_text_is_taken_or_refused(target: str) -> None:
    """No third outcome, and what is taken can stand in one line of the string to sign."""
    if accepted(target):
        assert target.isascii()
        assert target.isprintable()
        assert " " not in target
