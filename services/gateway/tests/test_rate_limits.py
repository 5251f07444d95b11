"""The limits: one suite for this worker's memory and for Redis, and what is special about each."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from signet_gateway.adapters.outbound.counters import BoundedCounters
from signet_gateway.adapters.outbound.rate_limits import RateLimits, SlidingWindow
from signet_gateway.application.ports import Allowance
from signet_testing.free_ports import free_port

CLIENTS = 150
PATIENCE = 30.0
"""Seconds for a Redis that is there: a machine that stands still for a moment must not make a worker count alone."""


class Clock:
    """Stands still until it is told otherwise."""

    now = 1_767_225_600.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.servers)])
def limiter(request):
    """Two a hour: no test meets the end of the window but one in a million."""
    url = "memory:" if request.param == "memory" else request.getfixturevalue("redis_server").url
    return RateLimits(url, patience=PATIENCE).limiter(f"test-{time.monotonic_ns()}", "2/hour")


def test_the_rate_is_granted_and_no_more(limiter):
    """And nobody pays for another."""
    taken = [limiter.take("api_key/7") for _ in range(3)]
    assert [one.granted for one in taken] == [True, True, False]
    assert [one.remaining for one in taken] == [1, 0, 0]
    assert {(one.limit, one.window) for one in taken} == {(2, 3600)}
    assert 0 < taken[-1].reset < 3601  # Redis counts in whole milliseconds
    assert limiter.take("api_key/8").granted


def test_what_is_given_back_may_be_taken_again(limiter):
    """A credential that turned out to be good was no guess."""
    limiter.take("192.0.2.1")
    limiter.take("192.0.2.1")
    limiter.give_back("192.0.2.1")
    assert limiter.take("192.0.2.1").granted
    assert not limiter.take("192.0.2.1").granted


def test_an_ipv6_client_counts_with_its_whole_network(limiter):
    """One household owns 2^72 addresses."""
    assert limiter.take("2001:db8::1").granted
    assert limiter.take("2001:db8::2").granted
    assert not limiter.take("2001:db8:0:ff::3").granted
    assert limiter.take("2001:db8:0:100::1").granted


def test_the_window_slides(clock):
    """At its border nobody gets twice the rate, and who waits as told is let in."""
    limiter = RateLimits("memory:", clock=clock).limiter("test", "4/minute")
    clock.now += 59.0
    assert [limiter.take("a").granted for _ in range(5)] == [True] * 4 + [False]
    clock.now += 2.0
    assert [limiter.take("a").granted for _ in range(2)] == [True, False]
    clock.now += limiter.take("a").reset
    assert limiter.take("a").granted
    clock.now += 120.0
    assert [limiter.take("a").granted for _ in range(5)] == [True] * 4 + [False]


def test_the_memory_for_counters_is_bounded(clock):
    """Who sends from a million addresses makes the gateway forget, not grow; whoever is active is not forgotten."""
    counters = BoundedCounters(clock, most_keys=100)
    limiter = SlidingWindow("test", "2/minute", counters)
    for number in range(1000):
        limiter.take(f"10.0.{number >> 8}.{number & 255}")
        limiter.take("192.0.2.1")
    assert counters.reset() <= 100
    for number in range(50):
        limiter.take(f"10.0.0.{number}")
    assert [limiter.take("192.0.2.1").granted for _ in range(3)] == [True, True, False]


def test_a_store_that_is_down_fails_no_request_and_lifts_no_limit():
    """The worker counts alone, and does not wait for the store at every request."""
    limiter = RateLimits(f"redis://127.0.0.1:{free_port()}/0").limiter("test", "2/hour")
    assert [limiter.take("a").granted for _ in range(3)] == [True, True, False]
    limiter.give_back("a")
    assert limiter.take("a").granted


@pytest.mark.servers
def test_workers_that_share_a_store_share_the_count(redis_server):
    """Otherwise a client gets the rate once from each worker."""
    name = f"test-{time.monotonic_ns()}"
    workers = [RateLimits(redis_server.url, patience=PATIENCE).limiter(name, "3/hour") for _ in range(3)]
    assert [worker.take("a").granted for worker in workers] == [True] * 3
    assert not any(worker.take("a").granted for worker in workers)


@pytest.mark.servers
def test_a_rush_of_clients_is_no_outage(redis_server, caplog):
    """Redis is paused, so that all of them wait at once, each on a connection."""
    limiter = RateLimits(redis_server.url, patience=PATIENCE).limiter(f"test-{time.monotonic_ns()}", "3/hour")
    together = threading.Barrier(CLIENTS + 1)

    def take() -> Allowance:
        together.wait()
        return limiter.take("a")

    with redis.Redis.from_url(redis_server.url) as administrator, ThreadPoolExecutor(CLIENTS) as clients:
        taken = [clients.submit(take) for _ in range(CLIENTS)]
        administrator.client_pause(150)
        together.wait()
    assert {one.result().limit for one in taken} == {3}
    assert "Too many connections" not in caplog.text
