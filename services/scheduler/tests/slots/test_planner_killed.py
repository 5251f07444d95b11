"""A planner that is killed between any two lines leaves each slot undecided or decided, and never half."""

import json
import os
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from services.scheduler.tests.slots.planning import HOUR, START, Planner

from signet_common.sql import transactions
from signet_common.sql.database import Database
from signet_scheduler import __file__ as package_file

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]

OURS = (str(Path(package_file).parent / "adapters"), str(Path(transactions.__file__)))
"""What asks the database for something; whatever is merely thought between two statements leaves nothing behind."""
Trace = Callable[[FrameType, str, Any], Any]


def planner_in(home: Path) -> Planner:
    """Two hours after the schedules of the fixture have been planned for the last time."""
    planner = Planner(Database.open(f"sqlite:///{home / 'scheduler.sqlite3'}", grouped=False))
    planner.time[0] = START + 2 * HOUR
    return planner


@pytest.fixture
def home(migrated_file: Path, tmp_path: Path) -> Path:
    """A schedule of each kind; nothing has been planned, and nothing seeded."""
    home = tmp_path / "home"
    home.mkdir()
    shutil.copyfile(migrated_file, home / "scheduler.sqlite3")
    planner = planner_in(home)
    planner.add("each", "*/30 * * * *")
    planner.add("last", "*/7 * * * *")
    planner.add("none", "0 * * * *")
    planner.add("alone", "0 * * * *", next_at=START + 2 * HOUR)
    planner.add("alone", "*/5 * * * *", next_at=START + 2 * HOUR)
    planner.database.close()
    return home


class Killer:
    """Counts the lines of ours, notes when each runs for the first time, and dies before the one it is told."""

    def __init__(self, at: int | None) -> None:
        self.at = at
        self.first: dict[tuple[str, int], int] = {}
        self._lines = 0

    def __call__(self, frame: FrameType, event: str, _argument: Any) -> Any:
        if event == "call" and not frame.f_code.co_filename.startswith(OURS):
            return None
        if event == "line":
            if self._lines == self.at:
                os.kill(os.getpid(), signal.SIGKILL)
            line = frame.f_code.co_filename, frame.f_lineno
            self.first.setdefault(line, self._lines)
            self._lines += 1
        return self


def plan_in_child(home: Path, at: int | None) -> int:
    """Seed and plan in a process of its own; its exit code."""
    child = os.fork()
    if not child:
        status = 1
        try:
            planner, killer = planner_in(home), Killer(at)
            sys.settrace(killer)
            planner.loop.turn()
            planner.all_due()
            sys.settrace(None)
            moments = sorted(killer.first.values())
            (home / "moments").write_text(json.dumps(moments))
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def decided(planner: Planner) -> dict[tuple[int, Any], str]:
    rows = planner.runs()
    slots = Counter((run.schedule_id, run.scheduled_at) for run in rows)
    assert set(slots.values()) <= {1}
    return {(run.schedule_id, run.scheduled_at): run.run_state for run in rows}


def test_a_planner_may_die_anywhere(home: Path, tmp_path: Path) -> None:
    """The next one ends where this one would have: the same rows, the same events, and every schedule moved on."""
    fresh = tmp_path / "fresh"

    def planned(at: int | None) -> int:
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(home, fresh)
        return plan_in_child(fresh, at)

    assert planned(None) == 0
    moments = json.loads((fresh / "moments").read_text())
    whole = planner_in(fresh)
    expected, told = decided(whole), sorted(whole.told())
    whole.database.close()
    assert Counter(expected.values()) == {"waiting": 5 + 1 + 1 + 1, "skipped": 1 + 1 + 1}
    assert told == ["scheduler.run.skipped"] * 3 + ["scheduler.schedule.insert"]
    assert len(moments) > 50
    for moment in moments:
        assert planned(moment) == -signal.SIGKILL
        planner = planner_in(fresh)
        for schedule in planner.schedules():
            if schedule.next_at <= planner.clock():
                assert planner.states(schedule.schedule_id) == [], moment
        planner.loop.turn()
        planner.all_due()
        assert (decided(planner), sorted(planner.told())) == (expected, told), moment
        assert min(row.next_at for row in planner.schedules()) > START + 2 * HOUR, moment
        assert len(planner.schedules()) == 6
        planner.database.close()
