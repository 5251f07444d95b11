"""Schedules through their views: made, changed, paused, deleted, and what is refused."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import update

from signet_scheduler.adapters.outbound.tables import SCHEDULES

ALL = "/api/v1/schedules"


def path(schedule: dict[str, Any]) -> str:
    return f"{ALL}/{schedule['schedule_id']}"


def stored(api: Any, schedule: dict[str, Any], **values: Any) -> None:
    """What the code, or the planner, would have written."""
    changed = update(SCHEDULES).where(SCHEDULES.c.schedule_id == schedule["schedule_id"]).values(**values)
    api.service.database.write(lambda connection: connection.execute(changed).rowcount)


def test_a_schedule_is_made_read_listed_changed_and_deleted(api: Any) -> None:
    begun = datetime.now(UTC)
    made = api.schedule(cron="30 4 1 * *", time_zone="Asia/Shanghai", arguments={"seconds": 3})
    assert (made["schedule_state"], made["declared"], made["version"], made["created_by"]) == ("active", False, 1, 7)
    next_at = datetime.fromisoformat(made["next_at"])
    assert (next_at.hour, next_at.minute, next_at > begun) == (20, 30, True)
    assert api.done("GET", path(made)) == made
    assert api.done("GET", ALL)["schedules"] == [made]
    changed = api.done("PATCH", path(made), {"schedule_name": "monthly", "arguments": {}})
    assert changed == made | {
        "schedule_name": "monthly",
        "arguments": {},
        "version": 2,
        "updated_at": changed["updated_at"],
    }
    assert api.call("DELETE", path(made)).json == {"return_code": 200, "return_msg": "", "data": None}
    assert api.refused("GET", path(made))[0] == 404001
    subject = f"schedule/{made['schedule_id']}"
    assert [part for part in api.told() if part[0] != "query"] == [
        ("insert", subject),
        ("update", subject),
        ("delete", subject),
    ]
    update_event = next(event for event in api.events() if event["data"]["operation"] == "update")["data"]
    assert update_event["changes"] == {"schedule_name": ["nightly", "monthly"], "arguments": [{"seconds": 3}, {}]}


def test_a_pause_has_no_slot_to_come_and_ends_from_now_on(api: Any) -> None:
    """What was due while it was paused is not made up for."""
    made, begun = api.schedule(), datetime.now(UTC)
    paused = api.done("PATCH", path(made), {"schedule_state": "inactive"})
    assert (paused["schedule_state"], paused["next_at"]) == ("inactive", None)
    assert api.slot(made["schedule_id"]) is None
    resumed = api.done("PATCH", path(made), {"schedule_state": "active"})
    assert datetime.fromisoformat(resumed["next_at"]) > begun
    assert api.slot(made["schedule_id"]) == datetime.fromisoformat(resumed["next_at"])


def test_whatever_says_when_counts_from_now_on_and_nothing_else_does(api: Any) -> None:
    """A slot that is due and not planned yet must survive that somebody renames its schedule."""
    made, begun = api.schedule(), datetime.now(UTC)
    due = datetime(2026, 1, 1, 3, tzinfo=UTC)
    stored(api, made, next_at=due)
    for change in ({"schedule_name": "renamed"}, {"arguments": {"seconds": 1}}, {"schedule_state": "active"}):
        api.done("PATCH", path(made), change)
        assert api.slot(made["schedule_id"]) == due
    for change in ({"cron": "1 3 * * *"}, {"time_zone": "Europe/Berlin"}):
        stored(api, made, next_at=due)
        api.done("PATCH", path(made), change)
        assert api.slot(made["schedule_id"]) > begun


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"cron": "0 0 30 2 *"}, "cron"),
        ({"cron": "61 * * * *"}, "cron"),
        ({"cron": "@never"}, "cron"),
        ({"cron": "* * * *"}, "cron"),
        ({"cron": ""}, "cron"),
        ({"cron": "* " * 100}, "cron"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"time_zone": "../../etc/passwd"}, "time_zone"),
        ({"time_zone": "/etc/localtime"}, "time_zone"),
        ({"time_zone": "europe/berlin"}, "time_zone"),
        ({"time_zone": "Europe"}, "time_zone"),
        ({"time_zone": "posixrules\u0000"}, "time_zone"),
        ({"arguments": {"seconds": -1}}, "arguments.seconds"),
        ({"arguments": {"x": "y" * 16 * 1024}}, "arguments"),
        ({"schedule_name": ""}, "schedule_name"),
        ({"schedule_name": "数" * 22}, "schedule_name"),
        ({"schedule_state": "paused"}, "schedule_state"),
        ({"next_at": "2026-01-01T00:00:00Z"}, "next_at"),
        ({"declared": True}, "declared"),
    ],
)
def test_a_bad_field_is_refused_by_name(sqlite_api: Any, fields: dict[str, Any], named: str) -> None:
    good = {"schedule_name": "good", "job_name": "drill", "cron": "* * * * *"}
    assert sqlite_api.refused("POST", ALL, good | fields) == (400002, [named])
    made = sqlite_api.schedule(schedule_state="inactive")
    assert sqlite_api.refused("PATCH", path(made), fields) == (400002, [named])
    assert sqlite_api.done("GET", path(made)) == made


def test_a_schedule_of_no_job_is_refused_by_name(sqlite_api: Any) -> None:
    body = {"schedule_name": "x", "job_name": "nowhere", "cron": "* * * * *"}
    assert sqlite_api.refused("POST", ALL, body) == (400002, ["job_name"])
    assert sqlite_api.refused("PATCH", path(sqlite_api.schedule()), {"job_name": "drill"}) == (400002, ["job_name"])


def test_a_name_is_given_once(api: Any) -> None:
    first, second = api.schedule("first"), api.schedule("second")
    taken = {"schedule_name": "first", "job_name": "drill", "cron": "* * * * *"}
    assert api.refused("POST", ALL, taken)[0] == 409001
    assert api.refused("PATCH", path(second), {"schedule_name": "first"})[0] == 409001
    api.done("DELETE", path(first))
    assert api.schedule("first")["schedule_id"] > second["schedule_id"]


def test_a_version_that_is_gone_is_refused(api: Any) -> None:
    made = api.schedule()
    change = {"cron": "0 4 * * *"}
    assert api.call("PATCH", path(made), change, headers={"If-Match": '"1"'}).headers["ETag"] == '"2"'
    for method, body in (("PATCH", change), ("DELETE", None)):
        assert api.call(method, path(made), body, headers={"If-Match": '"1"'}).json["return_code"] == 412001
    assert api.call("GET", path(made), headers={"If-None-Match": '"2"'}).status_code == 304


def test_what_the_code_declares_is_changed_and_not_deleted(sqlite_api: Any) -> None:
    made = sqlite_api.schedule()
    stored(sqlite_api, made, declared=True, created_by=None)
    assert sqlite_api.refused("DELETE", path(made))[0] == 403002
    assert sqlite_api.done("PATCH", path(made), {"schedule_state": "inactive"})["schedule_state"] == "inactive"
    assert sqlite_api.refused("GET", path(made), scope="own")[0] == 404001


def test_a_schedule_of_a_job_that_is_gone_can_still_be_paused_and_deleted(sqlite_api: Any) -> None:
    made = sqlite_api.schedule()
    stored(sqlite_api, made, job_name="forgotten")
    assert sqlite_api.refused("PATCH", path(made), {"cron": "0 4 * * *"}) == (400002, ["schedule_state"])
    assert sqlite_api.done("PATCH", path(made), {"schedule_state": "inactive"})["next_at"] is None
    assert sqlite_api.done("DELETE", path(made)) is None


def test_lists_are_narrowed(api: Any) -> None:
    first = api.schedule("a%", schedule_state="inactive")
    second = api.schedule("ab", job_name="erase-old-runs")
    stored(api, second, declared=True)

    def names(query: str) -> list[str]:
        return [schedule["schedule_name"] for schedule in api.done("GET", f"{ALL}?{query}")["schedules"]]

    assert names("count=false") == ["a%", "ab"]
    assert names("schedule_name=%25") == [first["schedule_name"]]
    assert names("job_name=erase-old-runs&schedule_state=active") == ["ab"]
    assert (names("declared=true"), names("declared=false")) == (["ab"], ["a%"])
    assert names("page=2&per_page=1") == ["ab"]


def test_scope_own_reaches_what_the_caller_made(api: Any) -> None:
    mine = api.schedule("mine")
    theirs = api.done("POST", ALL, {"schedule_name": "theirs", "job_name": "drill", "cron": "* * * * *"}, user_id=8)
    own = {"scope": "own"}
    assert [part["schedule_id"] for part in api.done("GET", ALL, **own)["schedules"]] == [mine["schedule_id"]]
    assert api.done("PATCH", path(mine), {"schedule_state": "inactive"}, **own)["version"] == 2
    for method, body in (("GET", None), ("PATCH", {"cron": "0 1 * * *"}), ("DELETE", None)):
        assert api.refused(method, path(theirs), body, **own)[0] == 404001
    assert api.done("GET", path(theirs))["version"] == 1


def test_a_repeat_under_one_key_gets_the_first_answer(api: Any) -> None:
    body = {"schedule_name": "once", "job_name": "drill", "cron": "0 3 * * *"}
    first = api.done("POST", ALL, body, idempotency_key="k1")
    assert api.done("POST", ALL, body, idempotency_key="k1") == first
    change = api.done("PATCH", path(first), {"cron": "0 4 * * *"}, idempotency_key="k2")
    assert api.done("PATCH", path(first), {"cron": "0 4 * * *"}, idempotency_key="k2") == change
    for _ in range(2):
        assert api.done("DELETE", path(first), idempotency_key="k3") is None
    assert api.refused("PATCH", path(first), {"cron": "0 4 * * *"}, idempotency_key="k2")[0] == 404001
    assert [operation for operation, _ in api.told()] == ["insert", "query", "update", "query", "delete"]


def test_ten_thousand_schedules_are_listed_a_page_at_a_time(sqlite_api: Any) -> None:
    made = sqlite_api.schedule("first")
    names = [f"s{number}" for number in range(10_000)]
    rows = [
        made | {"schedule_id": number + 1_000, "schedule_name": name, "arguments": "{}"}
        | {field: datetime(2026, 1, 1, tzinfo=UTC) for field in ("next_at", "created_at", "updated_at")}
        for number, name in enumerate(names)
    ]  # fmt: skip
    sqlite_api.service.database.write(lambda connection: connection.execute(SCHEDULES.insert(), rows).rowcount)
    page = sqlite_api.done("GET", f"{ALL}?page=100&per_page=100&count=true")
    assert (page["total"], len(page["schedules"]), page["has_more"]) == (10_001, 100, True)


def test_who_may_run_no_job_lets_none_come_by_a_schedule(sqlite_api: Any) -> None:
    """A schedule of every minute is a run of every minute: scope `own` would be `job:run` under another name."""
    own, body = {"scope": "own"}, {"schedule_name": "x", "job_name": "drill", "cron": "* * * * *"}
    assert sqlite_api.refused("POST", ALL, body, **own) == (400002, ["job_name"])
    mine = path(sqlite_api.schedule())
    for change in ({"cron": "* * * * *"}, {"arguments": {"seconds": 1}}, {"schedule_state": "active"}):
        assert sqlite_api.refused("PATCH", mine, change, **own) == (400002, ["schedule_state"])
    assert sqlite_api.done("PATCH", mine, {"schedule_state": "inactive"}, **own)["version"] == 2
    assert sqlite_api.refused("PATCH", mine, {"schedule_state": "active"}, **own) == (400002, ["schedule_state"])
