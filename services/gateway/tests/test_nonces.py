"""One suite for the nonce port, on the fake, on SQLite and on Redis; then what only a file can get wrong."""

import contextlib
import errno
import multiprocessing
import os
import sqlite3
import threading
import time
from functools import partial
from pathlib import Path

import gevent
import pytest
import redis

from signet_gateway.adapters.outbound.nonce_file import NonceFile, NoncesBusy
from signet_gateway.adapters.outbound.nonces import SqliteNonceStore
from signet_gateway.adapters.outbound.redis_nonces import RedisNonceStore
from signet_gateway.application.errors import NoncesUnavailable
from signet_gateway.application.ports import Claim

NOW = 1_767_225_600
BORN = NOW - 1000


class Clock:
    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock(BORN)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "nonces.sqlite3"


@pytest.fixture
def store(path, clock):
    made = SqliteNonceStore(path, clock, "boot-1")
    made.probe()
    clock.now = NOW
    yield made
    made.close()


@pytest.fixture
def redis_store(redis_server, clock):
    with redis.Redis.from_url(redis_server.url) as administrator:
        administrator.flushall()
    made = RedisNonceStore(redis_server.url, clock, settle=0)
    made.probe()
    clock.now = NOW
    yield made
    made.close()


@pytest.fixture(params=["memory", "store", pytest.param("redis_store", marks=pytest.mark.servers)])
def any_store(request, memory_nonces):
    return memory_nonces(BORN) if request.param == "memory" else request.getfixturevalue(request.param)


def test_a_nonce_is_fresh_once(any_store):
    """The heart of it."""
    assert any_store.claim("api_key/7", "n1", NOW) is Claim.FRESH
    assert any_store.claim("api_key/7", "n1", NOW) is Claim.REUSED
    assert any_store.claim("api_key/7", "n1", NOW + 1) is Claim.REUSED
    assert any_store.claim("api_key/7", "n2", NOW) is Claim.FRESH


def test_nonces_belong_to_their_owner(any_store):
    """One client cannot spend another's."""
    assert any_store.claim("api_key/7", "n1", NOW) is Claim.FRESH
    assert any_store.claim("api_key/8", "n1", NOW) is Claim.FRESH


def test_a_store_cannot_vouch_for_what_was_before_its_birth(any_store):
    """The store that was lost may have seen it."""
    assert any_store.claim("api_key/7", "n1", BORN) is Claim.TOO_OLD
    assert any_store.claim("api_key/7", "n1", BORN + 1) is Claim.FRESH


def test_of_many_greenlets_exactly_one_wins(any_store):
    """Requests that arrive together share a transaction; their outcomes are their own."""
    claims = [gevent.spawn(any_store.claim, "api_key/7", f"n{i % 10}", NOW) for i in range(500)]
    gevent.joinall(claims)
    outcomes = [claim.value for claim in claims]
    assert outcomes.count(Claim.FRESH) == 10
    assert outcomes.count(Claim.REUSED) == 490


def test_a_claim_survives_the_store_and_its_process(store, path, clock):
    """A restart opens no window."""
    assert store.claim("api_key/7", "n1", NOW) is Claim.FRESH
    store.close()
    again = SqliteNonceStore(path, clock, "boot-1")
    assert again.claim("api_key/7", "n1", NOW) is Claim.REUSED
    assert again.claim("api_key/7", "n2", NOW) is Claim.FRESH


def test_after_a_power_cut_the_store_counts_as_born_anew(store, path, clock):
    """Nothing was flushed: the last commits may be gone, and what is left may be broken where nobody sees it."""
    assert store.claim("api_key/7", "n1", NOW) is Claim.FRESH
    store.close()
    again = SqliteNonceStore(path, clock, "boot-2")
    with path.open() as before:
        assert again.claim("api_key/7", "n2", NOW) is Claim.TOO_OLD
        assert not path.samefile(f"/proc/self/fd/{before.fileno()}")
    assert again.claim("api_key/7", "n2", NOW + 1) is Claim.FRESH
    assert count(path) == 1
    again.close()


