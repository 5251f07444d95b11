"""Files through their views, on every engine: what clients are promised must not depend on the database."""

import hashlib
import os
from typing import Any

import pytest
from sqlalchemy import select

from signet_files.adapters.outbound.tables import FILES

OTHER = {"user_id": 8, "user_name": "bob", "scope": "own"}


def names(answer: Any) -> list[str]:
    return [file["file_name"] for file in answer.json["data"]["files"]]


def test_a_file_is_uploaded_read_listed_renamed_and_deleted(api: Any) -> None:
    content = os.urandom(100_000)
    made = api.put(content)
    path = f"/api/v1/files/{made['file_id']}"
    assert (made["size"], made["sha256"]) == (100_000, hashlib.sha256(content).hexdigest())
    assert (made["file_state"], made["due_at"], made["created_by"]) == ("active", None, 7)
    assert api.call("GET", path).json["data"] == made
    assert api.call("GET", "/api/v1/files").json["data"]["files"] == [made]
    downloaded = api.call("GET", f"{path}/content")
    assert (downloaded.data, downloaded.headers["Content-Length"]) == (content, "100000")
    changed = api.call("PATCH", path, {"file_name": "Röntgen 数据.dcm"}).json["data"]
    assert (changed["file_name"], changed["version"]) == ("Röntgen 数据.dcm", 2)
    assert api.call("DELETE", path).json == {"return_code": 200, "return_msg": "", "data": None}
    assert api.call("GET", f"{path}/content").json["return_code"] == 404001
    assert api.call("PATCH", path, {"file_name": "x"}).json["return_code"] == 404001


def test_every_change_and_read_leaves_one_event(api: Any) -> None:
    """What was downloaded is told apart from what was only looked at."""
    path = f"/api/v1/files/{api.put()['file_id']}"
    api.call("GET", path)
    api.call("HEAD", f"{path}/content")
    api.call("GET", f"{path}/content")
    api.call("GET", "/api/v1/files")
    api.call("PATCH", path, {"file_name": "second"})
    api.call("DELETE", path)
    api.call("POST", f"{path}/undelete")
    api.call("DELETE", f"{path}?permanently=true")
    told = [(e["data"]["operation"], e["subject"], e.get("sequence")) for e in api.events()]
    subject = f"file/{path.rpartition('/')[2]}"
    assert told == [
        ("insert", subject, 1),
        ("query", subject, None),
        ("query", subject, None),
        ("download", subject, None),
        ("query", "file", None),
        ("update", subject, 2),
        ("delete", subject, 3),
        ("update", subject, 4),
        ("destroy", subject, 5),
    ]


def test_a_deleted_file_is_known_until_it_is_brought_back(api: Any) -> None:
    """Its owner has to see how long that can be done."""
    path = f"/api/v1/files/{api.put()['file_id']}"
    api.call("DELETE", path)
    gone = api.call("GET", path).json["data"]
    assert (gone["file_state"], gone["due_at"] is None) == ("deleted", False)
    assert names(api.call("GET", "/api/v1/files")) == []
    assert names(api.call("GET", "/api/v1/files?file_state=deleted")) == ["scan.dcm"]
    back = api.call("POST", f"{path}/undelete").json["data"]
    assert (back["file_state"], back["due_at"], back["version"]) == ("active", None, 3)
    assert api.call("GET", f"{path}/content").data == b"content"
    assert api.call("POST", f"{path}/undelete").json["return_code"] == 404001


@pytest.mark.parametrize("first", ["active", "deleted"])
def test_what_is_deleted_permanently_is_never_brought_back(api: Any, first: str) -> None:
    """Its key is gone at once; what had been deleted only can still be destroyed."""
    path = f"/api/v1/files/{api.put()['file_id']}"
    if first == "deleted":
        api.call("DELETE", path)
    assert api.call("DELETE", f"{path}?permanently=true").status_code == 200
    for method, target in (("GET", path), ("GET", f"{path}/content"), ("POST", f"{path}/undelete"), ("DELETE", path)):
        assert api.call(method, target).json["return_code"] == 404001
    assert names(api.call("GET", "/api/v1/files?file_state=deleted")) == []


