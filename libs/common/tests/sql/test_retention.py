"""The purge, on every engine: what is over goes, in small steps, and nothing else does."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import MetaData, insert, select

from signet_common.sql.database import Database
from signet_common.sql.engines import BUSY_TIMEOUT_MS
from signet_common.sql.idempotency import KEPT, idempotency_table
from signet_common.sql.leases import Leases, leases_table
from signet_common.sql.outbox import outbox_table
from signet_common.sql.retention import (
    FIRST_ANSWERS,
    LEASE_NAME,
    SENT_EVENTS,
    UNASKED,
    Erased,
    Purge,
    PurgeLoop,
    unasked_purge,
)

NOW = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
MINUTES = 120.0
"""Seconds: the purge rests a multiple of what a step took, so one commit that the disk holds up is felt for long."""
METADATA = MetaData()
OUTBOX = outbox_table(METADATA)
KEYS = idempotency_table(METADATA)
LEASES = leases_table(METADATA)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database.open(database_url, grouped=False)
    METADATA.create_all(database.engine)
    yield database
    database.close()


def purge(database: Database, **options) -> Purge:
    return Purge(database, [SENT_EVENTS, FIRST_ANSWERS], clock=lambda: NOW, **options)


def add_event(database: Database, event_id: str, sent_at: datetime | None) -> None:
    row = {
        "event_id": event_id,
        "routing_key": "test.demo.insert",
        "resource": "demo",
        "object_id": event_id,
        "object_version": 1,
        "body": "{}",
        "created_at": NOW - timedelta(days=30),
        "sent_at": sent_at,
    }
    database.write(lambda connection: connection.execute(insert(OUTBOX), row))


def add_key(database: Database, key: str, created_at: datetime, user_id: int = 1) -> None:
    row = {
        "user_id": user_id,
        "operation": "demo:create",
        "idempotency_key": key,
        "request_sha256": "0" * 64,
        "answer": '{"email": "ada@example.org"}',
        "created_at": created_at,
    }
    database.write(lambda connection: connection.execute(insert(KEYS), row))


def events(database: Database) -> set[str]:
    return set(database.read(lambda connection: connection.scalars(select(OUTBOX.c.event_id)).all()))


def keys(database: Database) -> set[tuple[int, str]]:
    rows = select(KEYS.c.user_id, KEYS.c.idempotency_key)
    return {(row[0], row[1]) for row in database.read(lambda connection: connection.execute(rows).all())}


def test_sent_events_go_after_a_day_and_what_waits_stays_however_old(database) -> None:
    """An event that has not left is nowhere else."""
    add_event(database, "waiting", None)
    add_event(database, "sent long ago", NOW - timedelta(days=1, seconds=1))
    add_event(database, "sent lately", NOW - timedelta(hours=23))
    assert purge(database).everything() == 1
    assert events(database) == {"waiting", "sent lately"}


def test_first_answers_go_after_their_day_and_never_while_they_hold(database) -> None:
    """They hold what nobody may keep for ever, and a key that is gone too early would let a change happen twice."""
    add_key(database, "over", NOW - timedelta(hours=26))
    add_key(database, "over", NOW - timedelta(hours=2), user_id=2)
    add_key(database, "held", NOW - KEPT)
    add_key(database, "over, of the same user", NOW - timedelta(hours=26))
    assert purge(database).everything() == 2
    assert keys(database) == {(2, "over"), (1, "held")}


def test_a_step_is_bounded(database) -> None:
    """On SQLite everybody who writes waits for it."""
    for number in range(7):
        add_key(database, f"key {number}", NOW - timedelta(days=2, seconds=number))
    steps = purge(database, batch=3)
    assert [steps.step() for _ in range(4)] == [3, 3, 1, 0]


def test_who_asks_hears_how_much_of_each_table_went(database) -> None:
    """The scheduler's run keeps it as its result."""
    add_event(database, "sent long ago", NOW - timedelta(days=2))
    for number in range(5):
        add_key(database, f"key {number}", NOW - timedelta(days=2))
    asked = purge(database, batch=2)
    assert asked.within(MINUTES) == Erased({"outbox": 1, "idempotency_keys": 5}, finished=True)
    assert asked.within(MINUTES) == Erased({"outbox": 0, "idempotency_keys": 0}, finished=True)
    assert (events(database), keys(database)) == (set(), set())


def test_who_asks_is_answered_in_time_and_goes_on_later(tmp_path: Path) -> None:
    """A backlog of months takes longer than a request may."""
    database = Database.open(f"sqlite:///{tmp_path}/test.sqlite3", grouped=False)
    METADATA.create_all(database.engine)
    for number in range(5):
        add_key(database, f"key {number}", NOW - timedelta(days=2))
    first = purge(database, batch=2).within(0)
    assert first == Erased({"outbox": 0, "idempotency_keys": 2}, finished=False)
    assert len(keys(database)) == 3
    assert purge(database, batch=2).within(MINUTES).finished
    assert keys(database) == set()
    database.close()


