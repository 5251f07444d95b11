"""What nobody will ask for any more goes, and nothing else."""

import logging
import os
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from services.files.tests.storing import CALLER, CONTENT, NOTHING, ONE, Sent, Service
from sqlalchemy import delete, select

from signet_files.adapters.outbound.disk_threads import directly
from signet_files.adapters.outbound.local_blobs import LocalBlobs
from signet_files.adapters.outbound.tables import BLOBS, FILES
from signet_files.application.collected import Collected
from signet_files.domain.errors import FileNotFound, StorageUnavailable, UploadLost
from signet_files.domain.files import ESTRANGED, SILENCE

HELD = ESTRANGED + timedelta(minutes=1)


def add_stranger(service: Service) -> str:
    """A blob from a database that is gone."""
    name: str = service.blobs.new_name()
    service.blobs.write(name, [b"x"])
    return name


def names(service: Service) -> set[str]:
    return {blob.name for blob in service.blobs.stored("")}


def test_a_deleted_file_goes_with_its_key_once_its_time_is_over(service) -> None:
    """And its owner has the room again, then and not before."""
    file, other = service.put(), service.put()
    service.delete(CALLER, file.file_id, expected=None)
    with pytest.raises(FileNotFound):
        service.delete(CALLER, file.file_id, expected=None)
    service.later(days=6)
    assert service.collect() == Collected()
    assert service.used() == 400_000
    service.later(days=2)
    assert service.collect() == Collected(files=1)
    assert (service.left(), service.used()) == (ONE, 200_000)
    assert service.content(other) == CONTENT


def test_a_file_that_was_destroyed_goes_at_once(service) -> None:
    """No collector needs to come before its owner has the room again."""
    file, other = service.put(), service.put()
    service.delete(CALLER, file.file_id, expected=None, permanently=True)
    assert (service.left(), service.used()) == (ONE, 200_000)
    assert service.content(other) == CONTENT
    assert service.collect() == Collected()


def test_a_deleted_file_can_be_destroyed_and_goes_at_once(service) -> None:
    """Whoever needs the room does not wait for the retention."""
    file = service.put()
    service.delete(CALLER, file.file_id, expected=None)
    service.delete(CALLER, file.file_id, expected=None, permanently=True)
    assert (service.left(), service.used()) == (NOTHING, 0)


def test_what_the_store_keeps_of_a_destroyed_file_is_left_to_the_collector(service) -> None:
    """It is destroyed all the same, and whoever asked for that hears no error of a store."""

    def refusing(_name: str) -> None:
        raise StorageUnavailable("not now")

    file = service.put()
    service.blobs.delete = refusing
    service.delete(CALLER, file.file_id, expected=None, permanently=True)
    assert (service.states(), service.used()) == (["condemned"], 200_000)
    del service.blobs.delete
    assert service.collect() == Collected(files=1)
    assert (service.left(), service.used()) == (NOTHING, 0)


def test_a_repeated_destruction_removes_nothing_twice(service) -> None:
    """Under the same Idempotency-Key, after which the id may not be looked at again."""
    keyed = replace(CALLER, idempotency_key="once")
    file, other = service.put(), service.put()
    for _ in range(2):
        service.delete(keyed, file.file_id, expected=None, permanently=True)
    assert (service.left(), service.used()) == (ONE, 200_000)
    assert service.content(other) == CONTENT


def test_what_was_brought_back_stays(service) -> None:
    """However long ago it was deleted."""
    file = service.put()
    service.delete(CALLER, file.file_id, expected=None)
    service.later(days=6, hours=23)
    service.undelete(CALLER, file.file_id)
    service.later(days=30)
    assert service.collect() == Collected()
    assert service.content(file) == CONTENT


