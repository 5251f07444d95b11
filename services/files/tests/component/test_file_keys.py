"""The keyring is rotated by requests, a step at each: whatever breaks off in between, every file stays readable."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import bindparam, event, insert, select, update

from signet_common.keyring.ciphers import key_id_of
from signet_common.keyring.document import only_writer, read_keyring
from signet_common.keyring.live import LiveKeyring
from signet_common.keyring.store import FileKeyringStore
from signet_files.adapters.outbound.data_keys import COLUMN, TABLE
from signet_files.adapters.outbound.tables import BLOBS, FILES

KEYS = "/api/v1/file-keys"
MANY = 2_100


def keyring(api) -> Path:
    return Path(api.folder.parent / "keyring.json")


def listed(api) -> tuple[list[tuple[str, str, int]], bool]:
    answer = api.call("GET", KEYS, permission="file_key:query")
    assert answer.json["return_code"] == 200, answer.text
    data = answer.json["data"]
    assert all((key["superseded_at"] is None) == (key["standing"] != "superseded") for key in data["keys"])
    return [(key["key_id"], key["standing"], key["data_keys"]) for key in data["keys"]], data["rotating"]


def rotate(api, after=0, **claims) -> Any:
    return api.call("POST", f"{KEYS}/rotation", {"after": after}, permission="file_key:rotate", **claims)


def step(api, after=0, **claims) -> dict[str, Any]:
    answer = rotate(api, after, **claims)
    assert answer.json["return_code"] == 200, answer.text
    data: dict[str, Any] = answer.json["data"]
    return data


def to_the_end(api, after=0) -> Iterator[dict[str, Any]]:
    while True:
        data = step(api, after)
        yield data
        if data["finished"]:
            return
        assert data["after"] > after, "a client would ask for ever"
        after = data["after"]


def add_blobs(api, count: int) -> None:
    """As many keys of files as an installation has, but no files."""
    keys, now = LiveKeyring(keyring(api)), datetime.now(UTC)
    file = {
        "file_name": "x",
        "file_state": "condemned",
        "room_taken": 0,
        "created_at": now,
        "updated_at": now,
        "version": 1,
    }

    def work(connection) -> None:
        file_id = connection.execute(insert(FILES), file).inserted_primary_key[0]
        row = {"file_id": file_id, "data_key": None}
        rows = [{**row, "content_version": number, "blob_name": f"{file_id}-{number}"} for number in range(count)]
        connection.execute(insert(BLOBS), rows)
        ids = connection.scalars(select(BLOBS.c.blob_id).where(BLOBS.c.file_id == file_id)).all()
        place = {"table": TABLE, "column": COLUMN}
        drawn = [{"id": blob_id, "key": keys.encrypt_bytes(b"k" * 32, row_id=blob_id, **place)} for blob_id in ids]
        wrapped = update(BLOBS).where(BLOBS.c.blob_id == bindparam("id")).values(data_key=bindparam("key"))
        connection.execute(wrapped, drawn)

    api.service.database.write(work)


def change(api, blob_id: int, data_key: str | None) -> None:
    changed = update(BLOBS).where(BLOBS.c.blob_id == blob_id).values(data_key=data_key)
    api.service.database.write(lambda connection: connection.execute(changed))


def key_ids(api) -> set[str]:
    rows = api.service.database.read(lambda connection: connection.scalars(select(BLOBS.c.data_key)).all())
    return {key_id_of(text) for text in rows if text}


def content(api, file) -> bytes:
    answer = api.call("GET", f"/api/v1/files/{file['file_id']}/content")
    assert answer.status_code == 200, answer.text
    return bytes(answer.data)


def told(api) -> list[tuple[str, object]]:
    events = [e for e in api.events() if ".file_key." in e["type"] and ".query." not in e["type"]]
    return [(e["subject"], e["data"]["changes"]) for e in events]


def test_every_key_of_a_file_goes_under_a_new_one_in_steps_and_no_blob_is_touched(api) -> None:
    """On each engine; uploads in between go under the new key at once, and everything stays readable all the time."""
    before = api.put(b"before")
    add_blobs(api, MANY)
    blobs = {path: path.stat().st_mtime_ns for path in api.blobs()}
    assert listed(api) == ([("k1", "current", MANY + 1)], False)
    first = step(api)
    assert (first["current"], first["done"], first["total"], first["finished"]) == ("k2", 1_000, MANY + 1, False)
    assert listed(api) == ([("k1", "superseded", MANY - 999), ("k2", "current", 1_000)], True)
    between = api.put(b"between")
    assert (content(api, before), content(api, between)) == (b"before", b"between")
    *_, last = to_the_end(api, first["after"])
    assert (last["done"], last["total"], last["unreadable"]) == (MANY + 2, MANY + 2, [])
    assert listed(api) == ([("k1", "superseded", 0), ("k2", "current", MANY + 2)], False)
    assert (content(api, before), content(api, between)) == (b"before", b"between")
    assert {path: path.stat().st_mtime_ns for path in blobs} == blobs
    assert told(api)[0] == ("file_key/k2", {"current": ["k1", "k2"], "rotating": [False, True]})
    assert told(api)[1] == ("file_key/k2", {"current": ["k1", "k2"], "rotating": [True, True]})
    assert told(api)[-1] == ("file_key/k2", {"current": ["k1", "k2"], "rotating": [True, False]})


def test_a_rotation_of_nothing_is_a_rotation(sqlite_api) -> None:
    """A key may have been seen by somebody before the first file was stored under it."""
    data = step(sqlite_api)
    assert data == {"current": "k2", "done": 0, "total": 0, "unreadable": [], "after": 0, "finished": True}
    assert listed(sqlite_api) == ([("k1", "superseded", 0), ("k2", "current", 0)], False)


def test_a_rotation_that_broke_off_goes_on_with_whoever_comes_next(sqlite_api) -> None:
    """From the start: what is done already costs a look, and no second key is drawn."""
    add_blobs(sqlite_api, MANY)
    step(sqlite_api)
    assert [data["finished"] for data in to_the_end(sqlite_api)] == [False, False, True]
    assert key_ids(sqlite_api) == {"k2"}


def test_two_administrators_at_once_make_one_rotation(sqlite_api) -> None:
    """Their steps take turns; who comes to the end first ends it, and the other one begins nothing."""
    add_blobs(sqlite_api, MANY)
    mine, theirs = step(sqlite_api), step(sqlite_api)
    assert mine == theirs
    *_, last = to_the_end(sqlite_api, mine["after"])
    assert last["finished"]
    *_, other = to_the_end(sqlite_api, theirs["after"])
    assert (other["current"], other["finished"]) == ("k2", True)
    assert listed(sqlite_api)[0] == [("k1", "superseded", 0), ("k2", "current", MANY)]


def test_a_repeated_request_begins_no_second_rotation(api) -> None:
    """The answer of a small rotation got lost, and the client asks again under the same Idempotency-Key."""
    add_blobs(api, 3)
    first = step(api, idempotency_key="the-rotation-of-may")
    again = step(api, idempotency_key="the-rotation-of-may")
    assert first == again == {**first, "current": "k2", "finished": True}
    assert step(api)["current"] == "k3"


def test_what_was_passed_over_is_taken_along_before_a_rotation_ends(sqlite_api) -> None:
    """Where to go on is the client's word alone; and an upload may have stored under the old key at the last moment."""
    add_blobs(sqlite_api, MANY)
    step(sqlite_api)
    data = step(sqlite_api, after=10**9)
    assert data["finished"]
    assert key_ids(sqlite_api) == {"k2"}


