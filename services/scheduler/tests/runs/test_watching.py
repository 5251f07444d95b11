"""Runs whose worker has died: found by what does not happen, taken over or reported, never taken from the living."""

from dataclasses import dataclass, field

import pytest
from services.scheduler.tests.runs.house import House, policy_of

from signet_scheduler.adapters.outbound.running_runs import SqlRunningRuns
from signet_scheduler.application.attempts import Beat
from signet_scheduler.application.run_log import RunLog
from signet_scheduler.application.watch_runs import BLIND_SECONDS, LEASE_SECONDS, Sign, WatchRuns
from signet_scheduler.domain.endings import MOST_DEATHS, Ending

STEP = BLIND_SECONDS / 2


@dataclass
class Watching:
    """A watcher that looks every few seconds of its own clock, which starts anywhere."""

    house: House
    at: float = 1e6
    watch: WatchRuns = field(init=False)

    def __post_init__(self) -> None:
        self.watch = self.house.watcher(lambda: self.at)

    def look(self, seconds: float = LEASE_SECONDS) -> None:
        """For so long."""
        self.watch()
        end = self.at + seconds
        while self.at < end:
            self.at += STEP
            self.watch()


@pytest.fixture
def watching(house: House) -> Watching:
    return Watching(house)


def test_a_run_whose_worker_died_is_begun_again(house: House, watching: Watching) -> None:
    """Not before the lease is over, at once then, and the dead worker's outcome does not count any more."""
    run_id = house.add("alone")
    with house.worker("dead") as dead:
        claimed = dead.claim(run_id, 1)
        assert claimed
        watching.look(LEASE_SECONDS - STEP)
        assert house.state(run_id) == "running"
        watching.look(STEP)
        assert (house.state(run_id), house.attempts(run_id)) == ("waiting", [(1, "interrupted")])
        assert house.run(run_id)["wake_at"] == house.clock()
        assert dead.complete(claimed, Ending("succeeded"), policy_of("alone"), RunLog(1)) is None
        assert dead.beat([Beat(run_id, 1, RunLog(1))]).lost == {run_id}
    assert house.attempt(run_id, 2, "living") == "succeeded"
    assert house.attempts(run_id) == [(1, "interrupted"), (2, "succeeded")]
    assert house.told(run_id) == ["succeeded"]


def test_a_job_that_may_not_be_repeated_is_reported(house: House, watching: Watching) -> None:
    """Once, to whoever watches the audit log; nobody begins it again."""
    run_id = house.add("fragile", max_attempts=9)
    with house.worker("dead") as dead:
        assert dead.claim(run_id, 1)
    watching.look()
    watching.look()
    assert (house.state(run_id), house.told(run_id)) == ("interrupted", ["interrupted"])
    assert "no sign of life" in house.run(run_id)["error"]
    assert house.attempt(run_id, 2) is None


def test_a_run_that_kills_its_workers_comes_to_an_end(house: House, watching: Watching) -> None:
    """Or it would kill them all."""
    run_id = house.add()
    for attempt in range(1, MOST_DEATHS + 2):
        assert house.state(run_id) == "waiting"
        with house.worker(f"dead {attempt}") as dead:
            assert dead.claim(run_id, attempt)
        watching.look()
    assert (house.state(run_id), house.told(run_id)) == ("failed", ["failed"])


@pytest.mark.parametrize("jump", [-86_400, 86_400])
def test_a_clock_that_jumps_takes_no_run_from_a_living_worker(house: House, watching: Watching, jump: float) -> None:
    """Neither the database's times nor the machine's are asked; only whether something happens."""
    run_id = house.add()
    with house.worker() as rows:
        claimed = rows.claim(run_id, 1)
        assert claimed
        for _ in range(5):
            watching.look(LEASE_SECONDS - STEP)
            house.clock.later(seconds=jump)
            rows.beat([Beat(run_id, 1, RunLog(1))])
        assert house.state(run_id) == "running"
        assert rows.complete(claimed, Ending("succeeded"), policy_of("free"), RunLog(1)) == "succeeded"


def test_a_watcher_that_was_blind_waits_anew(house: House, watching: Watching) -> None:
    """While the database was away no worker could give a sign of life either."""
    run_id = house.add()
    with house.worker() as rows:
        assert rows.claim(run_id, 1)
        watching.look(LEASE_SECONDS - STEP)
        watching.at += 600
        watching.look(LEASE_SECONDS - STEP)
        assert house.state(run_id) == "running"


@pytest.mark.parametrize("stale", [Sign(1, "free", 1, 7), Sign(1, "free", 2, 0), Sign(2, "free", 1, 0)])
def test_a_sign_of_life_at_the_last_moment_saves_the_run(house: House, stale: Sign) -> None:
    """Between the look and the end of the attempt the worker may have come back."""
    assert house.add() == 1
    with house.worker() as rows:
        assert rows.claim(1, 1)
    running = SqlRunningRuns(house.database, frozenset(), house.clock)
    assert running.abandon(stale, Ending("interrupted"), policy_of("free")) is None
    assert house.state(1) == "running"


def test_of_two_watchers_one_ends_the_attempt(house: House) -> None:
    """Both see the same silence."""
    run_id = house.add("fragile")
    with house.worker() as rows:
        assert rows.claim(run_id, 1)
    for watching in (Watching(house), Watching(house)):
        watching.look()
    assert (house.attempts(run_id), house.told(run_id)) == ([(1, "interrupted")], ["interrupted"])