def test_workers_that_start_after_a_power_cut_share_one_new_store(store, path, clock):
    """Only the first of them finds a file of before."""
    store.claim("api_key/7", "n1", NOW)
    store.close()
    workers = [SqliteNonceStore(path, clock, "boot-2") for _ in range(3)]
    assert [worker.claim("api_key/7", "n2", NOW) for worker in workers] == [Claim.TOO_OLD] * 3
    assert [worker.claim("api_key/7", "n2", NOW + 1) for worker in workers] == [Claim.FRESH, Claim.REUSED, Claim.REUSED]
    for worker in workers:
        worker.close()


def test_a_file_that_was_removed_is_noticed_before_the_next_claim(store, path, clock):
    """Another worker would open a new file, and the two would know nothing of each other."""
    assert store.claim("api_key/7", "n1", NOW) is Claim.FRESH
    path.unlink()
    with pytest.raises(NoncesUnavailable):
        store.claim("api_key/7", "n1", NOW)
    assert store.claim("api_key/7", "n1", NOW) is Claim.TOO_OLD


def sidecar(path, suffix):
    return path.with_name(path.name + suffix)


@pytest.mark.parametrize("removed", [["-wal"], ["-shm"], ["-wal", "-shm"]])
def test_workers_never_split_over_files_that_were_removed(path, clock, removed):
    """A worker that comes later makes new ones, and of one request both would say that it is fresh."""
    workers = [SqliteNonceStore(path, clock, "boot-1") for _ in range(2)]
    assert [worker.probe()["nonces"].status for worker in workers] == ["failed"] * 2
    clock.now = NOW
    assert workers[0].claim("api_key/7", "n0", NOW) is Claim.FRESH
    for suffix in removed:
        sidecar(path, suffix).unlink()
    late = SqliteNonceStore(path, clock, "boot-1")
    everybody = [*workers, late]
    assert [attempt(worker, "n0", NOW) for worker in everybody].count(Claim.FRESH) == 0
    clock.now = NOW + 1
    outcomes = []
    for _ in range(4):  # whoever loses its files is refused once, sees what the others made, and joins them
        outcomes += [attempt(worker, "n1", NOW + 1) for worker in everybody]
    assert outcomes.count(Claim.FRESH) <= 1
    clock.now = NOW + 2
    assert [attempt(worker, "n2", NOW + 2) for worker in everybody] == [Claim.FRESH, Claim.REUSED, Claim.REUSED]
    for worker in everybody:
        worker.close()


@pytest.mark.parametrize("size", [0, 50, 4096, 6000])
def test_a_file_that_was_cut_short_heals_by_itself(path, clock, size):
    """Refused at first, with everything that was stamped before; but not for ever."""
    workers = [SqliteNonceStore(path, clock, "boot-1") for _ in range(2)]
    for worker in workers:
        worker.probe()
    clock.now = NOW
    for number in range(50):
        workers[number % 2].claim("api_key/7", f"n{number}", NOW)
    with path.open("r+b") as file:
        file.truncate(size)
    for _ in range(4):
        assert [attempt(worker, "n1", NOW) for worker in workers].count(Claim.FRESH) == 0
    clock.now = NOW + 2
    outcomes = [attempt(worker, "later", NOW + 2) for worker in workers * 3]
    assert outcomes.count(Claim.FRESH) == 1
    assert workers[0].probe()["nonces"].status == "ok"
    for worker in workers:
        worker.close()


def test_a_damaged_file_heals_in_a_process_that_never_knew_it_whole(store, path, clock):
    """A restart after the damage must not be the end of service."""
    for number in range(500):
        gevent.spawn(store.claim, "api_key/7", f"n{number}", NOW)
    gevent.wait()
    store.close()
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 4096)
    again = SqliteNonceStore(path, clock, "boot-1")
    assert [attempt(again, "n1", NOW) for _ in range(2)].count(Claim.FRESH) == 0
    assert attempt(again, "later", NOW + 1) is Claim.FRESH
    again.close()