def test_unasked_only_that_goes_which_nobody_has_asked_for_in_hours(database) -> None:
    """So the scheduler does the work where there is one, and nothing stays for ever where there is none."""
    now = datetime.now(UTC)
    add_event(database, "for who asks", now - SENT_EVENTS.kept - UNASKED + timedelta(minutes=5))
    add_event(database, "nobody asks", now - SENT_EVENTS.kept - UNASKED - timedelta(minutes=5))
    assert unasked_purge(database, [SENT_EVENTS, FIRST_ANSWERS]).everything() == 1
    assert events(database) == {"for who asks"}


def test_a_row_that_was_renewed_meanwhile_stays(database, database_url) -> None:
    """Between finding and erasing no lock is held: the key may be used for another request by then."""
    add_key(database, "reused", NOW - timedelta(days=2))
    add_key(database, "over", NOW - timedelta(days=2))

    class Renewing(Database):
        def read(self, query):
            found = database.read(query)
            renewing = KEYS.update().where(KEYS.c.idempotency_key == "reused").values(created_at=NOW)
            database.write(lambda connection: connection.execute(renewing))
            return found

        def write(self, work, *, adds_only=False):
            return database.write(work, adds_only=adds_only)

    assert Purge(Renewing.open(database_url, grouped=False), [FIRST_ANSWERS], clock=lambda: NOW).step() == 2
    assert keys(database) == {(1, "reused")}


def test_only_the_holder_of_the_lease_purges(database) -> None:
    """Two would do the same work and wait for each other's locks."""
    add_key(database, "over", NOW - timedelta(days=2))
    leases = Leases(database, LEASES)
    assert leases.hold(LEASE_NAME, "another process")
    stop = threading.Event()
    loop = threading.Thread(target=PurgeLoop(purge(database), leases).run, args=(stop,))
    loop.start()
    stop.set()
    loop.join(20)
    assert keys(database) == {(1, "over")}


def test_the_loop_empties_what_is_over_step_by_step(database) -> None:
    """A backlog of days is worked off, not one step a minute."""
    for number in range(9):
        add_key(database, f"key {number}", NOW - timedelta(days=2))
    stop, empty = threading.Event(), threading.Event()

    class Watched(Purge):
        def step(self) -> int:
            erased = super().step()
            if not erased:
                empty.set()
            return erased

    watched = Watched(database, [FIRST_ANSWERS], clock=lambda: NOW, batch=2)
    loop = threading.Thread(target=PurgeLoop(watched, Leases(database, LEASES)).run, args=(stop,))
    loop.start()
    try:
        assert empty.wait(MINUTES)
    finally:
        stop.set()
        loop.join(20)
    assert keys(database) == set()
    assert not loop.is_alive()


def test_what_was_erased_is_not_left_in_the_file(tmp_path: Path) -> None:
    """A deleted person's address in a free page is still in every backup."""
    database = Database.open(f"sqlite:///{tmp_path}/test.sqlite3", grouped=False)
    METADATA.create_all(database.engine)
    for number in range(50):
        add_key(database, f"key {number}", NOW - timedelta(days=2))
    purge(database).everything()
    database.write(lambda connection: connection.exec_driver_sql("SELECT 1"))
    database.close()
    assert b"ada@example.org" not in (tmp_path / "test.sqlite3").read_bytes()


def test_what_was_erased_leaves_the_log_of_sqlite_while_the_service_runs(tmp_path: Path) -> None:
    """Its log holds each page as it was before, for as long as few others are written: here, for good."""
    database = Database.open(f"sqlite:///{tmp_path}/test.sqlite3", grouped=False)
    METADATA.create_all(database.engine)
    add_key(database, "key", NOW - timedelta(days=2))
    stop, emptied = threading.Event(), threading.Event()

    class Watched(Purge):
        def settle(self) -> None:
            super().settle()
            emptied.set()

    loop = threading.Thread(
        target=PurgeLoop(Watched(database, [FIRST_ANSWERS]), Leases(database, LEASES)).run, args=(stop,)
    )
    loop.start()
    try:
        assert emptied.wait(MINUTES)
        assert not any(b"ada@example.org" in file.read_bytes() for file in tmp_path.iterdir())
    finally:
        stop.set()
        loop.join(20)
        database.close()


def test_emptying_the_log_holds_nobody_up_for_long(tmp_path: Path) -> None:
    """While it waits for a reader no other writes: a long read costs it a turn, and the writers a moment."""
    database = Database.open(f"sqlite:///{tmp_path}/test.sqlite3", grouped=False)
    METADATA.create_all(database.engine)
    with database.engine.connect() as reader:
        reader.exec_driver_sql("BEGIN")
        reader.execute(select(KEYS)).all()
        add_key(database, "key", NOW)
        started = time.monotonic()
        database.empty_log()
        assert time.monotonic() - started < BUSY_TIMEOUT_MS / 1000 / 2
        assert (tmp_path / "test.sqlite3-wal").stat().st_size
        reader.exec_driver_sql("ROLLBACK")
    database.empty_log()
    assert not (tmp_path / "test.sqlite3-wal").stat().st_size
    with database.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one() == BUSY_TIMEOUT_MS
    database.close()