def test_lists_are_narrowed_by_everything_that_is_known(api: Any) -> None:
    """Each filter alone; names are literal and case counts."""
    api.put(b"1", "a_1.txt")
    api.put(b"22", "A%1.txt")
    api.put(b"333", "other", **OTHER)
    wanted = {
        "file_name=_1": ["a_1.txt"],
        "file_name=%251": ["A%1.txt"],
        "size_min=2": ["A%1.txt", "other"],
        "size_max=2": ["a_1.txt", "A%1.txt"],
        "created_by=8": ["other"],
        "media_type=image/png": [],
        "create_date_start=2000-01-01&create_date_end=2000-01-02": [],
        "per_page=1&page=2": ["A%1.txt"],
    }
    assert {query: names(api.call("GET", f"/api/v1/files?{query}")) for query in wanted} == wanted


def test_with_scope_own_another_s_file_is_not_there(api: Any) -> None:
    """Whatever is done to it."""
    path = f"/api/v1/files/{api.put()['file_id']}"
    assert names(api.call("GET", "/api/v1/files", **OTHER)) == []
    for method, target, body in (
        ("GET", path, None), ("GET", f"{path}/content", None), ("HEAD", f"{path}/content", None),
        ("PATCH", path, {"file_name": "x"}), ("DELETE", path, None), ("DELETE", f"{path}?permanently=true", None),
    ):  # fmt: skip
        assert api.call(method, target, body, **OTHER).status_code == 404
    api.call("DELETE", path)
    assert api.call("POST", f"{path}/undelete", **OTHER).status_code == 404
    assert api.call("POST", f"{path}/undelete").status_code == 200


def test_a_change_can_depend_on_the_version(api: Any) -> None:
    path = f"/api/v1/files/{api.put()['file_id']}"
    stale = {"If-Match": '"9"'}
    assert api.call("PATCH", path, {"file_name": "x"}, headers=stale).json["return_code"] == 412001
    assert api.call("DELETE", path, headers=stale).json["return_code"] == 412001
    assert api.call("DELETE", f"{path}?permanently=true", headers=stale).json["return_code"] == 412001
    assert api.call("DELETE", path, headers={"If-Match": '"1"'}).status_code == 200


def test_a_body_that_is_another_one_leaves_nothing(api: Any) -> None:
    """Neither a row, nor a blob, nor room taken."""
    refused = api.send(b"content", sha256="0" * 64)
    assert refused.json["return_code"] == 400001
    rows = api.service.database.read(lambda connection: connection.execute(select(FILES.c.file_id)).all())
    used = api.call("GET", "/api/v1/file-quotas/7", permission="file_quota:query").json["data"]["used_bytes"]
    assert (rows, api.blobs(), used) == ([], [], 0)


def test_the_same_upload_again_is_the_same_file(api: Any) -> None:
    """And its blob is not kept twice."""
    key = {"Idempotency-Key": "k1"}
    first, second = (api.send(b"content", headers=key, idempotency_key="k1").json["data"] for _ in range(2))
    assert (first, len(api.blobs())) == (second, 1)
    assert api.send(b"other", headers=key, idempotency_key="k1").json["return_code"] == 409002
    assert len(api.blobs()) == 1


def test_a_quota_is_what_one_user_may_store(make_api: Any, tmp_path: Any) -> None:
    """To its last byte, and whatever others store."""
    api = make_api(f"sqlite:///{tmp_path}/files.sqlite3", quota_mib=1)
    assert api.send(bytes(2**20 + 1)).json["return_code"] == 413002
    assert (api.put(bytes(2**20))["size"], len(api.blobs())) == (2**20, 1)
    assert api.send(b"x").json["return_code"] == 413002
    assert api.put(b"x", user_id=8)["size"] == 1


def test_a_damaged_file_is_refused_in_words(sqlite_api: Any) -> None:
    """As long as nothing of it has left."""
    made = sqlite_api.put(b"content")
    (blob,) = sqlite_api.blobs()
    damaged = bytearray(blob.read_bytes())
    damaged[-1] ^= 1
    blob.write_bytes(damaged)
    answer = sqlite_api.call("GET", f"/api/v1/files/{made['file_id']}/content")
    assert (answer.status_code, answer.json["return_code"]) == (500, 500002)
    blob.unlink()
    assert sqlite_api.call("GET", f"/api/v1/files/{made['file_id']}/content").json["return_code"] == 500002