@pytest.mark.parametrize("lost", [["", "-wal", "-shm"], ["-wal", "-shm"]])
def test_a_lost_store_does_not_forget_what_was_stamped_ahead(store, path, lost):
    """A client's clock may be fast: its request is younger than the store that comes after the loss."""
    assert store.claim("api_key/7", "ahead", NOW + 290) is Claim.FRESH
    for suffix in lost:
        sidecar(path, suffix).unlink()
    assert attempt(store, "ahead", NOW + 290) is NoncesUnavailable
    assert attempt(store, "ahead", NOW + 290) is Claim.TOO_OLD
    assert attempt(store, "later", NOW + 291) is Claim.FRESH


def test_a_lost_store_is_followed_by_one_that_knows_what_other_workers_claimed(path, clock):
    """Whoever opens the next one first need not be the one that let the request through."""
    workers = [SqliteNonceStore(path, clock, "boot-1") for _ in range(2)]
    for worker in workers:
        worker.probe()
    clock.now = NOW
    assert workers[0].claim("api_key/7", "ahead", NOW + 290) is Claim.FRESH
    for each in path.parent.iterdir():
        each.unlink()
    assert attempt(workers[1], "ahead", NOW + 290) is NoncesUnavailable
    assert attempt(workers[1], "ahead", NOW + 290) is Claim.TOO_OLD
    for worker in workers:
        worker.close()


def test_after_a_power_cut_the_rows_that_are_left_tell_how_far_ahead_clients_stamped(store, path, clock):
    """What was claimed after them and is gone was stamped by the same clocks."""
    assert store.claim("api_key/7", "n1", NOW + 200) is Claim.FRESH
    store.close()
    sidecar(path, "-newest").unlink()
    again = SqliteNonceStore(path, clock, "boot-2")
    assert again.claim("api_key/7", "n2", NOW + 200) is Claim.TOO_OLD
    assert again.claim("api_key/7", "n2", NOW + 201) is Claim.FRESH
    again.close()


def test_expired_nonces_are_forgotten_in_small_steps_and_never_come_back(store, path, clock):
    """The file stays small; and what is forgotten is refused by its age, even if the clock is set back."""
    for number in range(300):
        gevent.spawn(store.claim, "api_key/7", f"n{number}", NOW)
    gevent.wait()
    clock.now = NOW + 601
    left = []
    for number in range(5):
        time.sleep(0.02)
        assert store.claim("api_key/7", f"later{number}", NOW + 601) is Claim.FRESH
        left.append(count(path))
    assert left[0] == 300 - 64 + 1
    assert left[-1] == 5
    clock.now = NOW
    assert store.claim("api_key/7", "n1", NOW) is Claim.TOO_OLD


def test_who_asks_has_expired_nonces_forgotten_and_no_other(store, path, clock):
    """A store that has become quiet does not keep what a busy hour has left; claims go on meanwhile."""
    for number in range(150):
        gevent.spawn(store.claim, "api_key/7", f"n{number}", NOW)
    gevent.wait()
    assert store.forget_expired() == 0
    clock.now = NOW + 601
    asked = gevent.spawn(store.forget_expired)
    claimed = gevent.spawn(store.claim, "api_key/7", "young", NOW + 601)
    gevent.joinall([asked, claimed], raise_error=True)
    assert (asked.value, claimed.value) == (64, Claim.FRESH)
    assert [store.forget_expired() for _ in range(3)] == [64, 22, 0]
    assert count(path) == 1
    assert store.claim("api_key/7", "young", NOW + 601) is Claim.REUSED
    assert store.claim("api_key/7", "n1", NOW) is Claim.TOO_OLD


def test_nothing_is_forgotten_of_a_store_that_does_not_answer(tmp_path, clock):
    """Who asks is told, and asks again."""
    broken = SqliteNonceStore(tmp_path / "missing" / "nonces.sqlite3", clock, "boot-1")
    with pytest.raises(NoncesUnavailable):
        broken.forget_expired()


@pytest.mark.servers
def test_redis_forgets_by_itself(redis_store, clock):
    """Each nonce has its end there; nothing is left for who asks."""
    assert redis_store.claim("api_key/7", "n1", NOW) is Claim.FRESH
    assert redis_store.forget_expired() == 0


