"""Demo through its views, on every engine: what clients are promised must not depend on the database."""

from typing import Any

import pytest

from signet_common.passport import Passport
from signet_common.sql.outbox import Outbox
from signet_resources.adapters.outbound.event_map import EventMap
from signet_resources.adapters.outbound.queries import SqlDemoQueries
from signet_resources.adapters.outbound.tables import OUTBOX
from signet_resources.application.queries import DemoFilter
from signet_resources.domain.errors import DemoNotFound


def test_a_demo_is_created_read_listed_changed_and_deleted(api: Any) -> None:
    created = api.create("first")
    path = f"/api/v1/demos/{created['demo_id']}"
    assert created["demo_state"] == "active"
    assert created["created_by"] == created["updated_by"] == 7
    assert api.call("GET", path).json["data"] == created
    assert api.call("GET", "/api/v1/demos").json["data"]["demos"] == [created]
    changed = api.call("PATCH", path, {"demo_name": "second"}).json["data"]
    assert (changed["demo_name"], changed["version"], changed["created_at"]) == ("second", 2, created["created_at"])
    assert api.call("DELETE", path).json == {"return_code": 200, "return_msg": "", "data": None}
    assert api.call("GET", path).json["return_code"] == 404001


def test_every_change_and_read_leaves_one_event(api: Any) -> None:
    path = f"/api/v1/demos/{api.create('x')['demo_id']}"
    api.call("GET", path)
    api.call("POST", path, {"demo_state": "inactive"})
    api.call("GET", "/api/v1/demos")
    api.call("DELETE", path)
    told = [(e["data"]["operation"], e["subject"], e.get("sequence")) for e in api.events()]
    subject = path.removeprefix("/api/v1/demos/")
    assert told == [
        ("insert", f"demo/{subject}", 1),
        ("query", f"demo/{subject}", None),
        ("update", f"demo/{subject}", 2),
        ("query", "demo", None),
        ("delete", f"demo/{subject}", 3),
    ]
    update = api.events()[2]["data"]
    assert update["changes"] == {"demo_state": ["active", "inactive"]}
    assert update["actor"] == {
        "user_id": 7,
        "user_name": "ann",
        "authentication": "api_key",
        "credential_id": "api_key/1",
    }
    assert update["request"]["client_ip"] == "192.0.2.1"


def test_a_refused_change_leaves_no_event(api: Any) -> None:
    api.create("taken")
    before = len(api.events())
    assert api.call("POST", "/api/v1/demos", {"demo_name": "taken"}).json["return_code"] == 409001
    assert len(api.events()) == before


def test_a_deleted_name_is_free_and_its_id_is_not(api: Any) -> None:
    """An id that is in the audit log must never name another demo."""
    first = api.create("again")
    api.call("DELETE", f"/api/v1/demos/{first['demo_id']}")
    assert api.create("again")["demo_id"] > first["demo_id"]


def test_names_differ_by_case_and_by_trailing_space(api: Any) -> None:
    names = ["name", "Name", "name ", "naïve"]
    for name in names:
        api.create(name)
    assert [demo["demo_name"] for demo in api.call("GET", "/api/v1/demos").json["data"]["demos"]] == names


@pytest.mark.parametrize(("name", "accepted"), [("数据数据数", True), ("数据数据数x", False), ("🙂🙂🙂xyz", True)])
def test_the_limit_counts_bytes_of_utf8(api: Any, name: str, accepted: bool) -> None:
    response = api.call("POST", "/api/v1/demos", {"demo_name": name})
    assert response.json["return_code"] == (200 if accepted else 400002)
    if accepted:
        assert response.json["data"]["demo_name"] == name


def test_an_inactive_demo_is_listed_and_changed_but_not_read(api: Any) -> None:
    path = f"/api/v1/demos/{api.create('off', demo_state='inactive')['demo_id']}"
    assert api.call("GET", path).status_code == 404
    listed = api.call("GET", "/api/v1/demos?demo_state=inactive").json["data"]["demos"]
    assert [demo["demo_name"] for demo in listed] == ["off"]
    assert api.call("PATCH", path, {"demo_state": "active"}).status_code == 200
    assert api.call("GET", path).status_code == 200


def test_an_empty_page_is_an_answer(api: Any) -> None:
    assert api.call("GET", "/api/v1/demos?page=9&count=true").json == {
        "return_code": 200,
        "return_msg": "",
        "data": {"demos": [], "page": 9, "per_page": 20, "has_more": False, "total": 0},
    }


def test_pages_and_filters_narrow_the_list(api: Any) -> None:
    for name in ("a1", "a2", "a3", "b%", "b_"):
        api.create(name)

    def names(query: str) -> list[str]:
        return [demo["demo_name"] for demo in api.call("GET", f"/api/v1/demos?{query}").json["data"]["demos"]]

    assert names("per_page=2&page=2") == ["a3", "b%"]
    assert names("demo_name=%25") == ["b%"]
    assert names("demo_name=_") == ["b_"]
    assert names("demo_name=A") == []
    assert names("create_date_start=2000-01-01&create_date_end=9999-12-31&demo_name=a") == ["a1", "a2", "a3"]
    assert names("create_date_end=2000-01-01") == []


