"""`signet jobs` and `signet schedules`: a run is followed to its end, and its end is the exit status."""

import json
import os
import re
import signal
import subprocess
from typing import Any

import httpx
import pytest
from libs.client.tests.conftest import FakeGateway, FakeTime, Signet
from libs.client.tests.fake_scheduler import FakeScheduler
from libs.client.tests.test_cli_endings import started

from signet import Client
from signet.cli.following import follow
from signet.cli.job_arguments import arguments_of
from signet.errors import Unreachable


@pytest.fixture
def scheduler(gateway: FakeGateway) -> FakeScheduler:
    """The scheduler behind the gateway."""
    gateway.behind = scheduler = FakeScheduler()
    return scheduler


def test_jobs_are_listed_with_their_times(signet: Signet, scheduler: FakeScheduler) -> None:
    """Those of the schedules that there are, paused or changed; and who comes only when asked for says so."""
    scheduler.add_schedule(declared=True, cron="30 4 * * *")
    scheduler.add_schedule(schedule_state="inactive", next_at=None, time_zone="Asia/Shanghai")
    lines = [re.split(" {2,}", line) for line in signet("jobs", "ls").stdout.splitlines()]
    assert [line[:4] for line in lines] == [
        ["job_name", "schedule", "state", "next_at"],
        ["drill", "30 4 * * * UTC", "active", "2026-01-02T03:00:00Z"],
        ["drill", "0 3 * * * Asia/Shanghai", "paused", "-"],
        ["send-mail", "on request", "-", "-"],
    ]
    drill, send_mail = json.loads(signet("jobs", "ls", "--json").stdout)["jobs"]
    assert (drill["max_attempts"], drill["schedules"][1]["schedule_state"]) == (3, "inactive")
    assert send_mail["schedules"] == []


def test_who_may_not_see_schedules_sees_what_jobs_come_with(signet: Signet, scheduler: FakeScheduler) -> None:
    """And is told that it may have been changed; a schedule of one's own does not hide it either."""
    scheduler.shows_schedules = False
    listed = signet("jobs", "ls")
    assert (listed.exit_code, "not shown to you" in listed.stderr) == (0, True)
    assert re.split(" {2,}", listed.stdout.splitlines()[1])[:4] == ["drill", "40 3 * * * UTC", "-", "-"]
    scheduler.shows_schedules = True
    scheduler.add_schedule()
    drills = [line for line in signet("jobs", "ls").stdout.splitlines() if line.startswith("drill")]
    assert ["40 3 * * * UTC" in drills[0], "0 3 * * * UTC" in drills[1]] == [True, True]


def test_a_job_and_a_run_are_shown(signet: Signet, scheduler: FakeScheduler) -> None:
    """No job's name is a number."""
    shown = signet("jobs", "show", "drill").stdout
    assert '"seconds"' in shown, "the schema of its arguments, as JSON"
    assert "schedule            40 3 * * * UTC" in shown
    scheduler.add_run("failed")
    run = json.loads(signet("jobs", "show", "1", "--json").stdout)
    assert (run["run_state"], run["history"][0]["outcome"]) == ("failed", "failed")
    fields, _, attempts = signet("jobs", "show", "1").stdout.partition("\n\n")
    assert ("run_state" in fields, attempts.splitlines()[1].split()[:2]) == (True, ["1", "failed"])
    assert signet("jobs", "show", "nowhere").exit_code == 4


def test_a_run_is_followed_to_its_end(signet: Signet, scheduler: FakeScheduler) -> None:
    """Its lines are the answer, each once and harmless; what becomes of it stands beside."""
    result = signet("jobs", "run", "drill", "--arg", "seconds=3", "--arg", "why=a b", "--arg", 'to=["x"]')
    assert result.exit_code == 0, result.output
    assert scheduler.asked[0].json == {"arguments": {"seconds": 3, "why": "a b", "to": ["x"]}}
    assert [line.split(None, 2)[2] for line in result.stdout.splitlines()] == ["one", "\\x1b[31mtwo", "three"]
    assert result.stderr.splitlines() == [
        "Run 1 of drill is waiting.",
        "Attempt 2 of 3.",
        "Run 1 succeeded after 2.5 s.",
    ]


def test_a_record_of_many_lines_is_printed_as_such_and_forges_no_other(
    signet: Signet, scheduler: FakeScheduler
) -> None:
    """A traceback is read line by line; what a line begins with must not pass for a time and a level."""
    scheduler.lines = ((1, "failed\n2026-01-01T00:00:00Z INFO    all is well\x1b[2J"),)
    scheduler.add_run("succeeded")
    lines = signet("jobs", "logs", "1").stdout.splitlines()
    assert lines == [
        "2026-01-01T00:00:00Z INFO    failed",
        " " * 29 + "2026-01-01T00:00:00Z INFO    all is well\\x1b[2J",
    ]


