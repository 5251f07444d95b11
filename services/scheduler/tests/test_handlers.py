"""Every job that can be asked for is a job that somebody does."""

from datetime import timedelta
from pathlib import Path

import pytest
from services.scheduler.tests.runs.house import START, House

from signet_common.keyring.document import create_keyring
from signet_scheduler.application.drills import DrillFailed, RunDrill
from signet_scheduler.application.jobs import RunContext
from signet_scheduler.application.shipped_jobs import ERASE_OLD_RUNS, SHIPPED, Drill, EraseOldRuns
from signet_scheduler.bootstrap.handlers import handlers
from signet_scheduler.domain.mail_destination import FileOutbox
from signet_scheduler.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Those of a deployment, whose database is another one."""
    create_keyring(tmp_path / "keyring.json")
    return Settings(
        database_url="sqlite://",
        bus_url="sqlite:/unused",
        keyring=tmp_path / "keyring.json",
        smtp_url=FileOutbox(tmp_path / "mail"),
    )


def test_every_declared_job_has_a_handler_and_no_handler_is_left_over(settings: Settings, house: House) -> None:
    """A job without one would be taken by a worker and fail there."""
    assert handlers(settings, house.database).keys() == {job.name for job in SHIPPED}


def test_a_drill_takes_its_time_and_fails_when_it_shall() -> None:
    """Whoever tries their alarms wants one to go off."""
    slept: list[float] = []
    drill = RunDrill(slept.append)
    drill(Drill(seconds=3), RunContext(1, 1, START))
    assert slept == [1, 1, 1]
    with pytest.raises(DrillFailed):
        drill(Drill(fails=True), RunContext(1, 1, START))


def test_runs_that_ended_long_ago_are_erased_with_all_that_belongs_to_them(settings: Settings, house: House) -> None:
    """And nothing else: neither what ended lately, nor what has not ended."""
    with house.working():
        old, lately = house.add(), house.add()
        house.wait_until_ended(old, lately)
    waiting = house.add(created_at=house.clock() - timedelta(days=900))
    ended_at = house.run(old)["ended_at"]
    house.change(lately, ended_at=ended_at + timedelta(days=8))
    house.clock.later(days=8, seconds=1)
    erase = handlers(settings, house.database, house.clock)[ERASE_OLD_RUNS.name]
    assert erase(EraseOldRuns(days=8), RunContext(9, 1, START)) == {"erased": 1}
    assert house.ids() == [lately, waiting]
    assert (house.attempts(old), house.attempts(lately)) == ([], [(1, "succeeded")])
