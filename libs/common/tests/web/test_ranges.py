"""Conditions and ranges of a content, held against what RFC 9110 says in its own words."""

import re

import pytest
from flask import Request
from hypothesis import example, given
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder

from signet_common.web.errors import ApiError, ErrorMap, RangeUnsatisfiable
from signet_common.web.ranges import Selection, select

SHA256 = "ab" * 32
TAG = f'"{SHA256}"'
OTHER = f'"{"cd" * 32}"'


def asked(method="GET", size=1000, **headers) -> Selection:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return select(Request(EnvironBuilder(method=method, headers=named).get_environ()), TAG, size)


def refusal(**asking) -> ApiError:
    with pytest.raises(ApiError) as refused:
        asked(**asking)
    return refused.value


@pytest.mark.parametrize(
    ("header", "start", "stop"),
    [
        ("bytes=0-0", 0, 1), ("bytes=0-", 0, 1000), ("bytes=0-999", 0, 1000), ("bytes=999-", 999, 1000),
        ("bytes=500-600", 500, 601), ("bytes=500-5000", 500, 1000), ("bytes=-1", 999, 1000), ("bytes=-1000", 0, 1000),
        ("bytes=-5000", 0, 1000), ("BYTES=1-2", 1, 3), ("bytes= 1-2 ", 1, 3), ("bytes=0001-0002", 1, 3),
        (f"bytes=1-{'9' * 900}", 1, 1000), (f"bytes=-{'9' * 900}", 0, 1000),
    ],
)  # fmt: skip
def test_one_range_gets_its_part(header, start, stop):
    """What reaches beyond the end stops there; a suffix that is longer is the whole (RFC 9110, 14.1.2)."""
    found = asked(Range=header)
    assert (found.status, found.start, found.stop, found.length) == (206, start, stop, stop - start)
    assert found.headers == {
        "ETag": TAG, "Accept-Ranges": "bytes", "Content-Range": f"bytes {start}-{stop - 1}/1000",
    }  # fmt: skip


@pytest.mark.parametrize(
    "header",
    [
        "bytes=0-1,3-4", "bytes=0-,-5", "bytes=2000-,3000-", "bytes=5-4", "bytes=-", "bytes=", "bytes", "bytes=a-b",
        "bytes=1", "bytes=1-2-3", "bytes=--5", "bytes=0--0", "bytes=-5-", "bytes=+1-2", "bytes=1_0-20", "bytes=0x1-2",
        "bytes=1 - 2", "bytes =1-2", "bytes=٠-١", "bytes=1-2;x", "bytes=1.5-2", "bytes:1-2", "seconds=1-2", "=1-2",
        f"bytes={'9' * 5000}-", f"bytes=0-{'9' * 5000}", f"bytes=-{'9' * 5000}",
    ],
)  # fmt: skip
def test_what_is_no_single_range_gets_the_whole(header):
    """A server may ignore any Range (14.2); the whole is never wrong, and many parts can wear a server out."""
    found = asked(Range=header)
    assert (found.status, found.start, found.stop) == (200, 0, 1000)
    assert found.headers == {"ETag": TAG, "Accept-Ranges": "bytes"}


@pytest.mark.parametrize("header", ["bytes=1000-", "bytes=1000-1001", "bytes=-0", f"bytes={'9' * 900}-"])
def test_a_range_with_nothing_in_it_is_refused_with_the_size(header):
    """So the client learns what it may ask for (15.5.17)."""
    error = refusal(Range=header)
    assert isinstance(error, RangeUnsatisfiable)
    answer = ErrorMap({}).respond(error)
    assert (answer.status_code, answer.headers["Content-Range"]) == (416, "bytes */1000")


@pytest.mark.parametrize(
    ("header", "status"), [("bytes=0-", 416), ("bytes=0-0", 416), ("bytes=-0", 416), ("bytes=-5", 200)]
)
def test_an_empty_content_has_an_end_and_no_bytes(header, status):
    """Its last five bytes are all that it has: nothing, which no Content-Range could say."""
    if status == 416:
        assert isinstance(refusal(Range=header, size=0), RangeUnsatisfiable)
    else:
        assert asked(Range=header, size=0) == Selection(200, TAG, 0, 0, 0)
    assert asked(size=0).status == 200


