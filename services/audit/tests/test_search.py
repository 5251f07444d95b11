"""The search through its view, on every engine: what is found must not depend on the database."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from signet_audit.adapters.outbound.event_map import EventMap
from signet_audit.adapters.outbound.queries import SqlRecordQueries
from signet_audit.adapters.outbound.tables import OUTBOX
from signet_audit.application.queries import RecordFilter
from signet_common.passport import Passport
from signet_common.sql.outbox import Outbox


def found(api: Any, query: str = "", **claims: Any) -> list[str | None]:
    return [record["object_id"] for record in api.search(query, **claims)["records"]]


def test_a_record_is_answered_whole(api: Any, support: Any) -> None:
    api.log(
        support.record(
            operation="update",
            event_id="e1",
            object_id="7",
            sequence=2,
            changes={"demo_name": ("old", "数据🙂"), "count": (1, None)},
            traceparent="00-" + "a" * 32 + "-" + "b" * 16 + "-00",
        )
    )
    (record,) = api.search()["records"]
    assert record.pop("record_id") > 0
    assert record == {
        "event_id": "e1",
        "time": "2026-01-01T12:00:00Z",
        "service": "resources",
        "resource": "demo",
        "operation": "update",
        "object_id": "7",
        "object_version": 2,
        "actor": {"user_id": 1, "user_name": "bob", "authentication": "token", "credential_id": "session/9"},
        "request_id": "r1",
        "request_digest": "e" * 64,
        "client_ip": "::1",
        "method": "POST",
        "target": "/",
        "changes": {"demo_name": ["old", "数据🙂"], "count": [1, None]},
        "trace_id": "a" * 32,
    }


def test_the_newest_come_first(api: Any, support: Any) -> None:
    """Newest in the log: clocks of services differ, positions do not."""
    api.log(*(support.record(object_id=str(n), time=support.noon - timedelta(hours=n)) for n in range(3)))
    assert found(api) == ["2", "1", "0"]


def test_pages_hold_everything_once(api: Any, support: Any) -> None:
    api.log(*(support.record(object_id=str(n)) for n in range(5)))
    pages = [api.search(f"page={page}&per_page=2&count=true") for page in (1, 2, 3, 4)]
    assert [[r["object_id"] for r in page["records"]] for page in pages] == [["4", "3"], ["2", "1"], ["0"], []]
    assert [page["has_more"] for page in pages] == [True, True, False, False]
    assert {page["total"] for page in pages} == {5}
    assert "total" not in api.search()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("user_id=2", ["b"]),
        ("service=identity", ["c"]),
        ("resource=user", ["c"]),
        ("object_id=a", ["a"]),
        ("object_id=A", []),
        ("object_id=a%20", []),
        ("resource=demo&object_id=c", []),
        ("operation=delete", ["b"]),
        ("request_id=r3", ["c"]),
        ("user_id=1&operation=insert", ["c", "a"]),
        ("resource=nothing", []),
        ("time_start=2026-01-01T13:00:00Z", ["c", "b"]),
        ("time_end=2026-01-01T13:00:00Z", ["a"]),
        ("time_start=2026-01-01T13:00:00Z&time_end=2026-01-01T14:00:00Z", ["b"]),
        ("time_start=" + quote("2026-01-01T16:00:00.000+02:00"), ["c"]),
        ("time_start=2026-01-01T14:00:00Z&time_end=2026-01-01T12:00:00Z", []),
        ("time_start=0000-01-01T00:00:00Z&time_end=" + quote("9999-12-31T23:59:59-12:00"), ["c", "b", "a"]),
        ("time_start=" + quote("0001-01-01T00:00:00+14:00"), ["c", "b", "a"]),
    ],
)
def test_filters_narrow_and_combine(api: Any, support: Any, query: str, expected: list[str]) -> None:
    hour = timedelta(hours=1)
    api.log(
        support.record(object_id="a", time=support.noon),
        support.record(object_id="b", operation="delete", actor={"user_id": 2}, time=support.noon + hour),
        support.record(
            service="identity", resource="user", object_id="c", request_id="r3", time=support.noon + 2 * hour
        ),
    )
    assert found(api, query) == expected


def test_scope_own_reaches_only_what_the_caller_did(api: Any, support: Any) -> None:
    api.log(
        support.record(object_id="mine", actor={"user_id": 7}),
        support.record(object_id="another's"),
        support.record(object_id="nobody's", actor={"user_id": None}),
    )
    assert found(api, scope="own") == ["mine"]
    assert found(api, "user_id=1", scope="own") == []
    assert api.search("count=true", scope="own")["total"] == 1
    assert found(api, scope="anything else") == ["mine"]


def test_a_caller_that_is_no_user_finds_nothing_of_its_own(api: Any, support: Any) -> None:
    """Records of what nobody did are not its own either. The view refuses such a caller; a new route may forget to."""
    api.log(support.record(actor={"user_id": None}), support.record())
    database = api.service.database
    service = Passport("gateway", "audit", "r1", "GET", "/", "", scope="own")
    page = SqlRecordQueries(database, EventMap(Outbox(OUTBOX))).search(RecordFilter(), service, record=False)
    assert page.items == []


def test_each_search_is_told_once(api: Any, support: Any) -> None:
    """Reading the log is in the log: who looked, by which request, and nothing of what was found."""
    api.log(support.record(), support.record())
    api.search("resource=demo")
    api.search("resource=nothing")
    told = api.told()
    assert [(e["type"], e["subject"], e.get("sequence")) for e in told] == [
        ("signet.audit.record.query.v1", "record", None)
    ] * 2
    assert told[0]["data"]["actor"]["user_name"] == "ann"
    assert told[0]["data"]["request"]["target"] == "/api/v1/audit/records?resource=demo"
    assert told[0]["data"]["changes"] == {}


def test_a_refused_search_is_not_told(sqlite_api: Any) -> None:
    sqlite_api.send("/api/v1/audit/records?page=0")
    assert sqlite_api.told() == []
