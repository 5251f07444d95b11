"""Runs through their views: asking for one, following it, ending it, asking again."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, update

from signet_common.sql.database import TransactionOvertaken
from signet_scheduler.adapters.outbound.asked_runs import SqlAskedRuns
from signet_scheduler.adapters.outbound.run_queries import MOST_LINES
from signet_scheduler.adapters.outbound.tables import ATTEMPTS, LOG_LINES, RUNS

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def path(run: dict[str, Any], verb: str = "") -> str:
    return f"/api/v1/runs/{run['run_id']}{verb}"


def log(api: Any, run: dict[str, Any], lines: range) -> None:
    for line in lines:
        api.stored(
            LOG_LINES, run_id=run["run_id"], line=line, attempt=1, logged_at=NOW, level="INFO", text=f"line {line}"
        )


def test_a_run_that_is_asked_for_waits_and_says_who_asked(api: Any) -> None:
    run = api.run("erase-old-runs", {"days": 30})
    assert (run["run_state"], run["arguments"], run["created_by"]) == ("waiting", {"days": 30}, 7)
    assert (run["requested_by_name"], run["attempts"], run["max_attempts"]) == ("ann", 0, 3)
    assert run["schedule_id"] is run["scheduled_at"] is run["ended_at"] is run["retry_of"] is None
    assert api.done("GET", path(run)) == run | {"history": []}
    assert api.done("GET", "/api/v1/runs")["runs"] == [run]
    (asked, *_) = api.events()
    assert (asked["subject"], asked["data"]["operation"]) == (f"run/{run['run_id']}", "insert")
    assert asked["data"]["changes"] == {"job_name": [None, "erase-old-runs"], "arguments": [None, {"days": 30}]}


def test_a_run_is_shown_with_its_attempts_in_order(sqlite_api: Any) -> None:
    run = sqlite_api.run()
    for attempt, outcome in ((2, None), (1, "failed")):
        sqlite_api.stored(
            ATTEMPTS, run_id=run["run_id"], attempt=attempt, worker="w", started_at=NOW, outcome=outcome, error=None
        )
    sqlite_api.becomes(run["run_id"], "running", attempts=2, result='{"erased":3}')
    shown = sqlite_api.done("GET", path(run))
    assert [(part["attempt"], part["outcome"]) for part in shown["history"]] == [(1, "failed"), (2, None)]
    assert (shown["attempts"], shown["result"]) == (2, {"erased": 3})


def test_a_job_that_does_not_overlap_is_refused_while_a_run_is_under_way(api: Any) -> None:
    """The message names the run in the way: that is what the client has to wait for, or to cancel."""
    first = api.run("erase-old-runs")
    for state in ("waiting", "running"):
        api.becomes(first["run_id"], state)
        answer = api.call("POST", "/api/v1/jobs/erase-old-runs/run", {})
        assert answer.json["return_code"] == 409001
        assert f"run {first['run_id']} is {state}" in answer.json["return_msg"]
    assert api.told() == [("insert", f"run/{first['run_id']}")]
    api.becomes(first["run_id"], "failed")
    assert api.run("erase-old-runs")["run_id"] > first["run_id"]


def test_a_job_that_overlaps_runs_as_often_as_it_is_asked_for(sqlite_api: Any) -> None:
    assert len({sqlite_api.run()["run_id"] for _ in range(3)}) == 3


def test_a_repeat_under_one_key_is_one_run(api: Any) -> None:
    first = api.run(idempotency_key="k1")
    assert api.run(idempotency_key="k1") == first
    assert api.done("GET", "/api/v1/runs?count=true")["total"] == 1
    assert api.told()[:2] == [("insert", f"run/{first['run_id']}"), ("query", f"run/{first['run_id']}")]
    assert (
        api.refused("POST", "/api/v1/jobs/drill/run", {"arguments": {"seconds": 1}}, idempotency_key="k1")[0] == 409002
    )


def test_a_waiting_run_is_cancelled_at_once(api: Any) -> None:
    run = api.run()
    cancelled = api.done("POST", path(run, "/cancel"))
    assert (cancelled["run_state"], cancelled["error"], cancelled["version"]) == ("cancelled", "cancelled by ann", 2)
    assert cancelled["ended_at"] is not None
    assert api.done("GET", path(run)) == cancelled | {"history": []}
    assert api.told()[1] == ("cancelled", f"run/{run['run_id']}")
    assert api.events()[1]["data"]["changes"]["error"] == [None, "cancelled by ann"]


def test_of_a_running_one_the_worker_is_asked(api: Any) -> None:
    """Only its worker can end it; asking again changes nothing, and is told as a read."""
    run = api.run()
    api.becomes(run["run_id"], "running")
    asked = api.done("POST", path(run, "/cancel"))
    assert (asked["run_state"], asked["cancel_asked"], asked["ended_at"]) == ("running", True, None)
    assert api.done("POST", path(run, "/cancel")) == asked
    assert [operation for operation, _ in api.told()] == ["insert", "update", "query"]
    assert api.events()[1]["data"]["changes"] == {"cancel_asked": [False, True]}


def test_a_waiting_run_of_a_slot_is_cancelled_and_told_with_its_slot(sqlite_api: Any) -> None:
    """The audit log reads of the slot in the same words whoever ends the run."""
    run = sqlite_api.run()
    sqlite_api.becomes(run["run_id"], "waiting", schedule_id=4, scheduled_at=NOW)
    assert sqlite_api.done("POST", path(run, "/cancel"))["run_state"] == "cancelled"
    changes = sqlite_api.events()[-1]["data"]["changes"]
    assert (changes["schedule_id"], changes["scheduled_at"]) == ([None, 4], [None, "2026-03-01T00:00:00+00:00"])


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("succeeded", "has succeeded already"),
        ("failed", "has failed already"),
        ("cancelled", "has been cancelled already"),
        ("skipped", "has been skipped already"),
        ("interrupted", "has been interrupted already"),
    ],
)
def test_who_cancels_what_is_over_reads_how_it_ended(sqlite_api: Any, state: str, words: str) -> None:
    run = sqlite_api.run()
    sqlite_api.becomes(run["run_id"], state)
    refused = sqlite_api.call("POST", path(run, "/cancel")).json
    assert (refused["return_code"], refused["return_msg"]) == (409001, f"run {run['run_id']} {words}")


@pytest.mark.parametrize("state", ["succeeded", "failed", "cancelled", "skipped", "interrupted"])
def test_an_ended_run_can_be_retried_and_not_cancelled(sqlite_api: Any, state: str) -> None:
    run = sqlite_api.run(arguments={"seconds": 2})
    sqlite_api.becomes(run["run_id"], state)
    assert sqlite_api.refused("POST", path(run, "/cancel"))[0] == 409001
    again = sqlite_api.done("POST", path(run, "/retry"), user_id=8, user_name="bob")
    assert (again["retry_of"], again["run_state"], again["arguments"]) == (run["run_id"], "waiting", {"seconds": 2})
    assert (again["created_by"], again["requested_by_name"]) == (8, "bob")
    assert sqlite_api.done("GET", path(run))["run_state"] == state, "what was stays as it is told"
    assert sqlite_api.events()[-2]["data"]["changes"]["retry_of"] == [None, run["run_id"]]


def test_the_retry_of_a_slot_is_for_the_time_of_that_slot(sqlite_api: Any) -> None:
    """A digest of Friday that is made on Monday is still one of Friday; the schedule's next slot is none the wiser."""
    run = sqlite_api.run()
    sqlite_api.becomes(run["run_id"], "failed", schedule_id=4, scheduled_at=NOW)
    again = sqlite_api.done("POST", path(run, "/retry"))
    assert (again["schedule_id"], again["scheduled_at"]) == (None, "2026-03-01T00:00:00Z")


