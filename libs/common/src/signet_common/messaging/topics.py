"""Topic patterns as AMQP 0-9-1 has them (section 3.1.3.3): words between dots, `*` is one word, `#` none or more."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache


class Topics:
    """A set of patterns. Answers are remembered: the routing keys of a platform are few and repeat for ever."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = [tuple(pattern.split(".")) for pattern in patterns]
        self.match = lru_cache(maxsize=1024)(self._match)

    def _match(self, key: str) -> bool:
        words = key.split(".")
        return any(_matches(pattern, words) for pattern in self._patterns)


def _matches(pattern: Sequence[str], words: Sequence[str]) -> bool:
    """Walk the pattern once, keeping every count of words it may have consumed: no pattern costs exponential time."""
    consumed = {0}
    for part in pattern:
        if part == "#":
            consumed = set(range(min(consumed), len(words) + 1))
        else:
            consumed = {n + 1 for n in consumed if n < len(words) and part in ("*", words[n])}
        if not consumed:
            return False
    return len(words) in consumed
