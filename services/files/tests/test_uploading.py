"""Whatever fails on the way, there is the whole file or nothing."""

import hashlib
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from services.files.tests.storing import CALLER, CONTENT, NOTHING, ONE, QUOTA, Sent, WrongChecksum
from sqlalchemy import insert, select, update

from signet_common.sql.database import DatabaseUnavailable
from signet_files.adapters.outbound.disk_threads import directly
from signet_files.adapters.outbound.local_blobs import LocalBlobs
from signet_files.adapters.outbound.tables import BLOBS, FILES, OUTBOX, QUOTAS
from signet_files.adapters.outbound.uploads import SqlUploads
from signet_files.application.collected import Collected
from signet_files.domain.errors import (
    FileDamaged,
    FileDestroyed,
    FileNotFound,
    QuotaExceeded,
    StorageFull,
    StorageUnavailable,
    UploadLost,
)


def test_an_upload_becomes_a_file(service) -> None:
    """With everything that is told about it, and the event in the same transaction."""
    file = service.put()
    assert (file.file_state, file.size, file.created_by, file.version) == ("active", 200_000, 7, 1)
    assert file.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert file.media_type == "application/x-8192"
    assert (service.left(), service.count(OUTBOX), service.used()) == (ONE, 1, 200_000)
    assert service.content(file) == CONTENT
    assert service.collect() == Collected()


def test_an_empty_file_is_a_file(sqlite_service) -> None:
    file = sqlite_service.put(Sent(b""))
    assert (file.size, sqlite_service.content(file)) == (0, b"")


def test_what_is_stored_does_not_show_what_it_holds(sqlite_service) -> None:
    """Every byte is encrypted, at any size."""
    sqlite_service.put(Sent(b"the patient's name"))
    (blob,) = (path.read_bytes() for path in sqlite_service.folder.rglob("*") if path.is_file())
    assert b"patient" not in blob


def test_a_wrong_checksum_stores_nothing(service) -> None:
    with pytest.raises(WrongChecksum):
        service.put(Sent(declared=b"another"))
    assert (service.left(), service.count(OUTBOX), service.used()) == (NOTHING, 0, 0)


