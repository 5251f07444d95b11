"""`client.files`: what was sent is what is stored, what comes is what was stored, or it is an error."""

import hashlib
import io
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from signet import Client
from signet.api.files import FileQuery
from signet.downloads import Part
from signet.errors import AnswerInvalid, ArgumentInvalid, ChecksumMismatch, TransferBroken

CONTENT = b"a scan"
DIGEST = hashlib.sha256(CONTENT).hexdigest()
VIEW = {
    "file_id": 7,
    "file_name": "scan.dcm",
    "file_state": "active",
    "media_type": "application/dicom",
    "size": len(CONTENT),
    "sha256": DIGEST,
    "due_at": None,
    "version": 1,
    "created_at": "2026-01-01T00:00:00Z",
    "created_by": 1,
    "updated_at": "2026-01-01T00:00:00Z",
    "updated_by": 1,
}


def test_an_upload_is_named_after_its_path_and_answers_the_file(client: Client, gateway: Any, tmp_path: Path) -> None:
    """The name travels in the query, so that no letter of it can break a header."""
    path = tmp_path / "наука & 1.dcm"
    path.write_bytes(CONTENT)
    gateway.reply(VIEW)
    told: list[tuple[int, str]] = []
    stored = client.files.upload(path, measured=lambda size, sha256: told.append((size, sha256)))
    assert (stored.file_id, stored.sha256, told) == (7, DIGEST, [(len(CONTENT), DIGEST)])
    [sent] = gateway.received
    assert sent.target == "/api/v1/files?file_name=%D0%BD%D0%B0%D1%83%D0%BA%D0%B0+%26+1.dcm"
    assert sent.body == CONTENT


@pytest.mark.parametrize("other", [{"sha256": "0" * 64}, {"size": 5}])
def test_an_upload_that_is_stored_as_something_else_is_an_error(
    client: Client, gateway: Any, other: dict[str, object]
) -> None:
    """The answer is the client's only sight of what is stored."""
    gateway.reply(VIEW | other)
    with pytest.raises(ChecksumMismatch, match="File 7"):
        client.files.upload(io.BytesIO(CONTENT), file_name="scan.dcm")


def test_an_upload_without_a_name_is_refused_before_anything_is_sent(client: Client, gateway: Any) -> None:
    """A stream has none of its own."""
    with pytest.raises(ArgumentInvalid, match="file_name"):
        client.files.upload(io.BytesIO(CONTENT))
    assert gateway.received == []


def test_a_download_has_to_hash_to_its_etag(client: Client, gateway: Any) -> None:
    """Length alone does not tell one content from another."""
    for content in (CONTENT, b"a scam"):
        gateway.reply(raw=content, headers={"content-length": "6", "etag": f'"{DIGEST}"'})
    with client.files.download(7) as download:
        assert b"".join(download) == CONTENT
    with pytest.raises(ChecksumMismatch), client.files.download(7) as download:
        b"".join(download)


@pytest.mark.parametrize("etag", ["", '"1"', f'W/"{DIGEST}"', DIGEST])
def test_a_download_that_cannot_be_checked_is_no_answer(client: Client, gateway: Any, etag: str) -> None:
    """Better none than one that nobody can believe."""
    gateway.reply(raw=CONTENT, headers={"content-length": "6", "etag": etag})
    with pytest.raises(AnswerInvalid), client.files.download(7):
        pass


def test_a_part_is_measured_against_the_whole_by_its_reader(client: Client, gateway: Any) -> None:
    """Its own hash is nobody's; that it is the part asked for is checked here."""
    headers = {"content-length": "4", "content-range": "bytes 2-5/6", "etag": f'"{DIGEST}"'}
    gateway.reply(raw=CONTENT[2:], code=206, headers=headers)
    with client.files.download(7, part=Part(2), if_range=f'"{DIGEST}"') as download:
        assert (download.partial, download.first, b"".join(download)) == (True, 2, CONTENT[2:])
    assert (gateway.received[0].headers["range"], gateway.received[0].headers["if-range"]) == (
        "bytes=2-",
        f'"{DIGEST}"',
    )