@pytest.mark.parametrize("state", ["waiting", "running"])
def test_a_run_under_way_is_not_retried(sqlite_api: Any, state: str) -> None:
    run = sqlite_api.run()
    sqlite_api.becomes(run["run_id"], state)
    assert sqlite_api.refused("POST", path(run, "/retry"))[0] == 409001


def test_a_retry_does_not_overlap_either(sqlite_api: Any) -> None:
    ended = sqlite_api.run("erase-old-runs")
    sqlite_api.becomes(ended["run_id"], "failed")
    sqlite_api.run("erase-old-runs")
    assert sqlite_api.refused("POST", path(ended, "/retry"))[0] == 409001


def test_a_retry_of_what_no_longer_fits_is_refused(sqlite_api: Any) -> None:
    """Jobs change; what a run was given when it was asked for may be refused by the code of today."""
    run = sqlite_api.run()
    sqlite_api.becomes(run["run_id"], "failed", arguments='{"minutes":1}')
    assert sqlite_api.refused("POST", path(run, "/retry")) == (400002, ["arguments.minutes"])
    sqlite_api.becomes(run["run_id"], "failed", job_name="forgotten")
    assert sqlite_api.refused("POST", path(run, "/retry"))[0] == 404001


def test_a_log_is_read_in_parts_until_it_has_ended(api: Any) -> None:
    run = api.run()
    assert api.done("GET", path(run, "/log")) == {"lines": [], "after": 0, "ended": False}
    log(api, run, range(1, 3))
    part = api.done("GET", path(run, "/log"))
    assert [(line["line"], line["text"]) for line in part["lines"]] == [(1, "line 1"), (2, "line 2")]
    assert (part["after"], part["ended"]) == (2, False)
    api.becomes(run["run_id"], "succeeded")
    assert api.done("GET", path(run, "/log?after=2")) == {"lines": [], "after": 2, "ended": True}
    assert api.done("GET", path(run, "/log?after=1"))["ended"]


