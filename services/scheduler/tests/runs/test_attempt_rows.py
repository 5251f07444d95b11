"""The rows of attempts on each engine: one worker begins an attempt, and one outcome is written."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from services.scheduler.tests.runs.house import House, policy_of

from signet_scheduler.adapters.outbound.attempt_claims import Claim
from signet_scheduler.adapters.outbound.attempt_rows import End
from signet_scheduler.application.attempts import Beat, Claimed
from signet_scheduler.application.run_log import RunLog
from signet_scheduler.domain.endings import Ending

DONE = Ending("succeeded", result={"n": 1})
FREE = policy_of("free")


def alive(claimed: Claimed, log: RunLog) -> Beat:
    return Beat(claimed.run_id, claimed.attempt, log)


def test_of_three_workers_with_the_same_messages_each_run_is_begun_by_one(any_house: House) -> None:
    """A message too many, a replica too many: the row decides, on every engine."""
    house, runs, names = any_house, [any_house.add() for _ in range(8)], "abc"

    def claims(name: str) -> list[tuple[str, int]]:
        with house.worker(name) as rows, ThreadPoolExecutor(4) as threads:
            claimed = threads.map(lambda run_id: rows.claim(run_id, 1), [run_id for run_id in runs for _ in range(2)])
            return [(name, each.run_id) for each in claimed if each]

    with ThreadPoolExecutor(3) as workers:
        begun = [pair for pairs in workers.map(claims, names) for pair in pairs]
    assert sorted(run_id for _, run_id in begun) == runs
    assert [(house.run(run_id)["worker"], run_id) for _, run_id in begun] == begun
    assert [house.attempts(run_id) for run_id in runs] == [[(1, None)]] * len(runs)


@pytest.mark.parametrize("state", ["running", "succeeded", "cancelled", "skipped"])
def test_what_does_not_wait_is_not_begun(house: House, state: str) -> None:
    """Somebody may have cancelled it while its message was on its way."""
    run_id = house.add(run_state=state)
    with house.worker() as rows:
        assert rows.claim(run_id, 1) is None
        assert rows.claim(run_id + 1, 1) is None
    assert (house.state(run_id), house.attempts(run_id)) == (state, [])


def test_an_attempt_that_is_not_the_next_one_is_not_begun(house: House) -> None:
    """A message of long ago, or of nobody."""
    run_id = house.add(attempts=2)
    with house.worker() as rows:
        assert [rows.claim(run_id, attempt) for attempt in (0, 1, 2, 4)] == [None] * 4
        assert rows.claim(run_id, 3)


def test_a_stale_outcome_does_not_make_room_for_an_overlap(house: House) -> None:
    """It arrives in the very transaction in which another run of the job asks to begin."""
    first, second = house.add("alone"), house.add("alone")
    with house.worker("stale") as stale, house.worker("b") as b:
        claimed = stale.claim(first, 1)
        assert claimed
        house.change(first, run_state="waiting")
        assert b.claim(first, 2)
        entries = [End(claimed, DONE, policy_of("alone"), RunLog(1)), Claim(second, 1)]
        assert stale.write(entries) == [None, None]


def test_of_runs_that_must_not_overlap_two_workers_begin_one(any_house: House) -> None:
    """Each sees a run that is free; only together they see that it is one too many."""
    house = any_house
    for _ in range(5):
        first, second = house.add("alone"), house.add("alone")
        with house.worker("a") as a, house.worker("b") as b, ThreadPoolExecutor(2) as threads:
            claimed = [*threads.map(lambda call: call[0].claim(call[1], 1), [(a, first), (b, second)])]
            assert [bool(each) for each in claimed].count(True) == 1
            (begun,) = (each for each in claimed if each)
            owner, other = (a, second) if claimed[0] else (b, first)
            house.change(other, wake_at=house.clock() + timedelta(seconds=30))
            house.clock.later(seconds=1)
            assert owner.complete(begun, DONE, policy_of("alone"), RunLog(1)) == "succeeded"
            assert house.run(other)["wake_at"] == house.clock()
            assert owner.claim(other, 1)
        house.change(other, run_state="cancelled")


def test_an_attempt_is_completed_once_and_by_its_worker(any_house: House) -> None:
    """Two completions: the second finds the fence."""
    house, run_id = any_house, any_house.add()
    with house.worker("a") as a, house.worker("b") as b:
        claimed = a.claim(run_id, 1)
        assert claimed
        assert b.complete(claimed, DONE, FREE, RunLog(1)) is None
        assert a.complete(claimed, DONE, FREE, RunLog(1)) == "succeeded"
        assert a.complete(claimed, Ending("failed", "x", final=True), FREE, RunLog(1)) is None
    assert (house.state(run_id), house.attempts(run_id)) == ("succeeded", [(1, "succeeded")])
    assert house.told(run_id) == ["succeeded"]


def test_signs_of_life_bring_lines_and_hear_what_has_changed(any_house: House) -> None:
    """One statement for all runs of the worker; another's row is not touched."""
    house, runs = any_house, [any_house.add() for _ in range(3)]
    with house.worker("a") as rows:
        works = [(claimed, RunLog(1)) for run_id in runs if (claimed := rows.claim(run_id, 1))]
        for _, log in works:
            log.add(house.clock(), "INFO", "x")
        house.change(runs[1], cancel_asked=True)
        house.change(runs[2], worker="b")
        pulse = rows.beat([alive(*work) for work in works])
        assert (pulse.cancelled, pulse.lost) == ({runs[1]}, {runs[2]})
        rows.beat([alive(*work) for work in works])
    assert [house.run(run_id)["beats"] for run_id in runs] == [2, 2, 0]
    assert [house.log(run_id) for run_id in runs] == [[(1, 1, "x")], [(1, 1, "x")], []]