def test_a_run_that_nobody_takes_says_what_may_be_wrong_once(
    client: Client, scheduler: FakeScheduler, clock: FakeTime, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not before ten seconds: a worker may be busy for a moment."""
    scheduler.states = ("waiting",) * 12 + ("succeeded",)
    follow(client, client.runs.get(scheduler.add_run()), as_json=False, now=clock.now)
    said = capsys.readouterr().err.splitlines()
    assert [line.startswith("Run 1 still waits. Does scheduler-background run") for line in said].count(True) == 1
    assert sum(clock.slept) > 10
    scheduler.states = ("waiting",) * 6 + ("succeeded",)
    follow(client, client.runs.get(scheduler.add_run()), as_json=False, now=clock.now)
    assert "still waits" not in capsys.readouterr().err


@pytest.mark.parametrize("ending", ["failed", "cancelled", "skipped", "interrupted"])
def test_a_run_that_does_not_succeed_has_a_status_of_its_own(
    signet: Signet, scheduler: FakeScheduler, ending: str
) -> None:
    """A script must not take it for done; a person is told how to go on."""
    scheduler.states = ("running", ending)
    result = signet("jobs", "run", "drill")
    assert (result.exit_code, "signet jobs retry 1" in result.stderr) == (8, True)
    assert signet("jobs", "retry", "1", "--json").exit_code == 8
    assert signet("jobs", "logs", "1", "--follow").exit_code == 8
    assert signet("jobs", "logs", "1").exit_code == 0, "reading what was logged has worked"


def test_in_json_the_end_of_the_run_is_the_answer(signet: Signet, scheduler: FakeScheduler) -> None:
    """And nothing else, so that it can be read."""
    result = signet("jobs", "run", "drill", "--args-json", '{"seconds": 1}', "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    assert json.loads(result.stdout)["run_state"] == "succeeded"


def test_nobody_has_to_wait(signet: Signet, scheduler: FakeScheduler) -> None:
    """The run is asked for, and that is all."""
    result = signet("jobs", "run", "drill", "--no-wait", "--json")
    assert (result.exit_code, json.loads(result.stdout)["run_state"]) == (0, "waiting")
    assert len(scheduler.asked) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("--arg", "seconds"),
        ("--arg", "=3"),
        ("--arg", "x=1", "--arg", "x=2"),
        ("--args-json", "{"),
        ("--args-json", "[]"),
        ("--args-json", '{"x": NaN}'),
        ("--args-json", '{"x":' + "[" * 100_000),
        ("--args-json", "{}", "--arg", "x=1"),
    ],
)
def test_arguments_without_a_meaning_are_bad_usage(
    signet: Signet, scheduler: FakeScheduler, arguments: tuple[str, ...]
) -> None:
    """They are not guessed."""
    assert signet("jobs", "run", "drill", *arguments).exit_code == 2
    assert scheduler.asked == []


@pytest.mark.parametrize("text", ["NaN", "-Infinity", "[" * 100_000])
def test_what_is_no_json_is_text(text: str) -> None:
    """Python reads some of it all the same, as numbers that nobody could send."""
    assert arguments_of([f"seconds={text}"], None) == {"seconds": text}


def test_what_the_job_refuses_is_named(signet: Signet, scheduler: FakeScheduler) -> None:
    """In one line, and no traceback."""
    result = signet("jobs", "run", "drill", "--arg", "weeks=1")
    assert (result.exit_code, "arguments.weeks" in result.stderr) == (1, True)
    assert "Traceback" not in result.output


def test_logs_end_with_what_there_is_unless_they_are_followed(signet: Signet, scheduler: FakeScheduler) -> None:
    """Of a run that is under way, what it has logged by now."""
    scheduler.add_run()
    scheduler.states = ("running", "waiting", "waiting")
    assert len(signet("jobs", "logs", "1").stdout.splitlines()) == 1
    scheduler.states = ("succeeded",)
    assert len(json.loads(signet("jobs", "logs", "1", "--json").stdout)["lines"]) == 3


@pytest.mark.parametrize(("ending", "status"), [("succeeded", 0), ("failed", 8)])
def test_a_followed_log_is_the_same_json_once_the_run_has_ended(
    signet: Signet, scheduler: FakeScheduler, ending: str, status: int
) -> None:
    """Who reads the log by a script adds `--follow` to wait, and still reads the log."""
    scheduler.add_run()
    scheduler.states = ("waiting", "running", "running", ending)
    followed = signet("jobs", "logs", "1", "--follow", "--json")
    assert followed.exit_code == status
    assert len(json.loads(followed.stdout)["lines"]) == 3
    assert followed.stdout == signet("jobs", "logs", "1", "--json").stdout


def test_a_run_is_cancelled_or_told_to_end(signet: Signet, scheduler: FakeScheduler) -> None:
    """A worker takes a moment; what is over cannot be undone."""
    scheduler.add_run()
    scheduler.add_run("running")
    assert "Run 1 is cancelled." in signet("jobs", "cancel", "1").stderr
    assert "signet jobs logs 2 --follow" in signet("jobs", "cancel", "2").stderr
    ended = signet("jobs", "cancel", "1")
    assert (ended.exit_code, "has been cancelled already" in ended.stderr) == (5, True)


def test_a_job_is_paused_and_resumed_by_its_name_or_by_a_schedule(signet: Signet, scheduler: FakeScheduler) -> None:
    """Its own schedule is meant, none that somebody has made for it."""
    scheduler.add_schedule()
    scheduler.add_schedule(declared=True)
    assert "signet jobs resume drill" in signet("jobs", "pause", "drill").stderr
    assert [schedule["schedule_state"] for schedule in scheduler.schedules.values()] == ["active", "inactive"]
    assert "2026-01-02 03:00 UTC" in signet("jobs", "resume", "drill").stderr
    assert json.loads(signet("jobs", "pause", "1", "--json").stdout)["schedule_state"] == "inactive"
    missing = signet("jobs", "pause", "send-mail")
    assert (missing.exit_code, "signet schedules ls --job send-mail" in missing.stderr) == (4, True)


def test_runs_are_listed_by_every_condition(signet: Signet, scheduler: FakeScheduler) -> None:
    """All conditions go into the request."""
    scheduler.add_run()
    result = signet(
        "jobs", "runs", "drill", "--state", "failed", "--schedule", "2", "--from", "2026-01-01", "--count"
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert scheduler.asked[0].target == (
        "/api/v1/jobs/drill/runs"
        "?run_state=failed&schedule_id=2&create_date_start=2026-01-01&page=1&per_page=20&count=true"
    )
    assert signet("jobs", "runs").exit_code == 0
    assert scheduler.asked[1].target == "/api/v1/runs?page=1&per_page=20"


def test_runs_of_a_job_that_there_is_not_are_refused(signet: Signet, scheduler: FakeScheduler) -> None:
    """A slip must not look like a job that has never run."""
    result = signet("jobs", "runs", "nowhere")
    assert (result.exit_code, "there is no job nowhere" in result.stderr) == (4, True)


def test_a_list_in_json_says_nothing_of_attempts(signet: Signet, scheduler: FakeScheduler) -> None:
    """No list answers them: an empty history would say that there were none."""
    scheduler.add_run("failed", attempts=3)
    (run,) = json.loads(signet("jobs", "runs", "--json").stdout)["runs"]
    assert ("history" in run, run["attempts"]) == (False, 3)


def test_schedules_are_made_changed_and_deleted(signet: Signet, scheduler: FakeScheduler) -> None:
    """With what was typed, and no more."""
    made = signet("schedules", "add", "early", "drill", "30 2 * * *", "--zone", "Asia/Shanghai", "--paused", "--json")
    assert json.loads(made.stdout)["schedule_state"] == "inactive"
    assert scheduler.asked[0].json == {
        "schedule_name": "early", "job_name": "drill", "cron": "30 2 * * *", "time_zone": "Asia/Shanghai",
        "arguments": {}, "schedule_state": "inactive",
    }  # fmt: skip
    assert signet("schedules", "change", "1", "--cron", "0 4 * * *", "--if-match", "1").exit_code == 0
    assert (scheduler.asked[1].json, scheduler.asked[1].headers["if-match"]) == ({"cron": "0 4 * * *"}, '"1"')
    assert signet("schedules", "change", "1", "--args-json", "{}").exit_code == 0
    assert scheduler.asked[2].json == {"arguments": {}}
    assert signet("schedules", "change", "1").exit_code == 2
    assert "early" in signet("schedules", "ls").stdout
    assert "0 4 * * *" in signet("schedules", "show", "1").stdout
    assert "deleted" in signet("schedules", "rm", "1").stderr


def test_who_stops_waiting_is_told_that_the_run_goes_on(signet: Signet, scheduler: FakeScheduler) -> None:
    """An interrupted command has cancelled nothing."""
    scheduler.states = ("running",)
    command = started(signet, "jobs", "run", "drill", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert command.stdout is not None
    assert b"one" in command.stdout.readline()
    os.kill(command.pid, signal.SIGINT)
    _, said = command.communicate(timeout=20)
    assert (command.returncode, b"signet jobs cancel 1" in said) == (130, True)


def test_a_log_is_asked_for_ever_more_seldom_while_nothing_comes(
    client: Client, scheduler: FakeScheduler, clock: FakeTime
) -> None:
    """Each look is a request, and a record in the audit log."""
    scheduler.add_run()
    scheduler.states = ("waiting",) * 6 + ("succeeded",)
    assert client.runs.wait(1).run_state == "succeeded"
    assert clock.slept == [0.2, 0.4, 0.8, 1.6, 2.0, 2.0]


def test_a_platform_that_is_lost_says_that_the_run_goes_on(
    client: Client, gateway: Any, scheduler: FakeScheduler, clock: FakeTime
) -> None:
    """Following a run only reads."""
    scheduler.add_run()
    gateway.lose(None, *[httpx.ConnectError] * 3)
    with pytest.raises(Unreachable):
        client.runs.wait(1)
    assert scheduler.runs[1]["run_state"] == "waiting"
