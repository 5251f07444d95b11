"""Topic patterns, as AMQP defines them."""

from __future__ import annotations

import pytest

from signet_common.messaging.topics import Topics


@pytest.mark.parametrize(
    ("pattern", "key", "matches"),
    [
        ("#", "a.b.c", True),
        ("#", "", True),
        ("a.b.c", "a.b.c", True),
        ("a.b.c", "a.b", False),
        ("a.b", "a.b.c", False),
        ("a.*", "a.b", True),
        ("a.*", "a", False),
        ("a.*", "a.b.c", False),
        ("*.b.*", "a.b.c", True),
        ("a.#", "a", True),
        ("a.#", "a.b.c", True),
        ("a.#", "ab", False),
        ("#.c", "c", True),
        ("#.c", "a.b.c", True),
        ("#.c", "a.c.b", False),
        ("a.#.c", "a.c", True),
        ("a.#.c", "a.b.b.c", True),
        ("a.#.c.#", "a.b.c.d", True),
        ("#.#", "", True),
        ("*.#", "a", True),
        ("*.#", "a.b", True),
        ("identity.user.*", "identityXuser.insert", False),
    ],
)
def test_words_match_as_on_a_broker(pattern: str, key: str, matches: bool) -> None:
    """A binding must mean the same on both buses."""
    assert Topics([pattern]).match(key) is matches


def test_one_matching_pattern_is_enough_and_none_matches_nothing() -> None:
    """Bindings add up."""
    assert Topics(["a", "b"]).match("b")
    assert not Topics([]).match("b")


def test_a_pattern_full_of_wildcards_costs_no_exponential_time() -> None:
    """Ends at once; a matcher that tries every split would not end at all."""
    assert not Topics([".".join(["#"] * 40 + ["x"])]).match(".".join(["a"] * 200))
