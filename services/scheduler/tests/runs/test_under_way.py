"""An attempt is stopped while its handler runs, and never a moment later."""

import threading
import time
from contextlib import suppress

import pytest
from services.scheduler.tests.runs.house import START

from signet_scheduler.adapters.inbound.work_loop import raise_in_thread
from signet_scheduler.application.attempts import Claimed
from signet_scheduler.application.run_log import MAX_LINES, RunLog
from signet_scheduler.application.under_way import Cancelled, HandedBack, TimedOut, UnderWay, Work

CLAIMED = Claimed(1, 1, "free", {}, START, "")


def work(*, deadline: float = 1e9, idempotent: bool = True) -> Work:
    return Work(CLAIMED, deadline=deadline, idempotent=idempotent, log=RunLog(1), raise_in=raise_in_thread)


def spin() -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        time.sleep(0.0001)


def test_what_is_stopped_at_any_moment_is_stopped_inside_or_not_at_all() -> None:
    """Afterwards its row is written: an exception there would leave a run that nobody works for."""
    for turn in range(300):
        attempt, begun = work(), threading.Event()

        def stop(attempt: Work = attempt, begun: threading.Event = begun, turn: int = turn) -> None:
            begun.wait()
            time.sleep(turn * 1e-6)
            attempt.stop(Cancelled)

        stopper = threading.Thread(target=stop)
        stopper.start()
        with suppress(Cancelled):
            attempt.run(begun.set)
        stopper.join()
        attempt.stop(Cancelled)
        for _ in range(100):
            assert time.monotonic()


def test_what_a_handler_catches_for_itself_does_not_swallow_it() -> None:
    """Handlers say `except Exception` around what may fail."""

    attempt, begun = work(), threading.Event()

    def stubborn() -> None:
        while True:
            try:
                begun.set()
                spin()
            except Exception:  # noqa: BLE001
                continue

    def stop() -> None:
        begun.wait()
        attempt.stop(TimedOut)

    threading.Thread(target=stop).start()
    with pytest.raises(TimedOut):
        attempt.run(stubborn)


def stop_from_outside(attempt: Work) -> None:
    """What a stop raises arrives in the thread that it is meant for while that waits here."""
    stopper = threading.Thread(target=attempt.stop, args=[HandedBack])
    stopper.start()
    stopper.join()
    time.sleep(0.001)


def test_a_stretch_that_is_not_to_be_stopped_is_not() -> None:
    """What it does cannot be taken back, and would be unknown; whoever wants the end asks again."""
    attempt, done = work(), []

    def handler() -> None:
        with attempt.unstopped():
            stop_from_outside(attempt)
            done.append("inside")
        stop_from_outside(attempt)
        done.append("after it")

    with pytest.raises(HandedBack):
        attempt.run(handler)
    assert done == ["inside"]


def test_only_what_can_be_repeated_is_handed_back_and_only_the_late_time_out() -> None:
    """The rest is left to finish."""
    under_way, stopped = UnderWay(monotonic=lambda: 10.0), []
    for number, (deadline, idempotent) in enumerate([(11, True), (9, False)]):
        attempt = Work(
            Claimed(number, 1, "free", {}, START, ""), deadline=deadline, idempotent=idempotent, log=RunLog(1),
            raise_in=lambda _thread, reason, number=number: stopped.append((number, reason)),
        )  # fmt: skip
        under_way.begin(attempt)
    inside = [*under_way.works()]
    inside[0].run(lambda: inside[1].run(lambda: (under_way.hand_back(), under_way.stop_late_ones())))
    assert stopped == [(0, HandedBack), (1, TimedOut)]


def test_a_log_ends_somewhere() -> None:
    """A job that logs in a loop must not fill the disk."""
    log = RunLog(2, first_line=MAX_LINES - 2)
    for number in range(9):
        log.add(None, "INFO", f"{number}" * 5_000)  # type: ignore[arg-type]
    lines = log.unsaved()
    assert [line.line for line in lines] == [MAX_LINES - 2, MAX_LINES - 1, MAX_LINES]
    assert len(lines[0].text) == 2_000
    assert "not kept" in lines[-1].text