def test_a_nonce_is_kept_until_its_last_second(store, path, clock):
    """600 seconds after the timestamp, inclusive: twice the window."""
    assert store.claim("api_key/7", "n1", NOW) is Claim.FRESH
    clock.now = NOW + 600
    time.sleep(0.06)
    assert store.claim("api_key/7", "n1", NOW) is Claim.REUSED


def test_a_store_that_cannot_be_opened_refuses_and_recovers(tmp_path, clock):
    """Fail closed, and serve again without a restart."""
    folder = tmp_path / "missing"
    store = SqliteNonceStore(folder / "nonces.sqlite3", clock, "boot-1")
    with pytest.raises(NoncesUnavailable):
        store.claim("api_key/7", "n1", NOW)
    assert store.probe()["nonces"].status == "failed"
    folder.mkdir()
    store.probe()
    clock.now = NOW
    assert store.probe()["nonces"].status == "ok"
    assert store.claim("api_key/7", "n1", NOW) is Claim.FRESH


def test_a_store_is_ready_when_it_is_older_than_a_second(path, clock):
    """The first request of all must not be refused because it came in the second in which the platform was born."""
    store = SqliteNonceStore(path, clock, "boot-1")
    assert store.probe()["nonces"].status == "failed"
    assert store.claim("api_key/7", "n1", int(clock())) is Claim.TOO_OLD
    clock.now += 1
    assert store.probe()["nonces"].status == "ok"
    assert store.claim("api_key/7", "n1", int(clock())) is Claim.FRESH


def test_a_file_that_is_no_database_refuses(path, clock):
    """A damaged disk must not open the door."""
    path.write_bytes(b"rubbish" * 1000)
    with pytest.raises(NoncesUnavailable):
        SqliteNonceStore(path, clock, "boot-1").claim("api_key/7", "n1", NOW)


def test_what_remembers_the_newest_stamp_has_its_place_on_the_disk(store, path):
    """Writing through memory into a hole kills the worker with SIGBUS when the disk is full."""
    assert sidecar(path, "-newest").stat().st_blocks > 0


def test_a_full_disk_refuses_until_there_is_room(path, clock, monkeypatch):
    """A worker that cannot open its store answers, and serves again by itself."""
    store = SqliteNonceStore(path, clock, "boot-1")
    with monkeypatch.context() as full:
        full.setattr(os, "posix_fallocate", no_space)
        assert attempt(store, "n1", NOW) is NoncesUnavailable
        opened = open_files(path.parent)
        assert store.probe()["nonces"].status == "failed"
        assert open_files(path.parent) == opened
    assert attempt(store, "n1", NOW) is Claim.FRESH
    store.close()


def open_files(folder):
    """How many of its files are open; what else comes and goes in this process is that of other tests."""
    targets = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            targets.append(descriptor.readlink())
    return sum(target.is_relative_to(folder) for target in targets)


def no_space(descriptor, offset, length):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_transaction_that_fails_claims_nothing(path, clock):
    """A claim that was not committed must be repeatable."""
    file = NonceFile(path, clock, "boot-1")
    with pytest.raises(sqlite3.Error):
        file.claim([("api_key/7", "n1", NOW), ("api_key/7", None, NOW)])
    assert file.claim([("api_key/7", "n1", NOW)]) == [Claim.FRESH]
    file.close()


def claim_many(path, results):
    file = NonceFile(path, lambda: BORN, "boot-1")
    results.put(sum(claim_when_free(file, f"n{number}") is Claim.FRESH for number in range(100)))
    file.close()


def claim_when_free(file, nonce):
    """What the store does, without a loop: a forked process must not use the one of its parent."""
    while True:
        try:
            return file.claim([("api_key/7", nonce, NOW)])[0]
        except NoncesBusy:
            time.sleep(0.001)


