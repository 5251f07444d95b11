"""Readers: from the text of a variable to a value, or a ValueError that says what was wanted and never the text.

`Annotated[int, whole_number(least=1)]` is how a setting names its reader.
"""

import math
import re
from collections.abc import Callable


def matching(pattern: str, wanted: str) -> Callable[[str], str]:
    """Take a text that matches `pattern` from end to end; `wanted` describes it to whoever deploys."""
    expression = re.compile(pattern)

    def read(text: str) -> str:
        if not expression.fullmatch(text):
            raise ValueError(f"is not {wanted}")
        return text

    return read


def one_of(*words: str) -> Callable[[str], str]:
    """Take one of `words`."""
    return matching("|".join(map(re.escape, words)), f"one of {', '.join(words)}")


def whole_number(*, least: int, most: float = math.inf) -> Callable[[str], int]:
    """Take a decimal whole number of [least, most]."""

    def read(text: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,18}", text) or not least <= int(text) <= most:
            raise ValueError(f"is not a whole number {_limits(least, most)}")
        return int(text)

    return read


def number(*, above: float) -> Callable[[str], float]:
    """Take a finite decimal number greater than `above`."""

    def read(text: str) -> float:
        if not re.fullmatch(r"-?[0-9]+(?:\.[0-9]+)?", text) or not above < float(text) < math.inf:
            raise ValueError(f"is not a number above {above:g}")
        return float(text)

    return read


def _limits(least: int, most: float) -> str:
    return f"of at least {least}" if most == math.inf else f"from {least} to {most}"
