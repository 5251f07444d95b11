"""Durations are told: in the log, to a collector where there is one, and always with how it ended."""

import logging
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from signet_common.observability.metrics import configure_metrics
from signet_common.observability.timing import record_durations_in, timed


class Kept:
    """Durations in memory."""

    def __init__(self) -> None:
        self.all: list[tuple[str, float, str]] = []

    def record(self, name: str, seconds: float, outcome: str) -> None:
        self.all.append((name, seconds, outcome))


@pytest.fixture
def kept() -> Iterator[Kept]:
    durations = Kept()
    record_durations_in(durations)
    yield durations
    record_durations_in(None)


def test_a_block_is_timed(kept: Kept) -> None:
    """By a clock that nobody sets back."""
    with timed("keyring.rotate"):
        time.sleep(0.02)
    [(name, seconds, outcome)] = kept.all
    assert (name, outcome) == ("keyring.rotate", "ok")
    assert seconds >= 0.02


def test_each_call_of_a_function_is_timed_and_it_stays_what_it_was(kept: Kept) -> None:
    """Calls inside each other and in threads do not mix."""

    @timed("factorial")
    def factorial(number: int) -> int:
        """Say so."""
        return 1 if number == 0 else number * factorial(number - 1)

    started = time.perf_counter()
    threads = [threading.Thread(target=factorial, args=(3,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (factorial(3), factorial.__name__, factorial.__doc__) == (6, "factorial", "Say so.")
    assert len(kept.all) == 5 * 4
    assert all(0 <= seconds <= time.perf_counter() - started for _, seconds, _ in kept.all)


def test_what_fails_is_timed_as_that_and_its_words_are_not_told(kept: Kept, caplog: Any) -> None:
    """An error's text may hold a secret; it goes on to whoever handles it."""
    caplog.set_level(logging.DEBUG)
    with pytest.raises(ValueError, match="a secret"), timed("sign"):
        raise ValueError("a secret")
    assert [(name, outcome) for name, _, outcome in kept.all] == [("sign", "ValueError")]
    assert "ValueError" in caplog.text
    assert "a secret" not in caplog.text


def test_a_slow_one_is_a_warning_and_the_others_are_for_debugging(caplog: Any) -> None:
    """So that a slow one is seen with the usual level."""
    caplog.set_level(logging.DEBUG)
    with timed("quick"):
        pass
    with timed("slow", slow=0.0):
        pass
    assert [(record.levelname, record.message.split(" ")[0]) for record in caplog.records] == [
        ("DEBUG", "quick"),
        ("WARNING", "slow"),
    ]


def test_a_generator_is_refused_where_it_is_written() -> None:
    """Its call returns before any of its work is done."""
    with pytest.raises(TypeError, match="numbers"):

        @timed("numbers")
        def numbers() -> Iterator[int]:
            yield 1

    with pytest.raises(TypeError):

        @timed("later")
        async def later() -> None:
            pass


def test_without_a_collector_nothing_is_kept(kept: Kept) -> None:
    """Configuring for none takes back what was there."""
    configure_metrics("test", None)
    with timed("x"):
        pass
    assert kept.all == []
