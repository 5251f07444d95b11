"""Keys travel as text in settings; a slip there must stop the process instead of weakening it."""

import pytest

from signet_common.passport import KeysMalformed, derive_key, format_keys, parse_keys


def test_keys_survive_their_text_form() -> None:
    keys = {"gateway": {"k2": derive_key(b"m" * 32, "gateway", "x"), "k1": b"o" * 32}, "scheduler": {"k1": b"s" * 32}}
    assert parse_keys(format_keys(keys)) == keys


def test_each_pair_has_its_own_key() -> None:
    """A leaked key must open one door only, in one direction."""
    pairs = [("a", "b"), ("b", "a"), ("a", "c"), ("ab", "")]
    assert len({derive_key(b"m" * 32, *pair) for pair in pairs}) == len(pairs)


@pytest.mark.parametrize("text", ["x", "a:b", "a:b:c:d", ":k:AAAA", "a:k:!!", "a:k:AAAA"])
def test_malformed_text_is_named_without_showing_it(text: str) -> None:
    with pytest.raises(KeysMalformed, match="passport key 1"):
        parse_keys(text)