def test_a_long_log_of_an_ended_run_has_not_ended_with_its_first_part(sqlite_api: Any) -> None:
    run = sqlite_api.run()
    log(sqlite_api, run, range(1, MOST_LINES + 2))
    sqlite_api.becomes(run["run_id"], "succeeded")
    first = sqlite_api.done("GET", path(run, "/log"))
    assert (len(first["lines"]), first["after"], first["ended"]) == (MOST_LINES, MOST_LINES, False)
    last = sqlite_api.done("GET", path(run, f"/log?after={MOST_LINES}"))
    assert (len(last["lines"]), last["ended"]) == (1, True)


def test_lists_are_newest_first_and_narrowed(api: Any) -> None:
    first, second, third = api.run(), api.run("erase-old-runs"), api.run()
    api.becomes(first["run_id"], "failed", schedule_id=4, scheduled_at=NOW)

    def ids(target: str) -> list[int]:
        return [run["run_id"] for run in api.done("GET", target)["runs"]]

    assert ids("/api/v1/runs") == [third["run_id"], second["run_id"], first["run_id"]]
    assert ids("/api/v1/runs?per_page=1&page=2") == [second["run_id"]]
    assert ids("/api/v1/runs?job_name=drill&run_state=failed") == [first["run_id"]]
    assert ids("/api/v1/runs?schedule_id=4") == [first["run_id"]]
    assert ids("/api/v1/runs?create_date_end=2000-01-01") == []
    assert ids("/api/v1/jobs/drill/runs?schedule_id=4") == [first["run_id"]]
    assert ids("/api/v1/jobs/drill/runs") == [third["run_id"], first["run_id"]]
    assert ids("/api/v1/jobs/drill/runs?run_state=waiting&create_date_start=2000-01-01") == [third["run_id"]]


def test_scope_own_reaches_what_the_caller_asked_for(api: Any) -> None:
    """A slot's run belongs to nobody."""
    mine, theirs, slots = api.run(), api.run(user_id=8), api.run()
    api.becomes(slots["run_id"], "waiting", created_by=None)
    own = {"scope": "own"}
    assert [run["run_id"] for run in api.done("GET", "/api/v1/runs", **own)["runs"]] == [mine["run_id"]]
    assert api.done("GET", path(mine), **own)["run_id"] == mine["run_id"]
    assert api.done("POST", path(mine, "/cancel"), **own)["run_state"] == "cancelled"
    assert api.refused("POST", path(mine, "/retry"), **own)[0] == 404001  # which is running the job
    for other in (theirs, slots):
        for method, verb in (("GET", ""), ("GET", "/log"), ("POST", "/cancel"), ("POST", "/retry")):
            assert api.refused(method, path(other, verb), **own)[0] == 404001
        assert api.done("GET", path(other))["run_state"] == "waiting"


def test_a_repeat_shows_no_run_that_its_caller_may_not_see_any_more(sqlite_api: Any) -> None:
    run = sqlite_api.run()
    assert sqlite_api.done("POST", path(run, "/cancel"), idempotency_key="k", user_id=8)["run_state"] == "cancelled"
    assert sqlite_api.refused("POST", path(run, "/cancel"), idempotency_key="k", user_id=8, scope="own")[0] == 404001


def test_whoever_was_overtaken_by_a_worker_writes_nothing(api: Any) -> None:
    """What was decided for a run that waits does not hold for one that runs: it is decided anew."""
    run = api.run()

    def cancel(connection: Connection) -> None:
        runs = SqlAskedRuns(connection)
        waiting = runs.get(run["run_id"], owner=None)
        connection.execute(update(RUNS).values(run_state="running"))
        with pytest.raises(TransactionOvertaken):
            runs.end(waiting, error="cancelled", at=NOW)
        assert runs.ask_to_end(runs.get(run["run_id"], owner=None)).cancel_asked

    api.service.database.write(cancel)
    assert (shown := api.done("GET", path(run)))["run_state"] == "running"
    assert (shown["ended_at"], shown["cancel_asked"]) == (None, True)


def test_a_run_that_somebody_has_spoiled_is_shown_as_it_stands(sqlite_api: Any) -> None:
    """One row must not hide a page of others, nor keep itself from being cancelled."""
    run_id = sqlite_api.call("POST", "/api/v1/jobs/drill/run", {}).get_json()["data"]["run_id"]
    sqlite_api.becomes(run_id, "waiting", arguments="{")
    (listed,) = sqlite_api.call("GET", "/api/v1/runs").get_json()["data"]["runs"]
    shown = sqlite_api.call("GET", f"/api/v1/runs/{run_id}").get_json()["data"]
    assert listed["arguments"] == shown["arguments"] == {"unreadable": "{"}
    assert sqlite_api.call("POST", f"/api/v1/runs/{run_id}/cancel").get_json()["data"]["run_state"] == "cancelled"