def test_all_pages_are_read_under_the_same_filter(client: Client, gateway: Any) -> None:
    """Every condition goes into every request."""
    for number, more in ((1, True), (2, False)):
        gateway.reply({"files": [VIEW | {"file_id": number}], "page": number, "per_page": 100, "has_more": more})
    which = FileQuery(file_name="scan", size_min=1, file_state="deleted", create_date_start=date(2026, 1, 1))
    assert [file.file_id for file in client.files.iterate(which)] == [1, 2]
    condition = "file_name=scan&size_min=1&file_state=deleted&create_date_start=2026-01-01"
    assert [sent.target for sent in gateway.received] == [
        f"/api/v1/files?{condition}&page={number}&per_page=100" for number in (1, 2)
    ]


def test_a_file_is_renamed_deleted_and_brought_back(client: Client, gateway: Any) -> None:
    """One request each, by the routes of the contract."""
    for _ in range(4):
        gateway.reply(VIEW)
    client.files.rename(7, "other", if_match=1)
    client.files.delete(7)
    client.files.undelete(7)
    client.files.delete(7, permanently=True)
    assert [(sent.method, sent.target) for sent in gateway.received] == [
        ("PATCH", "/api/v1/files/7"),
        ("DELETE", "/api/v1/files/7"),
        ("POST", "/api/v1/files/7/undelete"),
        ("DELETE", "/api/v1/files/7?permanently=true"),
    ]
    assert (gateway.received[0].json, gateway.received[0].headers["if-match"]) == ({"file_name": "other"}, '"1"')


def verified(offset: int | None, **other: object) -> dict[str, object]:
    return {"file_id": 7, "verdict": "intact", "verified_bytes": 10, "size": 30, "next_offset": offset, **other}


def test_a_file_is_verified_piece_by_piece_to_its_end(client: Client, gateway: Any) -> None:
    """However large it is, no request takes longer than a piece."""
    for offset in (10, 20, None):
        gateway.reply(verified(offset))
    assert [found.next_offset for found in client.files.verify(7)] == [10, 20, None]
    assert [sent.target.rpartition("=")[2] for sent in gateway.received] == ["0", "10", "20"]


@pytest.mark.parametrize("answer", [verified(0), verified(31), verified(10, verdict="damaged")])
def test_a_verification_that_leads_nowhere_is_no_answer(
    client: Client, gateway: Any, answer: dict[str, object]
) -> None:
    """It would be repeated for ever, or pass damage over."""
    gateway.reply(answer)
    with pytest.raises(AnswerInvalid, match="does not get on"):
        list(client.files.verify(7))


def rotated(after: int, *, finished: bool = False) -> dict[str, object]:
    return {"current": "k2", "done": after, "total": 20, "unreadable": [3], "after": after, "finished": finished}


def test_keys_are_rotated_batch_by_batch_until_it_is_finished(client: Client, gateway: Any) -> None:
    """Each request is bounded, and says where the next one begins."""
    for step in (rotated(10), rotated(20, finished=True)):
        gateway.reply(step)
    assert [(step.done, step.unreadable) for step in client.file_keys.rotate()] == [(10, (3,)), (20, (3,))]
    assert [sent.json for sent in gateway.received] == [{"after": 0}, {"after": 10}]


def test_a_rotation_that_does_not_get_on_is_no_answer(client: Client, gateway: Any) -> None:
    """It would be asked for again for ever."""
    gateway.reply(rotated(0))
    with pytest.raises(AnswerInvalid, match="does not get on"):
        list(client.file_keys.rotate())


def test_keys_and_quotas_are_read_and_a_limit_is_taken_back(client: Client, gateway: Any) -> None:
    """None is sent as null: leaving it out would change nothing."""
    gateway.reply({"keys": [{"key_id": "k1", "standing": "current", "superseded_at": None, "data_keys": 5}]})
    quota = {"user_id": 4, "used_bytes": 10, "limit_bytes": 99, "own_limit": False}
    gateway.reply(quota)
    gateway.reply(quota)
    assert client.file_keys.list().keys[0].data_keys == 5
    assert client.file_quotas.get(4).used_bytes == 10
    client.file_quotas.set(4, None)
    assert gateway.received[2].json == {"limit_bytes": None}


def test_a_download_that_breaks_off_says_how_much_had_come(client: Client, gateway: Any) -> None:
    """From there it can be gone on with."""
    gateway.reply(raw=CONTENT[:2], headers={"content-length": "6", "etag": f'"{DIGEST}"'})
    with pytest.raises(TransferBroken) as broken, client.files.download(7) as download:
        b"".join(download)
    assert broken.value.received == 2
    assert not isinstance(broken.value, ChecksumMismatch)
