"""Waiting for what has to happen, but not at once: audit records travel over the bus."""

import time
from collections.abc import Callable
from typing import TypeVar

POLL_SECONDS = 0.05

Result = TypeVar("Result")


def eventually(ask: Callable[[], Result], seconds: float = 15.0, what: str = "what was waited for") -> Result:
    """The first answer that is true; an AssertionError when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds:.0f} s; last answer: {answer!r}"
        time.sleep(POLL_SECONDS)
    return answer
