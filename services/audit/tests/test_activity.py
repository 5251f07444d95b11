"""A day's activity is counted for the scheduler, exactly, in parts where it is long, and on record."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from services.audit.tests.conftest import CALLER, KEYS

from signet_audit.adapters.outbound.counted_records import SqlCountedRecords
from signet_audit.adapters.outbound.event_map import EventMap
from signet_audit.adapters.outbound.tables import OUTBOX
from signet_audit.application.digest_activity import DigestActivity
from signet_audit.domain.activity import Activity
from signet_common.sql.outbox import Outbox
from signet_testing.jobs import ask

DAY = date(2026, 1, 1)
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
TARGET = f"/internal/jobs/activity-digest?day={DAY}"


def digest(api: Any, target: str = TARGET, **claims: Any) -> Any:
    answer = ask(api.client, "audit", KEYS["scheduler"], target, **claims)
    assert answer.status_code == 200, answer.text
    return answer.json["data"]


def refused(count: Any) -> dict[str, Any]:
    return {"count": [None, count], "reason": [None, "401006"]}


@pytest.fixture
def busy(api: Any, support: Any) -> Any:
    """A day with a little of everything, and records on both sides of it."""
    ann, bob = ({"user_id": user_id, "user_name": name} for user_id, name in ((1, "ann"), (2, "bob")))
    nobody = {"user_id": None, "user_name": "", "authentication": "none"}
    last = BEGIN + timedelta(days=1) - timedelta(microseconds=1)
    said = [
        {"time": BEGIN, "actor": ann},
        *({"time": BEGIN + timedelta(hours=1), "actor": bob} for _ in range(3)),
        {"time": last, "actor": ann, "operation": "delete"},
        {"time": last, "actor": nobody, "service": "identity", "resource": "session", "operation": "login_failed"},
        *(
            {
                "time": BEGIN + timedelta(hours=2),
                "actor": nobody,
                "service": "identity",
                "resource": "request",
                "operation": "refused",
                "changes": refused(count),
            }
            for count in (1, 40)
        ),
        {"time": BEGIN - timedelta(microseconds=1), "actor": ann, "operation": "before"},
        {"time": BEGIN + timedelta(days=1), "actor": ann, "operation": "after"},
    ]
    api.log(*(support.record(**each) for each in said))
    return api


def test_a_day_is_counted_by_kind_and_by_user(busy: Any) -> None:
    """From its first microsecond to its last; a record about forty refused requests counts as forty of them."""
    assert digest(busy) == {
        "totals": [
            {"service": "identity", "resource": "request", "operation": "refused", "events": 2},
            {"service": "identity", "resource": "session", "operation": "login_failed", "events": 1},
            {"service": "resources", "resource": "demo", "operation": "delete", "events": 1},
            {"service": "resources", "resource": "demo", "operation": "insert", "events": 4},
        ],
        "users": [
            {"user_id": 2, "user_name": "bob", "events": 3},
            {"user_id": 1, "user_name": "ann", "events": 2},
        ],
        "sign_ins_refused": 1,
        "requests_refused": 41,
        "after": "",
        "finished": True,
    }


def test_counting_is_recorded_as_a_read(busy: Any) -> None:
    """Reading the log is, whoever does it."""
    digest(busy, user_name="scheduler")
    [told] = busy.told()
    assert told["type"] == "signet.audit.record.query.v1"
    assert told["data"]["actor"]["user_name"] == "scheduler"


def test_a_day_without_records_is_a_day(sqlite_api: Any) -> None:
    """So is one that has not come."""
    for day in ("2020-02-29", "9999-12-30"):
        counted = digest(sqlite_api, f"/internal/jobs/activity-digest?day={day}")
        assert (counted["totals"], counted["users"], counted["finished"]) == ([], [], True)


@pytest.mark.parametrize("rows", [1, 2, 3, 100])
def test_whatever_the_steps_are_each_record_counts_once(busy: Any, rows: int) -> None:
    """Records of one microsecond are told apart by their ids; the scheduler goes on where a part has ended."""
    database = busy.service.database
    records = SqlCountedRecords(database, EventMap(Outbox(OUTBOX)), rows)
    total, after, parts = Activity(), None, 0
    while True:
        # A timer that jumps: every part is over after its first step.
        part = DigestActivity(records, iter(range(0, 1000, 100)).__next__, lambda: None)(CALLER, DAY, after)
        total.events.update(part.activity.events)
        total.requests_refused += part.activity.requests_refused
        parts += 1
        after = part.after
        if after is None:
            break
    assert (sum(total.events.values()), total.requests_refused) == (8, 41)
    assert parts == -(-8 // rows) + 1


def test_a_part_goes_on_where_it_is_told(sqlite_api: Any, support: Any) -> None:
    """As the scheduler sends it back."""
    sqlite_api.log(*(support.record(time=BEGIN + timedelta(seconds=second)) for second in range(4)))
    counted = digest(sqlite_api, f"{TARGET}&after=1000000-2")
    assert [total["events"] for total in counted["totals"]] == [2]


NONSENSE = ("after=", "day=2026-02-30", "day=26-1-1", "day=9999-12-31", f"day={DAY}&after=x", f"day={DAY}&after=1-")


@pytest.mark.parametrize("query", NONSENSE)
def test_a_request_that_makes_no_sense_is_refused(sqlite_api: Any, query: str) -> None:
    answer = ask(sqlite_api.client, "audit", KEYS["scheduler"], f"/internal/jobs/activity-digest?{query}")
    assert answer.json["return_code"] == 400002


def test_nobody_else_counts(sqlite_api: Any) -> None:
    """The gateway's callers have a search for that, with a permission."""
    answer = ask(sqlite_api.client, "audit", KEYS["gateway"], TARGET, issuer="gateway")
    assert answer.json["return_code"] == 401016
    assert sqlite_api.told() == []