def test_what_has_been_condemned_is_not_brought_back(service) -> None:
    """Not even where its blob is still there: its key is not."""
    file = service.put()
    service.delete(CALLER, file.file_id, expected=None)
    service.later(days=8)
    assert service.orphans.condemn(service.clock(), 1)
    service.later(days=-7)
    with pytest.raises(FileNotFound):
        service.undelete(CALLER, file.file_id)


def test_a_store_that_keeps_a_blob_is_asked_again(sqlite_service) -> None:
    """The key is gone at once; the rows stay until the blob is gone too, and hide no other orphan."""
    service = sqlite_service
    service.collect = replace(service.collect, batch=1)
    for _ in range(2):
        service.delete(CALLER, service.put().file_id, expected=None)
    service.later(days=8)
    remove = service.blobs.delete
    first = service.database.read(lambda c: c.scalar(select(BLOBS.c.blob_name).order_by(BLOBS.c.blob_id)))

    def refusing(name: str) -> None:
        if name == first:
            raise StorageUnavailable("not now")
        remove(name)

    service.blobs.delete = refusing
    assert service.collect() == Collected(files=1, failed=1)
    assert service.states() == ["condemned"]
    assert service.database.read(lambda c: c.scalars(select(BLOBS.c.data_key)).all()) == [None]
    del service.blobs.delete
    assert service.collect() == Collected()
    service.later(minutes=11)
    assert service.collect() == Collected(files=1)
    assert service.left() == NOTHING


def test_two_collectors_at_once_do_not_do_the_same(service) -> None:
    """What one has taken is not handed to another; and what both removed is counted back once."""
    for _ in range(6):
        service.delete(CALLER, service.put(Sent(b"12345")).file_id, expected=None)
    service.later(days=8)
    first = service.orphans.condemn(service.clock(), 3)
    service.later(minutes=9)
    second = service.orphans.condemn(service.clock(), 10)
    assert sorted(file.file_id for file in (*first, *second)) == [1, 2, 3, 4, 5, 6]
    service.later(minutes=11)
    assert service.collect() == Collected(files=6)
    assert not any(service.orphans.forget(file.file_id) for file in first)
    assert (service.left(), service.used()) == (NOTHING, 0)


def test_collectors_and_uploads_side_by_side_lose_no_file(service) -> None:
    """Whatever meets whatever: an upload ends as a whole file or hears that it was lost, and no rows stay behind."""
    done = threading.Event()

    def collect() -> None:
        while not done.is_set():
            # To this one every upload has been silent for too long.
            replace(service.collect, clock=lambda: service.clock() + SILENCE + timedelta(seconds=1))()

    collectors = [threading.Thread(target=collect) for _ in range(2)]
    for thread in collectors:
        thread.start()
    files, lost = [], 0
    try:
        for _ in range(40):
            try:
                files.append(service.put(Sent(os.urandom(100_000))))
            except UploadLost:
                lost += 1
    finally:
        done.set()
        for thread in collectors:
            thread.join()
    assert len(files) + lost == 40
    service.later(hours=1)
    service.collect()
    assert all(len(service.content(file)) == 100_000 for file in files)
    assert service.left() == (len(files),) * 3
    assert service.used() == len(files) * 100_000


def test_a_step_takes_no_more_than_it_is_given(sqlite_service) -> None:
    """So that a request ends in time however much there is; whoever asks again goes on where it ended."""
    service = sqlite_service
    service.collect = replace(service.collect, batch=2, strangers=replace(service.strangers, listed=3))
    for number in range(5):
        file = service.put(Sent(b"12345"))
        if number:
            service.delete(CALLER, file.file_id, expected=None)
    for _ in range(10):
        add_stranger(service)
    service.later(days=8)
    report = service.collect(seconds=0)
    assert (report.files, report.finished) == (2, False)
    steps = 1
    while not report.finished:
        report = report.then(service.collect(report.after, seconds=0))
        steps += 1
    assert (report, steps) == (Collected(files=4, strangers_kept=10), 6)