@pytest.mark.parametrize(
    "condition", [OTHER, f"W/{TAG}", SHA256, "*", "Sat, 29 Oct 1994 19:43:31 GMT", f"{TAG}, {OTHER}"]
)
def test_a_part_of_another_content_is_never_given(condition):
    """A client would put it beside what it has. Only this very tag matches, and a time never does (13.1.5)."""
    assert asked(Range="bytes=1-2", If_Range=condition).status == 200
    assert asked(Range="bytes=5000-", If_Range=condition).status == 200


def test_a_part_of_the_same_content_is_given():
    """That is how a download goes on where it broke off."""
    assert asked(Range="bytes=1-2", If_Range=TAG).status == 206
    assert asked(If_Range=OTHER).status == 200


def test_head_tells_of_the_whole():
    """Range is defined for GET alone (14.2)."""
    assert asked("HEAD", Range="bytes=1-2") == Selection(200, TAG, 0, 1000, 1000)
    assert asked("HEAD", Range="bytes=5000-").status == 200


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("condition", [TAG, "*", f"W/{TAG}", f"{OTHER}, {TAG}"])
def test_what_the_client_has_is_not_sent_again(method, condition):
    """Before any range is looked at (13.2.2)."""
    found = asked(method, If_None_Match=condition, Range="bytes=5000-")
    assert (found.status, found.length, found.headers["ETag"]) == (304, 0, TAG)


def test_what_the_client_does_not_have_is_sent():
    """Another tag, or a part of one it does not have."""
    assert asked(If_None_Match=OTHER).status == 200
    assert asked(If_None_Match=OTHER, Range="bytes=1-2").status == 206


@pytest.mark.parametrize(
    ("condition", "fits"), [(TAG, True), ("*", True), (f"{OTHER}, {TAG}", True), (OTHER, False), (f"W/{TAG}", False)]
)
def test_if_match_comes_first(condition, fits):
    """And compares strongly: a weak tag does not promise these bytes (13.1.1)."""
    if fits:
        assert asked(If_Match=condition, If_None_Match=TAG).status == 304
    else:
        assert refusal(If_Match=condition, If_None_Match=TAG).code == 412001


@pytest.mark.parametrize("name", ["If_None_Match", "If_Match"])
def test_a_condition_that_is_no_list_of_tags_is_refused(name):
    """A client that misspells its condition would else believe that it had been held."""
    assert refusal(**{name: "abc"}).code == 400001


def naive(header: str, size: int):
    """What RFC 9110, 14.1.2 says of one byte range: the positions that are in it, found one by one."""
    parts = re.fullmatch(r"bytes=(\d*)-(\d*)", header, re.ASCII)
    if parts is None or not any(parts.groups()):
        return "whole"
    first, last = parts.groups()
    if first:
        if last and int(last) < int(first):
            return "whole"
        wanted = [at for at in range(size) if at >= int(first) and (not last or at <= int(last))]
        return (wanted[0], wanted[-1] + 1) if wanted else "nothing"
    if int(last) == 0:
        return "nothing"
    wanted = list(range(size))[-int(last) :]
    return (wanted[0], wanted[-1] + 1) if wanted else "whole"


POSITION = st.one_of(st.just(""), st.integers(0, 30).map(str), st.integers(0, 10**30).map(str))
HEADERS = st.one_of(
    st.builds("bytes={}-{}".format, POSITION, POSITION),
    st.text(st.sampled_from("bytes=-,0123456789 "), min_size=1, max_size=20),
    st.builds("bytes={}".format, st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20)),
)


@given(HEADERS, st.integers(0, 25))
@example("bytes=0-0", 0)
@example("bytes=-26", 25)
def test_every_range_is_what_the_standard_says(header, size):
    """Held against positions counted one by one; what is spelled differently there (spaces) may be either."""
    expected = naive(header.strip(), size)
    try:
        found = asked(Range=header, size=size)
    except RangeUnsatisfiable:
        assert expected == "nothing" or " " in header
        return
    if found.status == 206:
        assert (found.start, found.stop) == expected or " " in header
        assert 0 <= found.start < found.stop <= size
    else:
        assert expected == "whole"
        assert (found.status, found.start, found.stop) == (200, 0, size)