def test_what_does_not_decrypt_is_named_and_stops_nothing(sqlite_api) -> None:
    """Tampered with, or under a key that is gone: with the last answer all of them, whichever step met them."""
    add_blobs(sqlite_api, MANY)
    change(sqlite_api, 2, "k1:AAAA")
    change(sqlite_api, MANY, "k9:AAAA")
    change(sqlite_api, 5, None)
    first, *_, last = to_the_end(sqlite_api)
    assert (first["unreadable"], last["unreadable"], last["finished"]) == ([2], [2, MANY], True)
    assert listed(sqlite_api) == (
        [("k1", "superseded", 1), ("k2", "current", MANY - 3), ("k9", "missing", 1)],
        False,
    )


def test_a_key_that_is_destroyed_during_a_rotation_stays_destroyed(sqlite_api) -> None:
    """Somebody deletes a file permanently while its key is wrapped anew: what was read must not be written back."""
    file = sqlite_api.put(b"secret")
    destroyed = f"/api/v1/files/{file['file_id']}?permanently=true"
    engine, done = sqlite_api.service.database.engine, []

    def meanwhile(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> tuple[str, Any]:
        if statement.startswith("UPDATE blobs") and "data_key=?" in statement and not done:
            done.append(statement)
            _cursor.execute("UPDATE blobs SET data_key = NULL")
        return statement, parameters

    event.listen(engine, "before_cursor_execute", meanwhile, retval=True)
    assert step(sqlite_api)["finished"]
    event.remove(engine, "before_cursor_execute", meanwhile)
    assert done
    assert key_ids(sqlite_api) == set()
    sqlite_api.call("DELETE", destroyed)
    assert step(sqlite_api)["finished"]
    assert key_ids(sqlite_api) == set()


def test_a_keyring_that_may_not_be_written_says_where_to_rotate(sqlite_api, monkeypatch) -> None:
    """And nothing was begun: neither in the file, nor in the audit log; no path of the machine is told."""
    add_blobs(sqlite_api, 3)
    before = keyring(sqlite_api).read_text()
    block(sqlite_api)
    answer = rotate(sqlite_api)
    assert answer.json["return_code"] == 403002
    assert "signet-files keyring rotate" in answer.json["return_msg"]
    assert str(keyring(sqlite_api).parent) not in answer.text
    assert (keyring(sqlite_api).read_text(), told(sqlite_api), key_ids(sqlite_api)) == (before, [], {"k1"})


def test_a_key_that_was_added_elsewhere_is_gone_on_with(sqlite_api) -> None:
    """The file came with a newer key, and this process may only read it: wrapping anew needs no more than that."""
    add_blobs(sqlite_api, MANY)
    store = FileKeyringStore(keyring(sqlite_api))
    store.begin(datetime.now(UTC))
    store.finish()
    block(sqlite_api)
    assert [data["current"] for data in to_the_end(sqlite_api)] == ["k2", "k2", "k2"]
    assert key_ids(sqlite_api) == {"k2"}
    assert rotate(sqlite_api).json["return_code"] == 403002


def test_a_verb_on_the_host_that_holds_the_keyring_is_not_disturbed(sqlite_api, monkeypatch) -> None:
    """It runs for minutes on a large table; whoever asks meanwhile is told to come again."""
    monkeypatch.setattr("signet_files.adapters.outbound.keyring_file.PATIENCE", 0.1)
    with only_writer(keyring(sqlite_api)):
        assert rotate(sqlite_api).json["return_code"] == 503001
    assert read_keyring(keyring(sqlite_api))[0].current == "k1"
    assert step(sqlite_api)["current"] == "k2"


def test_a_keyring_that_was_spoilt_stops_rotations_and_no_downloads(sqlite_api) -> None:
    """The keys that a process has go on working; the file is an operator's to mend."""
    file = sqlite_api.put(b"content")
    keyring(sqlite_api).write_text("{")
    assert rotate(sqlite_api).json["return_code"] == 503001
    assert sqlite_api.call("GET", KEYS, permission="file_key:query").json["return_code"] == 503001
    assert content(sqlite_api, file) == b"content"


@pytest.mark.parametrize("body", [{"after": -1}, {"after": "0"}, {"after": 2**53}, {"key": "k2"}])
def test_a_position_that_is_none_is_refused(sqlite_api, body) -> None:
    answer = sqlite_api.call("POST", f"{KEYS}/rotation", body, permission="file_key:rotate")
    assert answer.json["return_code"] == 400002
    assert read_keyring(keyring(sqlite_api))[0].current == "k1"


def block(api) -> None:
    """Let nobody, root neither, put another file into the keyring's place."""
    draft = keyring(api).with_name("keyring.json.new")
    draft.mkdir()
    (draft / "in the way").write_bytes(os.urandom(1))