def test_a_request_ends_when_its_time_is_over_however_slow_the_store_is(sqlite_service) -> None:
    """What has been condemned by then comes again, when its ten minutes are over."""
    service = sqlite_service
    for _ in range(30):
        service.delete(CALLER, service.put(Sent(b"12345")).file_id, expected=None)
    service.later(days=8)
    now = [0.0]
    remove = service.blobs.delete

    def slow(name: str) -> None:
        now[0] += 2.0
        remove(name)

    service.blobs.delete = slow
    service.collect = replace(service.collect, batch=10, elapsed=lambda: now[0])
    report = service.collect(seconds=10)
    assert (report.files, report.finished, now[0]) == (6, False, 12.0)
    service.later(minutes=11)
    assert service.collect() == Collected(files=9)
    service.later(minutes=11)
    service.blobs.delete = remove
    assert service.collect() == Collected(files=15)
    assert (service.left(), service.used()) == (NOTHING, 0)


def test_a_blob_that_no_row_knows_is_removed_when_it_has_been_so_for_long(sqlite_service, caplog) -> None:
    """Not before: it may be all that is left of somebody's file, until the right database stands beside it again."""
    service = sqlite_service
    file = service.put()
    add_stranger(service)
    assert service.collect() == Collected()
    service.later(hours=1)
    with caplog.at_level(logging.WARNING):
        assert service.collect() == Collected(strangers_kept=1)
    assert "belong to no row" in caplog.text
    service.later(days=6)
    assert service.collect() == Collected(strangers_kept=1)
    service.time[0] += HELD
    assert service.collect() == Collected(blobs=1)
    assert service.left() == ONE
    assert service.content(file) == CONTENT
    assert service.collect() == Collected()


def test_a_database_that_was_restored_empty_empties_no_store(sqlite_service, caplog) -> None:
    """Nor does another service's: of what its rows say nothing is in the store."""
    service = sqlite_service
    for _ in range(3):
        service.put()
    before = names(service)
    for table in (BLOBS, FILES):
        service.database.write(lambda connection, table=table: connection.execute(delete(table)))
    for _ in range(3):
        service.later(days=30)
        with caplog.at_level(logging.WARNING):
            assert service.collect() == Collected(strangers_kept=3)
        assert "nothing is removed" in caplog.text
    elsewhere = LocalBlobs(service.folder.with_name("elsewhere"), directly)
    replace(service.upload, blobs=elsewhere)(CALLER, file_name="x", body=Sent())
    for _ in range(3):
        service.later(days=30)
        assert service.collect() == Collected(strangers_kept=3)
    assert names(service) == before


def test_the_right_database_finds_everything_after_the_wrong_one_was_there(sqlite_service) -> None:
    """An old copy knows some of the blobs. What it does not know waits; and waits anew if that happens again."""
    service = sqlite_service
    old, new = service.put(), service.put()
    rows = service.database.read(lambda c: c.execute(select(BLOBS).where(BLOBS.c.file_id == new.file_id)).one())
    gone = delete(BLOBS).where(BLOBS.c.file_id == new.file_id)
    back = BLOBS.insert().values(rows._asdict())
    for _ in range(3):
        service.database.write(lambda connection: connection.execute(gone))
        service.later(days=5)
        assert service.collect() == Collected(strangers_kept=1)
        service.database.write(lambda connection: connection.execute(back))
        service.later(days=5)
        assert service.collect() == Collected()
        assert [blob.stranger_since for blob in service.blobs.stored("")] == [None, None]
    assert service.content(new) == service.content(old) == CONTENT


def test_a_store_that_cannot_be_listed_is_told(sqlite_service) -> None:
    """As broken, not as empty."""

    class Broken(LocalBlobs):
        def stored(self, after: str):
            raise StorageUnavailable("not now")

    service = sqlite_service
    broken = Broken(service.folder, directly)
    service.collect = replace(service.collect, strangers=replace(service.strangers, listing=broken))
    with pytest.raises(StorageUnavailable):
        service.collect()
