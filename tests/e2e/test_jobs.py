"""Jobs on a running platform, from the command line: asked for, followed, ended, asked for again, paused, refused."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from signet import Client
from signet.api.runs import Run
from signet.errors import NotFound, RequestInvalid, ValueDuplicate
from signet_testing.access import DRILL
from signet_testing.eventually import eventually
from signet_testing.platform import Platform
from signet_testing.signed_api import SignedApi

pytestmark = pytest.mark.e2e

SIGNET = Path(sys.executable).with_name("signet")
NOT_SUCCEEDED = 8


class Terminal:
    """The command, as the first administrator."""

    def __init__(self, platform: Platform, folder: Path) -> None:
        self._environment = {
            "PATH": "/usr/bin:/bin",
            "LC_ALL": "C.UTF-8",
            "XDG_CONFIG_HOME": str(folder / "config"),
            "SIGNET_FIRST_RUN": str(platform.home / "first-run.json"),
        }

    def __call__(self, *arguments: object, status: int = 0) -> tuple[str, str]:
        """Run `signet …`, and return what it answers and what it says beside."""
        command = [SIGNET, *map(str, arguments)]
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == status, (done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        return done.stdout, done.stderr


@pytest.fixture
def signet(platform: Platform, tmp_path: Path) -> Terminal:
    return Terminal(platform, tmp_path)


def reached(admin: Client, run: Run, state: str) -> Run:
    """The run, once it is in that state."""

    def look() -> Run | None:
        found = admin.runs.get(run.run_id)
        return found if found.run_state == state else None

    found = eventually(look, what=f"run {run.run_id} in state {state}")
    assert found is not None
    return found


def test_a_job_is_run_and_followed_to_its_end(signet: Terminal, admin: Client, api: SignedApi) -> None:
    """Its log is the answer, its end the exit status, and both the asking and the outcome are in the audit log."""
    log, said = signet("jobs", "run", DRILL, "--arg", "seconds=1")
    assert len(log.splitlines()) >= 1
    assert "succeeded" in said
    run = admin.runs.list(job_name=DRILL, run_state="succeeded").items[0]
    (attempt,) = admin.runs.get(run.run_id).history
    assert (attempt.attempt, attempt.outcome) == (1, "succeeded")
    for operation in ("insert", "succeeded"):
        assert len(api.records(at_least=1, resource="run", object_id=run.run_id, operation=operation)) == 1


def test_a_run_under_way_is_cancelled_and_asked_for_again(signet: Terminal, admin: Client) -> None:
    """The worker is told, within moments; what was is kept, and the repetition names it."""
    running = reached(admin, admin.jobs.run(DRILL, {"seconds": 60}), "running")
    signet("jobs", "cancel", running.run_id)
    reached(admin, running, "cancelled")
    signet("jobs", "logs", running.run_id, "--follow", status=NOT_SUCCEEDED)
    again, _ = signet("jobs", "retry", running.run_id, "--no-wait", "--json")
    repeated = json.loads(again)
    assert (repeated["retry_of"], repeated["arguments"]) == (running.run_id, {"seconds": 60})
    assert admin.runs.cancel(repeated["run_id"]).run_id == repeated["run_id"]
    with pytest.raises(ValueDuplicate):
        admin.runs.cancel(running.run_id)


def test_a_run_that_fails_waits_for_its_next_attempt(admin: Client) -> None:
    """Meanwhile it holds no worker, says why, and can be ended at once."""
    run = admin.jobs.run(DRILL, {"fails": True})

    def failed_once() -> Run | None:
        found = admin.runs.get(run.run_id)
        return found if found.history and found.history[0].outcome == "failed" else None

    once = eventually(failed_once)
    assert once is not None
    assert (once.run_state, once.attempts, once.history[0].error) == ("waiting", 1, once.history[0].error)
    assert once.history[0].error
    assert admin.runs.cancel(run.run_id).run_state == "cancelled"


def test_a_job_that_comes_by_itself_is_paused_and_resumed(signet: Terminal, admin: Client) -> None:
    """Its schedule is there from the first start on; paused, it has no slot to come."""
    (declared,) = eventually(lambda: admin.schedules.list(job_name="erase-old-runs", declared=True).items)
    assert declared.next_at is not None
    signet("jobs", "pause", "erase-old-runs")
    assert admin.schedules.get(declared.schedule_id).next_at is None
    _, said = signet("jobs", "resume", "erase-old-runs")
    assert "it comes next at" in said
    # Its time may have come meanwhile.
    resumed = admin.schedules.get(declared.schedule_id).next_at
    assert resumed is not None
    assert resumed >= declared.next_at


@pytest.mark.parametrize("platform", ["embedded"], indirect=True)
def test_a_schedule_that_somebody_makes_runs_the_job(admin: Client) -> None:
    """Every minute, so the first slot is a minute away at most: once is enough, planning does not know the profile."""
    made = admin.schedules.create("e2e-every-minute", DRILL, "* * * * *", time_zone="Asia/Kathmandu")
    try:
        slots = eventually(lambda: admin.runs.list(schedule_id=made.schedule_id).items, seconds=75)
        assert [run.scheduled_at for run in slots] == [made.next_at]
        assert reached(admin, slots[0], "succeeded").requested_by_name == ""
    finally:
        admin.schedules.delete(made.schedule_id)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"cron": "0 0 30 2 *"}, "cron"),
        ({"cron": "61 * * * *"}, "cron"),
        ({"cron": "@never"}, "cron"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"job_name": "nowhere"}, "job_name"),
        ({"arguments": {"seconds": "long"}}, "arguments.seconds"),
        ({"arguments": {"minutes": 1}}, "arguments.minutes"),
    ],
)
def test_a_schedule_that_means_nothing_is_refused_by_name(admin: Client, fields: dict[str, Any], field: str) -> None:
    """The client learns which part it was, and nothing is made."""
    good: dict[str, Any] = {"schedule_name": "e2e-bad", "job_name": DRILL, "cron": "0 0 1 1 *"}
    with pytest.raises(RequestInvalid) as refused:
        admin.schedules.create(**(good | fields))
    assert [error["field"] for error in refused.value.errors] == [field]
    assert admin.schedules.list(schedule_name="e2e-bad").items == ()


def test_a_run_that_means_nothing_is_refused_by_name(signet: Terminal, admin: Client) -> None:
    """On the terminal as well, in words and with a status for scripts."""
    with pytest.raises(NotFound):
        admin.jobs.run("nowhere")
    _, said = signet("jobs", "run", DRILL, "--arg", "seconds=-1", status=1)
    assert "arguments.seconds" in said
    signet("jobs", "run", "nowhere", status=4)
    signet("jobs", "logs", "999999999", status=4)
