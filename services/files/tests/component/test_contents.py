"""Downloads through the view: parts, conditions, and what a browser is told."""

from typing import Any

import pytest

from signet_common.web.http_response import TransferBroken

CONTENT = bytes(range(256)) * 1_000


@pytest.fixture
def content(sqlite_api: Any) -> str:
    """The target of a content of `CONTENT`."""
    return f"/api/v1/files/{sqlite_api.put(CONTENT, 'Bild%20%E6%95%B0%201.png')['file_id']}/content"


def test_one_part_is_what_lies_there(sqlite_api: Any, content: str) -> None:
    """Also across the border of a chunk."""
    answer = sqlite_api.call("GET", content, headers={"Range": "bytes=65530-65545"})
    assert (answer.status_code, answer.data) == (206, CONTENT[65_530:65_546])
    assert answer.headers["Content-Range"] == "bytes 65530-65545/256000"
    assert sqlite_api.call("GET", content, headers={"Range": "bytes=-3"}).data == CONTENT[-3:]


def test_what_lies_beyond_the_end_is_told_with_the_size(sqlite_api: Any, content: str) -> None:
    """Whoever goes on with a broken download learns that there is nothing more."""
    answer = sqlite_api.call("GET", content, headers={"Range": "bytes=256000-"})
    assert (answer.status_code, answer.json["return_code"]) == (416, 416001)
    assert answer.headers["Content-Range"] == "bytes */256000"


def test_what_the_client_has_is_not_sent_again(sqlite_api: Any, content: str) -> None:
    """And it is recorded as looked at, not as downloaded."""
    tag = sqlite_api.call("HEAD", content).headers["ETag"]
    answer = sqlite_api.call("GET", content, headers={"If-None-Match": tag})
    assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", tag)
    assert [event["data"]["operation"] for event in sqlite_api.events()] == ["insert", "query", "query"]


def test_a_part_of_another_content_is_the_whole(sqlite_api: Any, content: str) -> None:
    """Two halves of different files never become one."""
    wanted = {"Range": "bytes=0-1", "If-Range": '"another"'}
    assert sqlite_api.call("GET", content, headers=wanted).data == CONTENT


def test_a_head_says_everything_but_the_content(sqlite_api: Any, content: str) -> None:
    """Whoever plans a download of gigabytes asks first."""
    head, whole = sqlite_api.call("HEAD", content), sqlite_api.call("GET", content)
    assert (head.status_code, head.data, head.headers["Content-Length"]) == (200, b"", "256000")
    told = ("Content-Type", "Content-Length", "Content-Disposition", "ETag", "Accept-Ranges")
    assert {name: head.headers[name] for name in told} == {name: whole.headers[name] for name in told}


def test_a_browser_is_to_save_it_under_its_name(sqlite_api: Any, content: str) -> None:
    answer = sqlite_api.call("HEAD", content)
    disposition = "attachment; filename=\"Bild _ 1.png\"; filename*=UTF-8''Bild%20%E6%95%B0%201.png"
    assert answer.headers["Content-Disposition"] == disposition


def test_the_type_is_told_from_the_content(sqlite_api: Any) -> None:
    """Not from the name, nor from what the client says."""
    png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\6\0\0\0"
    made = sqlite_api.send(png, "page.html", headers={"Content-Type": "text/html"}).json["data"]
    assert made["media_type"] == "image/png"


@pytest.mark.parametrize("name", ["a%2Fb", "..", "x%00y", "%E2%80%AEgpj.exe", "x" * 256, "%20", "NUL.txt"])
def test_a_name_that_is_none_is_refused_by_its_field(sqlite_api: Any, name: str) -> None:
    """Before anything is stored."""
    answer = sqlite_api.send(b"x", name)
    assert (answer.status_code, answer.json["return_code"]) == (400, 400002)
    assert [problem["field"] for problem in answer.json["data"]["errors"]] == ["file_name"]
    assert sqlite_api.blobs() == []


def test_what_turns_out_to_be_damaged_cuts_the_download_off(sqlite_api: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Not a wrong byte leaves, nothing ends as if it were whole, and the log says which file it was."""
    content = bytes(1_000_000)
    file_id = sqlite_api.put(content)["file_id"]
    [blob] = sqlite_api.blobs()
    with blob.open("r+b") as stored:
        stored.seek(600_000)
        stored.write(b"another")
    pieces = sqlite_api.call("GET", f"/api/v1/files/{file_id}/content").iter_encoded()
    got = [next(pieces) for _ in range(3)]
    with pytest.raises(TransferBroken):
        next(pieces)
    assert b"".join(got) == content[: 9 * 65_536]
    assert [record.getMessage() for record in caplog.records] == [
        f"a download is cut off: chunk 9 of file {file_id} version 1 does not decrypt"
    ]