def test_the_loop_goes_on_while_another_process_holds_the_lock(store, path):
    """A worker in the middle of its transaction must not stop every request of this one."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    claiming = gevent.spawn(store.claim, "api_key/7", "n1", NOW)
    gevent.sleep(0.05)
    assert not claiming.ready()
    other.execute("COMMIT")
    assert claiming.get(timeout=5) is Claim.FRESH
    other.close()


def test_copies_that_wait_together_are_claimed_once(store, path):
    """Whoever holds up the store must not get a request through twice."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    claiming = [gevent.spawn(store.claim, "api_key/7", "n1", NOW) for _ in range(20)]
    gevent.sleep(0.05)
    other.execute("COMMIT")
    claiming += [gevent.spawn(store.claim, "api_key/7", "n1", NOW) for _ in range(20)]
    assert sorted(each.get(timeout=5).value for each in claiming) == ["fresh"] + ["reused"] * 39
    other.close()


def test_a_lock_that_never_comes_free_is_given_up(store, path, monkeypatch):
    """A request that waits for ever is worse than one that is refused."""
    monkeypatch.setattr("signet_gateway.adapters.outbound.nonces.BUSY_SECONDS", 0.05)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        with gevent.Timeout(5), pytest.raises(NoncesUnavailable):
            store.claim("api_key/7", "n1", NOW)
    finally:
        other.close()
    assert store.claim("api_key/7", "n1", NOW) is Claim.FRESH


class FailingDisk(sqlite3.Connection):
    """One on which no transaction begins once the file has been opened."""

    def execute(self, sql, *arguments):
        if sql == "BEGIN IMMEDIATE" and super().execute("PRAGMA busy_timeout").fetchone() == (0,):
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSTAT
            raise error
        return super().execute(sql, *arguments)


def test_only_a_lock_is_waited_for(path, clock, monkeypatch):
    """Every request would take seconds until it is refused, and who reads why would look for another worker."""
    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=FailingDisk))
    store = SqliteNonceStore(path, clock, "boot-1")
    with pytest.raises(NoncesUnavailable, match="disk I/O error"):
        store.claim("api_key/7", "n1", NOW)
    store.close()


def test_the_log_is_written_back_now_and_then_and_not_by_the_loop(store, path, monkeypatch):
    """Nothing else would do it: the file's connection leaves it to the store. Claims wait for it, others must not."""
    threads = []

    def checkpoint(file, write_back=NonceFile.checkpoint):
        threads.append(threading.get_native_id())
        write_back(file)

    monkeypatch.setattr(NonceFile, "checkpoint", checkpoint)
    for number in range(2000):
        store.claim("api_key/7", f"n{number}", NOW)
    assert sidecar(path, "-wal").stat().st_size < 8_000_000
    assert 4 <= len(threads) <= 20
    assert threading.get_native_id() not in threads


def test_a_group_answers_each_of_its_claims(path):
    """Copies of one request that arrive together are in one group: the first is fresh, the others are not."""
    file = NonceFile(path, lambda: BORN, "boot-1")
    assert file.claim([("api_key/7", "old", NOW)]) == [Claim.FRESH]
    claims = [("api_key/7", "a", NOW), ("api_key/7", "old", NOW), ("api_key/8", "a", NOW), ("api_key/7", "a", NOW)]
    outcomes = file.claim([*claims, ("api_key/7", "b", BORN - 1)])
    assert outcomes == [Claim.FRESH, Claim.REUSED, Claim.FRESH, Claim.REUSED, Claim.TOO_OLD]
    assert count(path) == 3
    file.close()


def test_several_processes_share_one_file(path):
    """Gateway workers are processes: of the same requests at all of them, each takes effect once."""
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    workers = [context.Process(target=claim_many, args=(path, results)) for _ in range(3)]
    for worker in workers:
        worker.start()
    assert sum(results.get(timeout=30) for _ in workers) == 100
    for worker in workers:
        worker.join()


def attempt(store, nonce, timestamp):
    """Return the outcome, or that there is none."""
    try:
        return store.claim("api_key/7", nonce, timestamp)
    except NoncesUnavailable:
        return NoncesUnavailable


def count(path):
    with sqlite3.connect(path) as connection:
        return connection.execute("SELECT count(*) FROM claims").fetchone()[0]
