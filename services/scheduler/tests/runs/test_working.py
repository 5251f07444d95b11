"""From a row that waits to the row that tells what came of it, through Dramatiq's in-process broker."""

import logging
import threading
import time
from datetime import timedelta

import pytest
from dramatiq.worker import WorkerThread
from services.scheduler.tests.runs.house import JOBS, START, House, until

from signet_scheduler.adapters.inbound.actor import DeadLetters
from signet_scheduler.adapters.outbound.embedded_broker import EmbeddedBell, EmbeddedBroker
from signet_scheduler.application.jobs import NotRetryable, RunContext
from signet_scheduler.application.services import ServiceUnavailable

logger = logging.getLogger("signet_scheduler.tests")


def ended(house: House, run_id: int) -> str:
    until(lambda: house.run(run_id)["ended_at"])
    return house.state(run_id)


def test_a_due_run_is_done_and_tells_what_came_of_it(house: House) -> None:
    """State, result, times, worker, trace, attempt and event: all that anybody can ask about it."""
    house.does = lambda context: {"attempt": context.attempt}
    run_id = house.add()
    with house.working():
        assert ended(house, run_id) == "succeeded"
    run = house.run(run_id)
    assert (run["result"], run["error"], run["attempts"]) == ('{"attempt": 1}', None, 1)
    assert None not in (run["started_at"], run["worker"])
    assert len(run["trace_id"]) == 32
    assert house.attempts(run_id) == [(1, "succeeded")]
    assert house.told(run_id) == ["succeeded"]


def test_what_a_job_logs_is_kept_with_its_run_and_nobody_elses(house: House) -> None:
    """Two jobs that log at the same time must not be mixed up."""
    together = threading.Barrier(2)

    def talk(context: RunContext) -> None:
        together.wait(60)
        logger.warning("I am %d", context.run_id)

    house.does = talk
    runs = [house.add(), house.add()]
    with house.working():
        assert [ended(house, run_id) for run_id in runs] == ["succeeded", "succeeded"]
    assert [house.log(run_id) for run_id in runs] == [[(1, 1, f"I am {run_id}")] for run_id in runs]


def test_a_log_can_be_followed_while_the_job_runs(house: House) -> None:
    """An hour is too long to wait for its first line."""
    go_on = threading.Event()

    def talk(context: RunContext) -> None:
        logger.warning("begun")
        go_on.wait(60)
        logger.warning("done")

    house.does = talk
    run_id = house.add()
    with house.working():
        until(lambda: house.log(run_id) == [(1, 1, "begun")])
        assert house.state(run_id) == "running"
        go_on.set()
        ended(house, run_id)
    assert house.log(run_id) == [(1, 1, "begun"), (2, 1, "done")]


def test_a_failed_attempt_waits_and_the_next_one_goes_on_in_the_same_log(house: House) -> None:
    """The row waits, and no message does."""

    def fail_once(context: RunContext) -> None:
        logger.warning("attempt %d", context.attempt)
        if context.attempt == 1:
            raise RuntimeError("no luck")

    house.does = fail_once
    run_id = house.add()
    with house.working():
        until(lambda: house.attempts(run_id) == [(1, "failed")])
        assert house.state(run_id) == "waiting"
        house.clock.later(seconds=9)
        time.sleep(0.2)
        assert house.state(run_id) == "waiting"
        house.clock.later(seconds=2)
        assert ended(house, run_id) == "succeeded"
    assert house.attempts(run_id) == [(1, "failed"), (2, "succeeded")]
    lines = house.log(run_id)
    assert [line[:2] for line in lines] == [(1, 1), (2, 1), (3, 2)]
    assert "RuntimeError: no luck" in lines[1][2]