def test_what_cannot_be_written_spoils_nobody_elses_outcome(any_house: House) -> None:
    """Outcomes share transactions."""
    house, runs = any_house, [any_house.add() for _ in range(4)]

    class Broken(RunLog):
        def unsaved(self):
            raise RuntimeError("nothing to be had")

    with house.worker() as rows, ThreadPoolExecutor(4) as threads:
        claimed = [rows.claim(run_id, 1) for run_id in runs]
        logs = [Broken(1), *(RunLog(1) for _ in range(3))]
        ends = [threads.submit(rows.complete, each, DONE, FREE, log) for each, log in zip(claimed, logs, strict=True)]
        assert [bool(end.exception(60)) for end in ends] == [True, False, False, False]
    assert house.states() == ["running", "succeeded", "succeeded", "succeeded"]


def test_an_attempt_that_was_handed_back_makes_room_for_another_last_one(house: House) -> None:
    """Who ends something with the last attempt must not end it while the run goes on."""
    run_id = house.add(max_attempts=2)
    with house.worker() as rows:
        lasts = []
        for attempt, outcome in ((1, "handed_back"), (2, "failed"), (3, "failed")):
            claimed = rows.claim(run_id, attempt)
            assert claimed
            lasts.append(claimed.last)
            state = rows.complete(claimed, Ending(outcome, "x"), FREE, RunLog(attempt))
    assert (lasts, state) == ([False, False, True], "failed")


def test_an_error_that_no_engine_stores_is_spelled_out(any_house: House) -> None:
    """The outcome of work that has been done would be lost with it, and the work be done again for ever."""
    house, run_id, log = any_house, any_house.add(), RunLog(1)
    log.add(house.clock(), "INFO", "\udcff\0")
    with house.worker() as rows:
        claimed = rows.claim(run_id, 1)
        assert claimed
        rows.beat([alive(claimed, log)])
        assert rows.complete(claimed, Ending("failed", "no \udcff\0", final=True), FREE, log) == "failed"
    assert house.run(run_id)["error"] == r"no \udcff\x00"
    assert house.log(run_id) == [(1, 1, r"\udcff\x00")]
