"""Jobs as they are shown, and what is refused when one is to be run."""

import json
from typing import Any

import pytest

RUN = "/api/v1/jobs/erase-old-runs/run"


def test_jobs_are_shown_with_what_they_take(sqlite_api: Any) -> None:
    jobs = sqlite_api.done("GET", "/api/v1/jobs")["jobs"]
    names = [job["job_name"] for job in jobs]
    assert names == sorted(names)
    (erase,) = [job for job in jobs if job["job_name"] == "erase-old-runs"]
    assert erase["arguments"]["properties"]["days"]["maximum"] == 36_500
    assert [job["job_name"] for job in jobs if job["urgent"]] == ["send-mail"]
    assert erase["schedule"] == {"cron": "40 3 * * *", "time_zone": "UTC"}
    assert sqlite_api.done("GET", "/api/v1/jobs/erase-old-runs") == erase
    assert sqlite_api.told() == [("query", "job"), ("query", "job/erase-old-runs")]


@pytest.mark.parametrize("name", ["nowhere", "Drill", "drill%20", "-drill", "x" * 65, "1"])
def test_a_job_that_there_is_not_is_not_found(sqlite_api: Any, name: str) -> None:
    for method, target in (("GET", ""), ("POST", "/run"), ("GET", "/runs")):
        body = {} if method == "POST" else None
        assert sqlite_api.refused(method, f"/api/v1/jobs/{name}{target}", body)[0] == 404001


def test_jobs_belong_to_nobody_so_scope_own_reaches_none(sqlite_api: Any) -> None:
    """Whoever may run a job does the work of the whole platform: that is no right over what is one's own."""
    assert sqlite_api.done("GET", "/api/v1/jobs", scope="own") == {"jobs": []}
    assert sqlite_api.refused("GET", "/api/v1/jobs/drill", scope="own")[0] == 404001
    assert sqlite_api.refused("POST", "/api/v1/jobs/drill/run", {}, scope="own")[0] == 404001
    assert sqlite_api.done("GET", "/api/v1/runs")["runs"] == []


def nested(levels: int) -> Any:
    value: Any = {}
    for _ in range(levels - 1):
        value = {"x": value}
    return value


@pytest.mark.parametrize(
    ("arguments", "fields"),
    [
        ({"days": 0}, ["arguments.days"]),
        ({"days": "soon"}, ["arguments.days"]),
        ({"days": None}, ["arguments.days"]),
        ({"days": "1"}, ["arguments.days"]),
        ({"days": True}, ["arguments.days"]),
        ({"days": 1, "weeks": 1}, ["arguments.weeks"]),
        ({"days": 0, "数": 1}, ["arguments.days", "arguments.\\u6570"]),
        ({"x" * 100: 1}, ["arguments." + "x" * 54]),
        ([], ["arguments"]),
        (None, ["arguments"]),
        ("days=1", ["arguments"]),
        ({"x": 2**53}, ["arguments"]),
        ({"x": 10**400}, ["arguments"]),
        ({"x": float("nan")}, ["arguments"]),
        ({"x": [float("-inf")]}, ["arguments"]),
        ({"x": "y" * 16 * 1024}, ["arguments"]),
        (nested(9), ["arguments"]),
        (nested(8), ["arguments.x"]),
    ],
)
def test_arguments_that_do_not_fit_are_refused_by_name(sqlite_api: Any, arguments: Any, fields: list[str]) -> None:
    assert sqlite_api.refused("POST", RUN, {"arguments": arguments}) == (400002, fields)
    assert sqlite_api.done("GET", "/api/v1/runs")["runs"] == []


@pytest.mark.parametrize(
    ("to", "field", "words"),
    [
        (["ann"], "arguments.to.0", "is no address for mail"),
        (["ann@example.org, bob@example.org"], "arguments.to.0", "is no address for mail"),
        (["ann@example.org", "Ann@Example.org"], "arguments.to", "names an address twice"),
    ],
)
def test_recipients_are_checked_as_those_of_mails_are(sqlite_api: Any, to: list[str], field: str, words: str) -> None:
    """A slip shows where it is made, in words, and not as a mail that is refused each morning."""
    answer = sqlite_api.call("POST", "/api/v1/jobs/activity-digest/run", {"arguments": {"to": to}}).json
    (error,) = answer["data"]["errors"]
    assert (error["field"], error["message"].startswith(words)) == (field, True)


def test_a_drill_holds_its_thread_for_a_minute_at_most(sqlite_api: Any) -> None:
    """Whoever may run jobs must not be able to keep all others waiting with drills."""
    asked = "/api/v1/jobs/drill/run"
    assert sqlite_api.refused("POST", asked, {"arguments": {"seconds": 61}}) == (400002, ["arguments.seconds"])
    assert sqlite_api.run("drill", {"seconds": 60})["run_state"] == "waiting"


def test_a_body_that_is_no_object_of_arguments_is_refused(sqlite_api: Any) -> None:
    for body in (
        b"",
        b"[" * 100_000,
        b'{"arguments":' + b"9" * 5_000 + b"}",
        b'{"arguments":{"x":' + b"9" * 5_000 + b"}}",
    ):
        assert sqlite_api.call("POST", RUN, body, headers={"Content-Type": "application/json"}).status_code == 400
    assert sqlite_api.refused("POST", RUN, {"days": 1}) == (400002, ["days"])
    twice = b'{"arguments":{"days":1,"days":2}}'
    assert sqlite_api.call("POST", RUN, twice, headers={"Content-Type": "application/json"}).status_code == 400


def test_values_are_never_repeated(sqlite_api: Any) -> None:
    answer = sqlite_api.call("POST", RUN, {"arguments": {"days": "hunter2"}})
    assert "hunter2" not in json.dumps(answer.json)