def test_a_full_disk_stores_nothing(sqlite_service) -> None:
    def full(_name: str, _pieces: Any) -> None:
        raise StorageFull("no room is left for files")

    sqlite_service.blobs.write = full
    with pytest.raises(StorageFull):
        sqlite_service.put()
    assert sqlite_service.left() == NOTHING


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """Half a mebibyte, and no more."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "signet", folder], check=False).returncode:
        pytest.skip("only root mounts a disk")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_disk_that_is_really_full_stores_nothing_and_takes_what_fits(sqlite_service, small_disk) -> None:
    """What was half written makes room again at once."""
    service = sqlite_service
    blobs = LocalBlobs(small_disk / "blobs", directly)
    service.upload, service.read = replace(service.upload, blobs=blobs), replace(service.read, blobs=blobs)
    for _ in range(2):
        with pytest.raises(StorageFull):
            service.put(Sent(bytes(700_000)))
        assert (service.count(FILES), service.used(), [*blobs.stored("")]) == (0, 0, [])
    file = service.put()
    with pytest.raises(StorageFull):
        service.put(Sent(bytes(400_000)))
    assert service.content(file) == CONTENT


def test_a_database_that_is_down_leaves_no_name_behind(sqlite_service, memory_blobs) -> None:
    """Some stores make an empty blob to have a name."""

    class Down(SqlUploads):
        def begin(self, *_arguments: Any, **_options: Any) -> Any:
            raise DatabaseUnavailable("gone")

    memory_blobs.new_name = lambda: memory_blobs.write("x", []) or "x"
    uploads = Down(sqlite_service.database, sqlite_service.keys, QUOTA)
    sqlite_service.upload = replace(sqlite_service.upload, uploads=uploads, blobs=memory_blobs)
    with pytest.raises(DatabaseUnavailable):
        sqlite_service.put()
    assert memory_blobs.blobs == {}


@pytest.mark.parametrize("length", [1, QUOTA + 1])
def test_a_store_that_names_a_blob_twice_takes_no_file_along(service, length: int) -> None:
    """A storage of FastDFS names what it likes, a file in another group, too: it is not for it to have that deleted."""
    kept = service.put()
    (name,) = [blob.name for blob in service.blobs.stored("")]
    service.blobs.new_name = lambda: name
    with pytest.raises((StorageUnavailable, QuotaExceeded)):
        service.put(Sent(bytes(length), length=length))
    assert service.content(kept, 0, 10) == CONTENT[:10]


@pytest.mark.parametrize("length", [None, QUOTA + 1])
def test_nobody_stores_more_than_the_quota(service, length: int | None) -> None:
    """Whether the length was told or not; with it nothing is even begun."""
    with pytest.raises(QuotaExceeded):
        service.put(Sent(bytes(QUOTA + 1), length=length))
    assert (service.left(), service.used()) == (NOTHING, 0)
    assert service.put(Sent(bytes(QUOTA), length=QUOTA)).size == QUOTA
    with pytest.raises(QuotaExceeded, match="0 bytes"):
        service.put(Sent(b"x"))
    assert service.used() == QUOTA


def test_two_uploads_at_once_share_one_quota(service) -> None:
    """The room is taken when the first begins: otherwise each of a thousand could fill all of it on the disk."""

    def meanwhile(_at: int) -> None:
        with pytest.raises(QuotaExceeded, match="10 bytes"):
            service.put(Sent(bytes(11), length=11))

    length = QUOTA - 10
    assert service.put(Sent(bytes(length), length=length, meanwhile=meanwhile)).size == length
    assert (service.left(), service.used()) == (ONE, length)


def test_an_upload_of_unknown_length_takes_room_as_it_grows(service) -> None:
    """Some ahead, so that it does not ask for each piece; what it did not need is given back."""
    seen = []
    service.put(Sent(bytes(200_000), meanwhile=lambda _at: seen.append(service.used())))
    assert (seen[0], seen[1], service.used()) == (0, QUOTA, 200_000)


def test_room_that_was_taken_is_given_back_when_an_upload_fails(service) -> None:
    """At once, and not when somebody collects."""
    with pytest.raises(WrongChecksum):
        service.put(Sent(declared=b"another", length=200_000))
    assert service.used() == 0


def test_room_that_was_taken_is_given_back_when_a_killed_upload_is_collected(service) -> None:
    """Nobody else would: the process that took it is gone."""
    name = service.blobs.new_name()
    service.uploads.begin("scan.dcm", name, length=200_000, by=CALLER.user_id, at=service.clock())
    assert service.used() == 200_000
    service.later(minutes=11)
    assert service.collect() == Collected(uploads=1)
    assert service.used() == 0


def test_who_filled_the_quota_gets_the_first_answer_again(service) -> None:
    """The client lost the answer; there is no room for a second one, and none is needed."""
    keyed = replace(CALLER, idempotency_key="once")
    first = service.put(Sent(bytes(QUOTA), length=QUOTA), caller=keyed)
    assert service.put(Sent(bytes(QUOTA), length=QUOTA), caller=keyed) == first
    with pytest.raises(QuotaExceeded):
        service.put(Sent(b"x", length=1), caller=replace(CALLER, idempotency_key="another"))


def test_a_limit_of_one_s_own_counts_instead(sqlite_service) -> None:
    own = insert(QUOTAS).values(user_id=7, used_bytes=0, limit_bytes=5)
    sqlite_service.database.write(lambda connection: connection.execute(own))
    with pytest.raises(QuotaExceeded):
        sqlite_service.put(Sent(b"123456"))
    assert sqlite_service.put(Sent(b"12345")).size == 5


def test_a_repeat_under_one_key_is_the_first_file(service) -> None:
    """The client lost the answer; what it sent again is not kept twice."""
    keyed = replace(CALLER, idempotency_key="once")
    first = service.put(caller=keyed)
    assert service.put(caller=keyed) == first
    assert (service.left(), service.used()) == (ONE, 200_000)


def test_a_slow_upload_is_no_orphan(service) -> None:
    """It may take hours as long as something comes."""

    def meanwhile(_at: int) -> None:
        service.later(minutes=9)
        assert service.collect() == Collected()

    assert service.content(service.put(Sent(meanwhile=meanwhile))) == CONTENT


def test_a_silent_upload_is_given_up_for_good(service) -> None:
    """Once the collector came it ends nowhere, however late it wakes up."""

    def meanwhile(at: int) -> None:
        if at == 190_000:
            service.later(minutes=11)
            assert service.collect().uploads == 1

    with pytest.raises(UploadLost):
        service.put(Sent(meanwhile=meanwhile))
    assert (service.left(), service.used(), service.count(OUTBOX)) == (NOTHING, 0, 0)


def test_an_upload_whose_blob_was_taken_away_hears_that_it_is_lost(service) -> None:
    """The collector came when all had arrived, before the blob had its name: not a file that is damaged."""

    def collecting(function: Any, *arguments: Any) -> Any:
        if function.__name__ == "finish":
            service.later(minutes=11)
            assert service.collect().uploads == 1
        return directly(function, *arguments)

    service.upload = replace(service.upload, blobs=LocalBlobs(service.folder, collecting))
    with pytest.raises(UploadLost):
        service.put()
    assert (service.left(), service.count(OUTBOX)) == (NOTHING, 0)


def test_what_is_condemned_never_becomes_a_file(service) -> None:
    """Its key is gone: an upload that ends between the condemnation and the removal must hear so."""
    write, delete = service.blobs.write, service.blobs.delete

    def refusing(_name: str) -> None:
        raise StorageUnavailable("not now")

    def too_late(name: str, pieces: Any) -> None:
        write(name, pieces)
        service.later(minutes=11)
        service.blobs.delete = refusing
        assert service.collect().failed == 1

    service.blobs.write = too_late
    with pytest.raises(UploadLost):
        service.put()
    assert (service.states(), service.count(OUTBOX)) == (["condemned"], 0)
    service.blobs.delete = delete
    service.later(minutes=11)
    assert service.collect() == Collected(uploads=1)
    assert service.left() == NOTHING


def test_an_unanswered_commit_takes_nothing_away(sqlite_service) -> None:
    """It may have been made: a row without its blob would be worse than an orphan."""
    execute = sqlite_service.work.execute

    class Unanswered:
        def execute(self, *arguments: Any, **options: Any) -> Any:
            execute(*arguments, **options)
            raise DatabaseUnavailable("gone")

    sqlite_service.upload = replace(sqlite_service.upload, unit_of_work=Unanswered())
    with pytest.raises(DatabaseUnavailable):
        sqlite_service.put()
    assert (sqlite_service.states(), sqlite_service.left()) == (["active"], ONE)


def test_destroying_one_key_makes_exactly_that_file_unreadable(service) -> None:
    """While all blobs are where they were."""
    file, other = service.put(), service.put()
    destroyed = update(BLOBS).where(BLOBS.c.file_id == file.file_id).values(data_key=None)
    service.database.write(lambda connection: connection.execute(destroyed))
    with pytest.raises(FileDestroyed):
        service.content(file)
    assert service.content(other) == CONTENT


def test_a_range_is_what_lies_there(service) -> None:
    assert service.content(service.put(), 70_000, 140_001) == CONTENT[70_000:140_001]


def test_nobody_else_finds_a_file_nor_anybody_one_that_is_none(service) -> None:
    """Another's, deleted, still uploading: they all look as if they had never been."""
    mine, deleted = service.put(), service.put()
    service.delete(CALLER, deleted.file_id, expected=None)
    with pytest.raises(FileNotFound):
        service.content(deleted)
    with pytest.raises(FileNotFound):
        service.content(mine, caller=replace(CALLER, user_id=8))
    assert service.content(mine, caller=replace(CALLER, user_id=8, scope="any")) == CONTENT

    def meanwhile(_at: int) -> None:
        with pytest.raises(FileNotFound):
            service.content(replace(mine, file_id=deleted.file_id + 1))

    assert service.put(Sent(meanwhile=meanwhile)).file_id == deleted.file_id + 1


@pytest.mark.parametrize("swap", [False, True])
def test_another_file_s_blob_and_key_in_its_place_are_refused(service, swap: bool) -> None:
    """By somebody who may write to the database: the blob alone, or its wrapped key with it."""
    file, other = service.put(), service.put()
    rows = {row.file_id: row for row in service.database.read(lambda c: c.execute(select(BLOBS)).all())}
    blob = service.folder / rows[file.file_id].blob_name[:2] / rows[file.file_id].blob_name
    foreign = service.folder / rows[other.file_id].blob_name[:2] / rows[other.file_id].blob_name
    blob.write_bytes(foreign.read_bytes())
    if swap:
        stolen = update(BLOBS).where(BLOBS.c.file_id == file.file_id).values(data_key=rows[other.file_id].data_key)
        service.database.write(lambda connection: connection.execute(stolen))
    with pytest.raises(FileDamaged):
        service.content(file)


def test_a_row_without_its_blob_is_no_empty_file(sqlite_service) -> None:
    file = sqlite_service.put()
    for blob in list(sqlite_service.blobs.stored("")):
        sqlite_service.blobs.delete(blob.name)
    with pytest.raises(FileDamaged, match="nothing is stored"):
        sqlite_service.content(file)
