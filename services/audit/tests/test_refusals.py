"""What the service refuses by itself, whatever the gateway did: each refusal names its field, none is a 500."""

from typing import Any

import pytest

RECORDS = "/api/v1/audit/records"


def test_nothing_is_answered_without_a_passport(sqlite_api: Any) -> None:
    for path in (RECORDS, f"{RECORDS}/1", "/nowhere", "/"):
        answer = sqlite_api.client.get(path, headers={"X-User-Id": "1", "X-Forwarded-User": "admin"})
        assert (answer.status_code, answer.json["return_code"]) == (401, 401016)


@pytest.mark.parametrize(
    "claims",
    [
        {"permission": "demo:query"},
        {"permission": ""},
        {"scope": ""},
        {"user_id": None},
        {"issuer": "identity", "authentication": "service"},
        {"body_sha256": "0" * 64},
    ],
)
def test_a_passport_for_anything_else_is_refused(sqlite_api: Any, claims: dict[str, Any]) -> None:
    answer = sqlite_api.send(RECORDS, **claims)
    assert (answer.status_code, answer.json["return_code"]) == (401, 401016)


def test_an_unsigned_request_is_refused_even_with_a_passport(sqlite_api: Any) -> None:
    assert sqlite_api.send(RECORDS, request_digest="").json["return_code"] == 401004


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("page=0", "page"),
        ("per_page=101", "per_page"),
        ("count=yes", "count"),
        ("user_id=0", "user_id"),
        ("user_id=07", "user_id"),
        ("user_id=", "user_id"),
        ("user_id=1&user_id=2", "user_id"),
        ("service=", "service"),
        ("resource=" + "x" * 64, "resource"),
        ("object_id=%00", "object_id"),
        ("object_id=%ff", "object_id"),
        ("operation=%0a", "operation"),
        ("request_id=" + "x" * 129, "request_id"),
        ("time_start=2026-01-01", "time_start"),
        ("time_start=2026-01-01T12:00:00", "time_start"),
        ("time_start=2026-01-01%2012:00:00Z", "time_start"),
        ("time_start=2026-01-01T12:00:00+00:00", "time_start"),
        ("time_start=2026-01-01t12:00:00z", "time_start"),
        ("time_start=2026-02-30T12:00:00Z", "time_start"),
        ("time_end=1767268800", "time_end"),
        ("time_end=" + "%D9%A1" * 4 + "-01-01T12:00:00Z", "time_end"),
        ("time_end=", "time_end"),
        ("nothing=1", "nothing"),
    ],
)
def test_bad_input_is_refused_in_one_line_that_names_the_field(sqlite_api: Any, query: str, field: str) -> None:
    answer = sqlite_api.send(f"{RECORDS}?{query}")
    assert (answer.status_code, answer.json["return_code"]) == (400, 400002)
    assert answer.json["return_msg"].startswith(f"{field}: ")
    assert "\n" not in answer.json["return_msg"]
    assert [error["field"] for error in answer.json["data"]["errors"]] == [field]


def test_the_log_takes_no_other_method(sqlite_api: Any) -> None:
    """Nobody writes the log over HTTP."""
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert sqlite_api.send(RECORDS, method=method).json["return_code"] == 405001


def test_a_database_that_is_away_is_a_503_and_not_ready(sqlite_api: Any, tmp_path: Any) -> None:
    sqlite_api.service.database.close()
    for file in tmp_path.iterdir():
        file.unlink()
    (tmp_path / "audit.sqlite3").mkdir()
    answer = sqlite_api.send(RECORDS)
    assert (answer.status_code, answer.json["return_code"]) == (503, 503001)
    ready = sqlite_api.client.get("/readyz")
    assert (ready.status_code, ready.json["checks"]["database"]["status"]) == (503, "failed")


def test_readiness_names_the_database_and_the_outbox(sqlite_api: Any) -> None:
    ready = sqlite_api.client.get("/readyz").json
    assert ready["status"] == "ready"
    assert ready["checks"].keys() == {"database", "outbox"}