def test_a_version_that_is_gone_is_refused(api: Any) -> None:
    created = api.call("POST", "/api/v1/demos", {"demo_name": "v"})
    path = f"/api/v1/demos/{created.json['data']['demo_id']}"
    assert created.headers["ETag"] == '"1"'
    assert api.call("PATCH", path, {"demo_name": "w"}, headers={"If-Match": '"1"'}).headers["ETag"] == '"2"'
    for method, body in (("PATCH", {"demo_name": "u"}), ("DELETE", None)):
        for tag in ('"1"', 'W/"2"', '"x"'):
            refused = api.call(method, path, body, headers={"If-Match": tag})
            assert (refused.status_code, refused.json["return_code"]) == (412, 412001)
    assert api.call("DELETE", path, headers={"If-Match": '"1", "2"'}).status_code == 200


def test_a_known_version_is_not_sent_again(api: Any) -> None:
    path = f"/api/v1/demos/{api.create('same')['demo_id']}"
    answer = api.call("GET", path, headers={"If-None-Match": '"1"'})
    assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", '"1"')
    assert api.call("GET", path, headers={"If-None-Match": '"2"'}).status_code == 200


def test_a_repeat_under_one_key_gets_the_first_answer(api: Any) -> None:
    first = api.call("POST", "/api/v1/demos", {"demo_name": "once"}, idempotency_key="k1").json
    assert api.call("POST", "/api/v1/demos", {"demo_name": "once"}, idempotency_key="k1").json == first
    path = f"/api/v1/demos/{first['data']['demo_id']}"
    for _ in range(2):
        assert api.call("DELETE", path, idempotency_key="k2").status_code == 200
    told = [event["type"].split(".")[3] for event in api.events()]
    assert told == ["insert", "query", "delete"], "the first answer, shown again, is a read"


def test_a_repeat_shows_nothing_that_its_caller_may_not_see_any_more(api: Any) -> None:
    """The key is kept for a day; the demo, or the right to see it, may be gone within."""
    body = {"demo_name": "once"}
    demo_id = api.call("POST", "/api/v1/demos", body, idempotency_key="k1", user_id=8).json["data"]["demo_id"]
    path, name = f"/api/v1/demos/{demo_id}", {"demo_name": "twice"}
    first = api.call("PATCH", path, name, idempotency_key="k2").json
    assert api.call("PATCH", path, name, idempotency_key="k2").json == first
    assert api.call("PATCH", path, name, idempotency_key="k2", scope="own").json["return_code"] == 404001
    api.call("PATCH", path, {"demo_name": "thrice"})
    assert api.call("PATCH", path, name, idempotency_key="k2").json == first, "whatever it looks like by now"
    api.call("DELETE", path)
    assert api.call("PATCH", path, name, idempotency_key="k2").json["return_code"] == 404001
    assert api.call("POST", "/api/v1/demos", body, idempotency_key="k1", user_id=8).json["return_code"] == 404001


def test_a_key_for_another_request_is_refused(api: Any) -> None:
    api.call("POST", "/api/v1/demos", {"demo_name": "once"}, idempotency_key="k1")
    assert api.call("POST", "/api/v1/demos", {"demo_name": "two"}, idempotency_key="k1").json["return_code"] == 409002
    other = api.call("POST", "/api/v1/demos", {"demo_name": "two"}, idempotency_key="k1", user_id=8)
    assert other.status_code == 200, "another user's key is another key"


def test_scope_own_reaches_only_what_the_caller_made(api: Any) -> None:
    mine, theirs = api.create("mine"), api.call("POST", "/api/v1/demos", {"demo_name": "theirs"}, user_id=8).json
    own = {"scope": "own"}
    listed = api.call("GET", "/api/v1/demos", **own).json["data"]["demos"]
    assert [demo["demo_id"] for demo in listed] == [mine["demo_id"]]
    foreign = f"/api/v1/demos/{theirs['data']['demo_id']}"
    for method, body in (("GET", None), ("PATCH", {"demo_name": "z"}), ("DELETE", None)):
        assert api.call(method, foreign, body, **own).json["return_code"] == 404001


def test_a_caller_that_is_no_user_reaches_nothing_of_its_own(api: Any) -> None:
    """The views refuse such a caller; a new route may forget to."""
    demo_id = api.create("somebody's")["demo_id"]
    queries = SqlDemoQueries(api.service.database, EventMap(Outbox(OUTBOX)))
    service = Passport("gateway", "resources", "r1", "GET", "/", "", scope="own")
    assert queries.search(DemoFilter(), service, record=False).items == []
    with pytest.raises(DemoNotFound):
        queries.get_active(demo_id, service, record=False)