def test_a_failure_that_was_to_be_expected_is_one_line(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """Nobody needs a line of code to see that a server was away, and a traceback calls for whoever wrote the code."""

    def fail_once(context: RunContext) -> None:
        if context.attempt == 1:
            raise ServiceUnavailable("files is away")

    house.does = fail_once
    run_id = house.add()
    with house.working():
        until(lambda: house.attempts(run_id) == [(1, "failed")])
        house.clock.later(seconds=11)
        ended(house, run_id)
    assert [text for *_, text in house.log(run_id)] == ["the attempt has failed: ServiceUnavailable: files is away"]
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("error", [NotRetryable("never"), RuntimeError("never")])
def test_a_run_that_failed_for_good_says_why_and_its_message_is_set_aside(house: House, error: Exception) -> None:
    """The row explains the dead letter."""

    def fail(_context: RunContext) -> None:
        raise error

    house.does = fail
    run_id = house.add(max_attempts=3 if isinstance(error, NotRetryable) else 1)
    broker = EmbeddedBroker([DeadLetters()])
    with house.working(broker, EmbeddedBell(broker)):
        assert ended(house, run_id) == "failed"
        until(lambda: broker.dead_letters)
    assert [message.args for message in broker.dead_letters] == [(run_id, 1)]
    assert "never" in house.run(run_id)["error"]
    assert house.told(run_id) == ["failed"]


def busy(_context: RunContext) -> None:
    """What can be stopped from outside: it runs Python."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        time.sleep(0.001)


def test_a_job_that_takes_too_long_is_stopped(house: House) -> None:
    """Or it would keep its thread for ever."""
    house.does = busy
    run_id = house.add("hasty")
    with house.working():
        assert ended(house, run_id) == "failed"
    assert house.attempts(run_id) == [(1, "timed_out")]
    assert "0.2 seconds" in house.run(run_id)["error"]


def test_a_running_job_is_stopped_when_somebody_asks_for_it(house: House) -> None:
    """Whoever asks writes into the row; the worker reads it with its next sign of life."""
    house.does = busy
    run_id = house.add()
    with house.working():
        until(lambda: house.state(run_id) == "running")
        house.change(run_id, cancel_asked=True)
        assert ended(house, run_id) == "cancelled"
    assert house.attempts(run_id) == [(1, "cancelled")]
    assert house.told(run_id) == ["cancelled"]


def test_a_job_is_told_the_time_that_its_run_is_for_in_every_attempt(house: House) -> None:
    """The slot's, or when it was asked for: not that of an attempt, which may come a day later."""
    told, slot = [], START - timedelta(days=3)
    house.does = lambda context: told.append(context.due_at)
    for run_id in (house.add(), house.add(scheduled_at=slot)):
        house.clock.later(days=1)
        assert house.attempt(run_id) == "succeeded"
    assert told == [START, slot]


def test_a_worker_that_stops_lets_its_jobs_finish(house: House) -> None:
    """Within its grace, and begins nothing new."""
    begun = threading.Event()

    def take_a_while(_context: RunContext) -> None:
        begun.set()
        time.sleep(0.5)

    house.does = take_a_while
    run_id = house.add()
    with house.working() as stop:
        begun.wait(60)
        stop.set()
        late = house.add()
    assert [house.state(run_id), house.state(late)] == ["succeeded", "waiting"]


def test_a_worker_that_is_told_to_stop_while_it_starts_ends(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread of Dramatiq that has not run yet forgets that it was told to end, and would be waited for for ever."""
    run = WorkerThread.run

    def late(thread: WorkerThread) -> None:
        time.sleep(0.1)
        run(thread)

    monkeypatch.setattr(WorkerThread, "run", late)
    with house.working() as stop:
        stop.set()


def test_a_worker_that_has_to_stop_hands_back_what_can_be_repeated(house: House) -> None:
    """At once, without a death to be noticed, and without an attempt used up; what may not be repeated finishes."""
    go_on = threading.Event()

    def work(context: RunContext) -> None:
        if context.run_id == fragile:
            go_on.wait(60)
        else:
            busy(context)

    house.does = work
    run_id, fragile = house.add(), house.add("fragile")
    with house.working(grace_seconds=0.1) as stop:
        until(lambda: house.states() == ["running", "running"])
        stop.set()
        until(lambda: house.state(run_id) == "waiting")
        assert house.state(fragile) == "running"
        go_on.set()
    assert house.attempts(run_id) == [(1, "handed_back")]
    assert house.run(run_id)["max_attempts"] == JOBS["free"].retry.max_attempts + 1
    assert house.state(fragile) == "succeeded"


def test_what_is_not_to_be_stopped_finishes_beyond_the_grace(house: House) -> None:
    """Its job says so for a stretch that it could not repeat without harm."""
    begun, go_on = threading.Event(), threading.Event()

    def work(context: RunContext) -> None:
        with context.unstopped():
            begun.set()
            go_on.wait(60)

    house.does = work
    run_id = house.add()
    with house.working(grace_seconds=0) as stop:
        begun.wait(60)
        stop.set()
        time.sleep(0.3)
        go_on.set()
    assert house.attempts(run_id) == [(1, "succeeded")]


def test_runs_of_a_job_that_does_not_overlap_follow_each_other(house: House) -> None:
    """Whoever was put off is woken when the other one ends, and does not wait for half a minute."""
    under_way, most = [0], [0]

    def work(_context: RunContext) -> None:
        under_way[0] += 1
        most[0] = max(most[0], under_way[0])
        time.sleep(0.1)
        under_way[0] -= 1

    house.does = work
    runs = [house.add("alone") for _ in range(4)]
    with house.working():
        for run_id in runs:
            assert ended(house, run_id) == "succeeded"
    assert most == [1]


def test_a_job_that_this_worker_does_not_know_is_left_to_one_that_does(house: House) -> None:
    """While a new release is rolled out, its runs reach workers of the old one."""
    run_id = house.add()
    house.change(run_id, job_name="gone")
    assert house.attempt(run_id) is None
    assert (house.state(run_id), house.attempts(run_id)) == ("waiting", [])


def test_a_job_that_nobody_knows_for_a_day_fails_with_that_word(house: House) -> None:
    """A row that nobody can ever claim would be told of for ever."""
    run_id = house.add()
    house.change(run_id, job_name="gone")
    house.clock.later(days=1, seconds=1)
    assert house.attempt(run_id) == "failed"
    assert house.run(run_id)["error"] == "there is no job gone"


@pytest.mark.parametrize("written", ["{", "[1]", "[" * 100_000])
def test_a_run_whose_arguments_somebody_has_spoiled_fails_with_that_word(house: House, written: str) -> None:
    """Nobody could ever claim it, and whoever tried would fail."""
    run_id = house.add(arguments=written)
    assert house.attempt(run_id) == "failed"
    assert house.run(run_id)["error"] == "the arguments in its row are no JSON object"


@pytest.mark.parametrize("result", [{"x": object()}, {"x": float("nan")}, {"x": "y" * 70_000}])
def test_a_result_that_cannot_be_kept_fails_the_attempt(house: House, result: dict[str, object]) -> None:
    """Rather than the outcome getting lost."""
    house.does = lambda _context: result
    run_id = house.add(max_attempts=1)
    with house.working():
        assert ended(house, run_id) == "failed"
    assert "Error: " in house.run(run_id)["error"]
