"""What users may store, as clients read and set it."""

import pytest

QUOTAS = "/api/v1/file-quotas"


def read(api, user_id=7, **claims):
    return api.call("GET", f"{QUOTAS}/{user_id}", permission="file_quota:query", **claims)


def limit(api, limit_bytes, user_id=7, **claims):
    change = {"limit_bytes": limit_bytes}
    return api.call("PATCH", f"{QUOTAS}/{user_id}", change, permission="file_quota:update", **claims)


def code(response) -> int:
    return int(response.json["return_code"])


def quota(response) -> tuple[int, int, bool]:
    assert code(response) == 200, response.text
    data = response.json["data"]
    return data["used_bytes"], data["limit_bytes"], data["own_limit"]


def told(api) -> list[tuple[str, str, object]]:
    events = [event for event in api.events() if ".file_quota." in event["type"]]
    return [(e["type"].split(".")[3], e["subject"], e["data"]["changes"].get("limit_bytes")) for e in events]


def test_a_limit_is_set_lowered_below_what_is_used_and_taken_away_again(make_api, database_url) -> None:
    """Lowering removes nothing: it only keeps out what is new, and every step is told with the limit before."""
    api = make_api(database_url, quota_mib=1)
    assert quota(read(api)) == (0, 2**20, False)
    assert quota(limit(api, 100)) == (0, 100, True)
    file = api.put(b"x" * 60)
    assert quota(read(api)) == (60, 100, True)
    assert quota(limit(api, 10)) == (60, 10, True)
    assert code(api.send(b"y")) == 413002
    assert code(api.call("GET", f"/api/v1/files/{file['file_id']}")) == 200
    assert api.put(b"")["size"] == 0
    assert quota(limit(api, None)) == (60, 2**20, False)
    api.put(b"y")
    query, changes = ("query", "file_quota/7", None), [[None, 100], [100, 10], [10, None]]
    updates = [("update", "file_quota/7", change) for change in changes]
    assert told(api) == [query, updates[0], query, *updates[1:]]


def test_whoever_reaches_only_what_is_theirs_reads_their_own_quota(sqlite_api) -> None:
    """How much somebody else stores is as much nobody's business as what."""
    assert quota(read(sqlite_api, scope="own")) == (0, 10_240 * 2**20, False)
    assert code(read(sqlite_api, 8, scope="own")) == 404001
    assert code(limit(sqlite_api, 5, 8, scope="own")) == 404001
    assert code(read(sqlite_api, 8)) == 200
    assert told(sqlite_api) == [("query", "file_quota/7", None), ("query", "file_quota/8", None)]


def test_a_repeated_change_is_done_once_and_answered_as_the_first_time(sqlite_api) -> None:
    """A client that lost the answer asks again; meanwhile somebody else may have decided otherwise."""
    first = limit(sqlite_api, 5, idempotency_key="once-only-please")
    assert quota(limit(sqlite_api, 6)) == (0, 6, True)
    assert limit(sqlite_api, 5, idempotency_key="once-only-please").json == first.json
    assert quota(read(sqlite_api)) == (0, 6, True)
    assert [operation for operation, _, _ in told(sqlite_api)] == ["update", "update", "query", "query"]


@pytest.mark.parametrize("limit_bytes", [-1, 2**53, 1.5, "1", True])
def test_a_limit_that_is_none_is_refused(sqlite_api, limit_bytes) -> None:
    assert code(limit(sqlite_api, limit_bytes)) == 400002


def test_a_change_without_a_limit_is_refused(sqlite_api) -> None:
    """Nothing at all is not the same as null, which takes a limit away."""
    answer = sqlite_api.call("PATCH", f"{QUOTAS}/7", {}, permission="file_quota:update")
    assert code(answer) == 400002
