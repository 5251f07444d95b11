"""Files are read anew on the server: what was altered, cut or lost is named, and nothing of them is given out."""

import os
from pathlib import Path

import pytest
from sqlalchemy import update

from signet_files.adapters.outbound.tables import BLOBS, FILES

CHUNK = 65_536
CONTENT = os.urandom(3 * CHUNK + 100)


def verify(api, file_id, offset=0, **claims):
    target = f"/api/v1/files/{file_id}/verification" + (f"?offset={offset}" if offset else "")
    return api.call("GET", target, **({"permission": "file:verify"} | claims))


def verdict(response) -> tuple[str, int, int | None]:
    assert response.json["return_code"] == 200, response.text
    data = response.json["data"]
    return data["verdict"], data["verified_bytes"], data["next_offset"]


def code(response) -> int:
    return int(response.json["return_code"])


def told(api) -> list[object]:
    return [e["data"]["changes"] for e in api.events() if e["type"] == "signet.files.file.verify.v1"]


def the_blob(api) -> Path:
    (path,) = api.blobs()
    return Path(path)


def change(api, values, table=BLOBS) -> None:
    api.service.database.write(lambda connection: connection.execute(update(table).values(**values)))


@pytest.mark.parametrize("content", [b"", b"x", b"x" * CHUNK, CONTENT])
def test_what_was_written_is_intact(sqlite_api, content) -> None:
    """At each border of chunks, the empty file among them."""
    file = sqlite_api.put(content)
    assert verdict(verify(sqlite_api, file["file_id"])) == ("intact", len(content), None)


def test_a_verification_is_told_with_what_was_found(api) -> None:
    """Who looked, how far, and what came out."""
    file = api.put(CONTENT)
    answer = verify(api, file["file_id"], CHUNK)
    assert verdict(answer) == ("intact", len(CONTENT) - CHUNK, None)
    assert answer.json["data"]["size"] == len(CONTENT)
    told_of = {"verdict": [None, "intact"], "offset": [None, CHUNK], "verified_bytes": [None, len(CONTENT) - CHUNK]}
    assert told(api) == [told_of]


def test_a_bit_is_found_where_it_was_altered(sqlite_api) -> None:
    """What stands before it is proven; a call that begins behind it finds nothing."""
    file = sqlite_api.put(CONTENT)
    blob = the_blob(sqlite_api)
    altered = bytearray(blob.read_bytes())
    altered[24 + 1 * (CHUNK + 16) + 7] ^= 1
    blob.write_bytes(altered)
    assert verdict(verify(sqlite_api, file["file_id"])) == ("damaged", CHUNK, None)
    assert verdict(verify(sqlite_api, file["file_id"], 2 * CHUNK)) == ("intact", CHUNK + 100, None)
    assert [changes["verdict"][1] for changes in told(sqlite_api)] == ["damaged", "intact"]


@pytest.mark.parametrize("offset", [0, CHUNK])
def test_a_cut_is_found_wherever_a_call_begins(sqlite_api, offset) -> None:
    """At the border of a chunk, where all that is left decrypts."""
    file = sqlite_api.put(CONTENT)
    blob = the_blob(sqlite_api)
    blob.write_bytes(blob.read_bytes()[: 24 + 3 * (CHUNK + 16)])
    assert verdict(verify(sqlite_api, file["file_id"], offset)) == ("damaged", 0, None)


def test_a_blob_that_is_gone_is_missing(sqlite_api) -> None:
    file = sqlite_api.put(CONTENT)
    the_blob(sqlite_api).unlink()
    assert verdict(verify(sqlite_api, file["file_id"])) == ("missing", 0, None)


def test_a_key_that_was_erased_is_destroyed_and_one_that_was_swapped_is_damaged(sqlite_api) -> None:
    """Both make the file unreadable, but only one of them was meant."""
    file = sqlite_api.put(CONTENT)
    change(sqlite_api, {"data_key": "k1:AAAA"})
    assert verdict(verify(sqlite_api, file["file_id"])) == ("damaged", 0, None)
    change(sqlite_api, {"data_key": None})
    assert verdict(verify(sqlite_api, file["file_id"])) == ("destroyed", 0, None)


def test_another_hash_than_at_the_upload_is_damage(sqlite_api) -> None:
    """A blob may decrypt and yet be another one than the row tells of: then one of both has been changed."""
    file = sqlite_api.put(CONTENT)
    change(sqlite_api, {"sha256": "0" * 64}, FILES)
    assert verdict(verify(sqlite_api, file["file_id"]))[0] == "damaged"


def test_a_deleted_file_is_verified_and_one_beyond_recall_is_not_there(sqlite_api) -> None:
    """Whoever brings a file back wants to know that it is whole; of a destroyed one there is nothing to know."""
    file = sqlite_api.put(CONTENT)
    target = f"/api/v1/files/{file['file_id']}"
    assert code(sqlite_api.call("DELETE", target)) == 200
    assert verdict(verify(sqlite_api, file["file_id"])) == ("intact", len(CONTENT), None)
    file = sqlite_api.put(CONTENT)
    sqlite_api.call("DELETE", f"/api/v1/files/{file['file_id']}?permanently=true")
    assert code(verify(sqlite_api, file["file_id"])) == 404001


def test_somebody_elses_file_is_not_there(sqlite_api) -> None:
    file = sqlite_api.put(CONTENT)
    assert code(verify(sqlite_api, file["file_id"], scope="own", user_id=8)) == 404001
    assert code(verify(sqlite_api, file["file_id"], permission="file:query")) == 401016
    assert told(sqlite_api) == []


@pytest.mark.parametrize("offset", [1, -CHUNK, "x"])
def test_an_offset_is_the_border_of_a_chunk(sqlite_api, offset) -> None:
    file = sqlite_api.put(CONTENT)
    assert code(verify(sqlite_api, file["file_id"], offset)) == 400002


def test_an_offset_lies_within_the_file(sqlite_api) -> None:
    file = sqlite_api.put(b"x" * CHUNK)
    assert code(verify(sqlite_api, file["file_id"], CHUNK)) == 416001


def test_a_store_that_fails_is_no_verdict(sqlite_api) -> None:
    """A disk that is away for a minute must not be noted down as a damaged file."""
    file = sqlite_api.put(CONTENT)
    folder = the_blob(sqlite_api).parent
    blob = the_blob(sqlite_api)
    content = blob.read_bytes()
    blob.unlink()
    blob.mkdir()
    assert code(verify(sqlite_api, file["file_id"])) == 503001
    blob.rmdir()
    (folder / blob.name).write_bytes(content)
    assert verdict(verify(sqlite_api, file["file_id"]))[0] == "intact"
    assert len(told(sqlite_api)) == 1
