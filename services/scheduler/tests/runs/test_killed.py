"""SIGKILL before each line of an attempt: whatever is left is found, and the run ends once.

The process that dies is a worker with its own thread that writes; lines are followed in both. Whoever comes afterwards
is a watcher, a broker that was purged meanwhile, and another worker.
"""

import json
import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from services.scheduler.tests.conftest import house_at
from services.scheduler.tests.runs.house import House, SilentBell

from signet_common.sql import transactions
from signet_common.sql.database import Database
from signet_scheduler import __file__ as package_file
from signet_scheduler.application import run_job, under_way
from signet_scheduler.application.jobs import RunContext
from signet_scheduler.application.wake_runs import AGAIN
from signet_scheduler.application.watch_runs import LEASE_SECONDS

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]

OURS = (str(Path(package_file).parent), str(Path(transactions.__file__)))
STEPS = (run_job.__file__, under_way.__file__, transactions.__file__)
RUN = 1
DONE_BEFORE_DEATH = "done"


class Tracer:
    """Counts the lines of ours that are about to run, in every thread, and kills the process before one of them."""

    def __init__(self, at: int | None) -> None:
        self._at = at
        self._lines: list[tuple[str, int]] = []

    def __call__(self, frame: FrameType, event: str, _argument: Any) -> Any:
        if event == "call" and not frame.f_code.co_filename.startswith(OURS):
            return None
        if event == "line":
            if len(self._lines) == self._at:
                os.kill(os.getpid(), signal.SIGKILL)
            self._lines.append((frame.f_code.co_filename, frame.f_lineno))
        return self

    def moments(self) -> list[int]:
        """Before which lines to kill: at each step of an attempt, and around each transaction.

        Of what happens in memory in between every tenth line will do: nobody sees it but the process that dies.
        """
        first = {line: number for number, line in reversed([*enumerate(self._lines)])}
        last = {line: number for number, line in enumerate(self._lines) if line[0] == transactions.__file__}
        steps = {number for line, number in first.items() if line[0] in STEPS}
        return sorted({*steps, *last.values(), *sorted(first.values())[::10]})


@pytest.fixture(scope="module", params=["alone", "fragile"])
def home(request, tmp_path_factory) -> Path:
    """One run that waits: of a job that may be repeated, or may not."""
    home = tmp_path_factory.mktemp("killed") / "home"
    home.mkdir()
    with house_at(f"sqlite:///{home / 'scheduler.sqlite3'}") as house:
        assert house.add(request.param, max_attempts=1) == RUN
    return home


@contextmanager
def house_in(home: Path) -> Iterator[House]:
    """Of a database that is there already."""
    database = Database.open(f"sqlite:///{home / 'scheduler.sqlite3'}", grouped=False)
    yield House(database)
    database.close()


def killed_at(home: Path, moment: int | None) -> int:
    """Attempt the run in a process of its own; its exit code, 0 when it was not killed."""
    child = os.fork()
    if not child:
        status = 2
        try:
            with house_in(home) as house:

                def work(_context: RunContext) -> None:
                    with (home / DONE_BEFORE_DEATH).open("a") as effects:
                        effects.write("x")

                house.does = work
                tracer = Tracer(moment)
                threading.settrace(tracer)
                sys.settrace(tracer)
                house.attempt(RUN, 1, "killed")
                sys.settrace(None)
                (home / "moments").write_text(json.dumps(tracer.moments()))
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def survive(house: House) -> None:
    """What the other processes do then: they watch, they wake, they work."""
    at = 0.0
    watch, bell = house.watcher(lambda: at), SilentBell()
    while at <= LEASE_SECONDS:
        watch()
        at += 2.5
    watch()
    house.clock.later(seconds=AGAIN.total_seconds())
    house.waking(bell)()
    for run in [*bell.rung, *bell.rung]:
        house.attempt(*run, name="another")


def test_a_worker_that_is_killed_anywhere_leaves_a_run_that_ends_once(home: Path, tmp_path: Path) -> None:
    """Repeated until its outcome is written, or reported where it may not be; never both, and never twice."""
    fresh = tmp_path / "home"

    def attempted(moment: int | None) -> int:
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(home, fresh)
        return killed_at(fresh, moment)

    assert attempted(None) == 0
    moments = json.loads((fresh / "moments").read_text())
    seen = set()
    for moment in moments:
        assert attempted(moment) in (0, -signal.SIGKILL)
        with house_in(fresh) as house:
            job = house.run(RUN)["job_name"]
            done = [0]
            house.does = lambda _context, done=done: done.__setitem__(0, done[0] + 1)
            before = house.state(RUN)
            survive(house)
            state, effects = house.state(RUN), (fresh / DONE_BEFORE_DEATH).exists() + done[0]
            seen.add((before, state))
            assert house.told(RUN) == [state], moment
            assert [outcome for _, outcome in house.attempts(RUN)].count(None) == 0, moment
            if job == "alone":
                assert state == "succeeded", moment
                assert 1 <= effects <= 2, moment
            else:
                assert effects == 1 if state == "succeeded" else effects <= 1, moment
    after_death = "succeeded" if job == "alone" else "interrupted"
    assert seen == {("waiting", "succeeded"), ("running", after_death), ("succeeded", "succeeded")}
