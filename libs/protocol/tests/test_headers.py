"""Header values have one reading, or none."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from signet_protocol.headers import (
    WINDOW_SECONDS,
    HeaderInvalid,
    NonceInvalid,
    ProtocolError,
    TimestampInvalid,
    check_header_value,
    check_nonce,
    new_nonce,
    parse_timestamp,
    within_window,
)

NONCE_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
PRINTABLE = [chr(code) for code in range(0x20, 0x7F)]


@given(seconds=st.integers(1_000_000_000, 9_999_999_999))
def test_ten_digit_timestamps_are_read(seconds: int) -> None:
    """Every time between 2001 and 2286 has exactly one spelling."""
    assert parse_timestamp(str(seconds)) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "0767225600",
        "176722560",
        "17672256000",
        "1767225600.0",
        "+767225600",
        "-767225600",
        " 1767225600",
        "1767225600\n",
        "1_67225600",
        "17672256٠٠",
        "1.76722e+9",
    ],
)
def test_other_spellings_of_a_timestamp_are_refused(text: str) -> None:
    """Python's int() takes most of these; the protocol takes none."""
    with pytest.raises(TimestampInvalid) as refusal:
        parse_timestamp(text)
    assert refusal.value.field == "X-Timestamp"


@given(text=st.text())
@example("1767225600")
def test_a_timestamp_is_ten_ascii_digits_or_refused(text: str) -> None:
    """No third outcome: a value or TimestampInvalid."""
    if re.fullmatch("[1-9][0-9]{9}", text):
        assert parse_timestamp(text) == int(text)
    else:
        with pytest.raises(TimestampInvalid):
            parse_timestamp(text)


@given(now=st.integers(1_000_000_000, 9_999_999_999), distance=st.integers(-1000, 1000))
def test_window_is_300_seconds_either_way_inclusive(now: int, distance: int) -> None:
    """Client clocks run fast as well as slow."""
    assert within_window(now + distance, now) == (abs(distance) <= 300)


def test_window_edges_are_inside() -> None:
    """The edge is where implementations differ first."""
    assert within_window(1_767_225_600 - WINDOW_SECONDS, 1_767_225_600)
    assert within_window(1_767_225_600 + WINDOW_SECONDS, 1_767_225_600)
    assert not within_window(1_767_225_600 - WINDOW_SECONDS - 1, 1_767_225_600)


@given(nonce=st.text(NONCE_ALPHABET, min_size=16, max_size=64))
def test_well_spelled_nonces_are_taken(nonce: str) -> None:
    """16 to 64 characters of the base64url alphabet."""
    check_nonce(nonce)


@pytest.mark.parametrize(
    "nonce", ["", "a" * 15, "a" * 65, "a" * 16 + "\n", "a" * 15 + "=", "a" * 15 + "é", "a" * 8 + " " + "a" * 8]
)
def test_other_nonces_are_refused(nonce: str) -> None:
    """A nonce is a key in a store: its length and alphabet are bounded."""
    with pytest.raises(NonceInvalid) as refusal:
        check_nonce(nonce)
    assert refusal.value.field == "X-Nonce"


def test_new_nonces_are_well_spelled_and_differ() -> None:
    """The SDK's own nonces must pass the gateway."""
    nonces = {new_nonce() for _ in range(100)}
    assert len(nonces) == 100
    for nonce in nonces:
        check_nonce(nonce)


@given(
    before=st.text(" \t"),
    value=st.text(PRINTABLE, min_size=1).filter(lambda text: text == text.strip()),
    after=st.text(" \t"),
)
def test_outer_space_and_tab_are_trimmed(before: str, value: str, after: str) -> None:
    """Servers differ in what they trim; the signature must not."""
    assert check_header_value("If-Match", before + value + after) == value


@pytest.mark.parametrize("text", ["", " ", "\t \t"])
def test_present_but_empty_is_refused(text: str) -> None:
    """It would sign like an absent header and mean something else."""
    with pytest.raises(HeaderInvalid) as refusal:
        check_header_value("If-Match", text)
    assert refusal.value.field == "If-Match"
    assert "empty" in refusal.value.message


@pytest.mark.parametrize("text", ["a\tb", "a\nb", "a\rb", "a\x00b", "a\x7f", "é", "数", "a\x0b", "\xa0a", "a\n"])
def test_anything_but_printable_ascii_is_refused(text: str) -> None:
    """A line feed in a value would let two requests share one string to sign."""
    with pytest.raises(ProtocolError) as refusal:
        check_header_value("Idempotency-Key", text)
    assert refusal.value.field == "Idempotency-Key"


@given(text=st.text())
def test_a_value_that_is_taken_holds_no_line_break(text: str) -> None:
    """The lines of the string to sign stay fifteen, whatever a client sends."""
    try:
        value = check_header_value("Range", text)
    except HeaderInvalid:
        return
    assert value
    assert all(0x20 <= ord(character) <= 0x7E for character in value)
