"""What Redis can lose, and that no request gets through a second time over it. The port's suite is in test_nonces."""

import gevent
import pytest
import redis

from signet_gateway.adapters.outbound.nonce_stores import open_nonces
from signet_gateway.adapters.outbound.redis_nonces import RedisNonceStore
from signet_gateway.adapters.outbound.redis_script import MARK, PREFIX
from signet_gateway.application.errors import NoncesUnavailable, NoncesUnfit
from signet_gateway.application.ports import Claim
from signet_testing.redis import RedisServer

NOW = 1_767_225_600
KEY = "api_key/7"
NEVER = 3600


class Clock:
    now = NOW - 1000

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def administrator(redis_server):
    with redis.Redis.from_url(redis_server.url) as made:
        made.flushall()
        yield made
        made.config_set("maxmemory-policy", "noeviction")


@pytest.fixture
def open_store(redis_server, administrator, clock):
    """Opens workers' stores; the first one makes the store, and the clock goes on."""
    made = []

    def open_(settle=0):
        made.append(RedisNonceStore(redis_server.url, clock, settle=settle))
        made[-1].probe()
        clock.now = NOW
        return made[-1]

    yield open_
    for store in made:
        store.close()


def attempt(store, nonce, timestamp):
    """Return the outcome, or that there is none."""
    try:
        return store.claim(KEY, nonce, timestamp)
    except NoncesUnavailable:
        return NoncesUnavailable


def test_of_the_same_requests_at_two_workers_each_is_fresh_once(open_store):
    """They share nothing but the server."""
    workers = [open_store(), open_store()]
    claims = [gevent.spawn(workers[n % 2].claim, KEY, f"n{n // 2}", NOW) for n in range(400)]
    gevent.joinall(claims)
    assert [claim.value for claim in claims].count(Claim.FRESH) == 200


def test_a_flushed_store_refuses_what_was_stamped_before(open_store, administrator):
    """It may have been claimed in what is gone; what is stamped later cannot have been."""
    store = open_store()
    assert store.claim(KEY, "n1", NOW) is Claim.FRESH
    administrator.flushall()
    assert store.claim(KEY, "n1", NOW) is Claim.TOO_OLD
    assert store.claim(KEY, "n2", NOW + 1) is Claim.FRESH


def test_a_restarted_server_counts_as_born_anew(open_store, redis_server):
    """Its last writes may not have reached the disk, and nobody can tell from outside."""
    store = open_store()
    assert store.claim(KEY, "n1", NOW) is Claim.FRESH
    redis_server.stop()
    assert attempt(store, "n2", NOW) is NoncesUnavailable
    redis_server.start()
    assert attempt(store, "n1", NOW) is Claim.TOO_OLD
    assert attempt(store, "n3", NOW + 1) is Claim.FRESH


def test_an_outage_of_any_length_is_over_when_the_server_is_back(open_store, redis_server):
    """Each worker asks twice a second; the pools of redis-py would give up for ever after a hundred connections."""
    store = open_store()
    redis_server.stop()
    assert {attempt(store, f"n{n}", NOW) for n in range(300)} == {NoncesUnavailable}
    redis_server.start()
    assert attempt(store, "later", NOW + 1) is Claim.FRESH


def test_a_replica_that_took_over_counts_as_born_anew(open_store, administrator):
    """It holds the mark that the lost primary wrote, and not the claims that were on their way to it."""
    store = open_store()
    assert store.claim(KEY, "n1", NOW) is Claim.FRESH
    administrator.hset(MARK, "run_id", "the primary that was lost")
    administrator.delete(f"{PREFIX}{KEY}:n1")
    assert store.claim(KEY, "n1", NOW) is Claim.TOO_OLD


def test_a_lost_store_does_not_forget_what_was_stamped_ahead(open_store, administrator):
    """A client's clock may be fast: its request is younger than the store that comes after the loss."""
    store = open_store()
    assert store.claim(KEY, "ahead", NOW + 290) is Claim.FRESH
    administrator.flushall()
    assert store.claim(KEY, "ahead", NOW + 290) is Claim.TOO_OLD
    assert store.claim(KEY, "later", NOW + 291) is Claim.FRESH


def test_a_new_store_decides_nothing_until_every_worker_has_told_what_it_knows(open_store, administrator):
    """The worker that meets it first is not the one that let a request in which was stamped ahead."""
    open_store()
    knows = open_store()
    assert knows.claim(KEY, "ahead", NOW + 290) is Claim.FRESH
    administrator.flushall()
    first = open_store(settle=NEVER)
    assert attempt(first, "ahead", NOW + 290) is NoncesUnavailable
    assert first.probe()["nonces"].detail == "the store is new and vouches for nothing yet"
    knows.probe()
    assert open_store().claim(KEY, "ahead", NOW + 290) is Claim.TOO_OLD


def test_a_nonce_is_kept_for_twice_the_window_by_the_gateways_clock(open_store, administrator):
    """The server's clock may be another; a time relative to now needs no agreement."""
    store = open_store()
    store.claim(KEY, "n1", NOW - 100)
    store.claim(KEY, "n2", NOW + 290)
    assert administrator.ttl(f"{PREFIX}{KEY}:n1") in range(490, 501)
    assert administrator.ttl(f"{PREFIX}{KEY}:n2") in range(880, 891)


def test_a_redis_that_evicts_stops_the_start_in_one_line(clock):
    """Evicting a nonce is forgetting it."""
    with RedisServer(policy="volatile-lru") as server, pytest.raises(NoncesUnfit) as unfit:
        open_nonces(server.url, clock)
    assert "maxmemory-policy is volatile-lru, not noeviction" in str(unfit.value)
    assert server.url not in str(unfit.value)


def test_a_redis_that_begins_to_evict_is_refused_at_the_next_connection(open_store, administrator):
    """Somebody may change it while we run."""
    store = open_store()
    administrator.config_set("maxmemory-policy", "allkeys-lru")
    store.close()
    assert attempt(store, "n1", NOW) is NoncesUnavailable
    administrator.config_set("maxmemory-policy", "noeviction")
    assert attempt(store, "n1", NOW) is Claim.FRESH


def test_a_redis_that_is_full_refuses(open_store, administrator):
    """The price of keeping everything is refusing more."""
    store = open_store()
    before = administrator.config_get("maxmemory")["maxmemory"]
    administrator.config_set("maxmemory", "1mb")
    try:
        assert attempt(store, "n1", NOW) is NoncesUnavailable
        assert store.probe()["nonces"].status == "failed"
    finally:
        administrator.config_set("maxmemory", before)
    assert attempt(store, "n1", NOW) is Claim.FRESH


def test_a_redis_that_is_not_there_stops_no_start_and_no_secret_is_told(clock, caplog):
    """It may come later; until then everything is refused."""
    store, _ = open_nonces("redis://:the-password@127.0.0.1:1/0", clock)
    with pytest.raises(NoncesUnavailable):
        store.claim(KEY, "n1", NOW)
    assert store.probe()["nonces"].status == "failed"
    assert "the-password" not in caplog.text
