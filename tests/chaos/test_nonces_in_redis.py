"""Gateways whose nonces lie in a Redis: whatever happens to that Redis, no request gets through a second time.

Where others went wrong: a memory for each worker, a store that does not answer taken for one that says yes, an empty
one for one that knows, and a cache that may forget for a store.
"""

import json
import secrets
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import redis

from signet_protocol.return_codes import ReturnCode
from signet_testing.eventually import eventually
from signet_testing.people import Person, add_person
from signet_testing.platform import Platform
from signet_testing.plugin import running
from signet_testing.process import ServerFailed, descendants
from signet_testing.profiles import embedded_settings
from signet_testing.raw_http import RawRequest, send, signed
from signet_testing.redis import RedisServer
from signet_testing.signed_api import SignedApi

pytestmark = [pytest.mark.chaos, pytest.mark.servers, pytest.mark.timeout(120)]

DEMOS = "/api/v1/demos"
AT_ONCE = 48
"""So many that each of the three workers gets some: the kernel spreads connections over whoever is waiting."""
AHEAD_SECONDS = 8
"""How far ahead the client's clock is. A store that comes back meanwhile must know more than what time it is."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A platform, its Redis that may be broken, somebody who signs, and a look at what was changed."""

    platform: Platform
    store: RedisServer
    person: Person
    watcher: SignedApi

    def creation(self, *, ahead: int = 0) -> tuple[str, RawRequest]:
        """A name, and a signed request that would create a demo of that name."""
        name = f"n{secrets.token_hex(6)}"
        body = b'{"demo_name":"%b"}' % name.encode()
        stamp = int(time.time()) + ahead
        return name, signed(self.person.credential, "POST", DEMOS, body=body, timestamp=stamp)

    def send_at_once(self, request: RawRequest) -> Counter[int]:
        """How often each code came, of many connections at once."""
        with ThreadPoolExecutor(8) as pool:
            return Counter(pool.map(lambda _: send(self.platform.port, request).code, range(AT_ONCE)))

    def accepted(self, *, ahead: int = 0) -> RawRequest:
        """A request that has just been carried out."""

        def attempt() -> RawRequest | None:
            _, request = self.creation(ahead=ahead)
            return request if send(self.platform.port, request).code == ReturnCode.SUCCESS else None

        request = eventually(attempt, 30, "an accepted request")
        assert request is not None
        return request

    def inserts(self, name: str) -> int:
        """How many demos there are of that name."""
        found = self.watcher.call("GET", f"{DEMOS}?demo_name={name}")
        assert found.code == ReturnCode.SUCCESS, found
        return len(found.envelope["data"]["demos"])

    def check(self) -> dict[str, Any]:
        """What one of the gateway's workers says of its nonces."""
        answer = send(self.platform.port, RawRequest("GET", "/readyz"))
        return dict(json.loads(answer.body)["checks"]["nonces"])

    def codes_until_decided(self, request: RawRequest) -> set[int]:
        """All that is answered to a request until no worker says any more that it cannot tell."""
        seen: set[int] = set()

        def decided() -> bool:
            codes = set(self.send_at_once(request))
            seen.update(codes)
            return ReturnCode.UPSTREAM_UNAVAILABLE not in codes

        eventually(decided, 30, "a store that decides")
        return seen - {ReturnCode.UPSTREAM_UNAVAILABLE}


@pytest.fixture(scope="module")
def store() -> Iterator[RedisServer]:
    """A Redis that nobody else uses."""
    with running(RedisServer()) as server:
        yield server


@pytest.fixture(scope="module")
def stage(store: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    settings = {**embedded_settings(), "GATEWAY_NONCES_URL": store.url}
    with Platform(tmp_path_factory.mktemp("nonces-in-redis"), settings) as platform:
        with platform.client() as admin:
            person = add_person(admin, "user")
        assert len(descendants(platform.process("gateway-web"))) == 3
        yield Stage(platform, store, person, SignedApi(platform.port, platform.first_run.credential))


@pytest.mark.parametrize("ahead", [0, AHEAD_SECONDS])
def test_of_one_request_at_all_workers_at_once_one_gets_through(stage: Stage, ahead: int) -> None:
    """The workers share nothing but the Redis; the code alone might lie, so what was created is counted as well."""
    stage.accepted()
    name, request = stage.creation(ahead=ahead)
    assert stage.send_at_once(request) == {ReturnCode.SUCCESS: 1, ReturnCode.NONCE_REUSED: AT_ONCE - 1}
    assert stage.inserts(name) == 1


def test_while_redis_is_dead_everything_is_refused_and_its_return_gives_no_replay(stage: Stage) -> None:
    """Fail closed, with the code of what is away for a while; the log of writes may have lost the last of them."""
    replay = stage.accepted()
    name, request = stage.creation()
    stage.store.kill()
    try:
        assert stage.send_at_once(request) == {ReturnCode.UPSTREAM_UNAVAILABLE: AT_ONCE}
        assert stage.send_at_once(replay) == {ReturnCode.UPSTREAM_UNAVAILABLE: AT_ONCE}
        eventually(lambda: stage.check()["status"] == "failed", 10, "a complaint about the nonces")
        eventually(lambda: "nonces cannot be claimed: " in stage.platform.log("gateway-web"), 10, "a line in the log")
    finally:
        stage.store.start()
    assert stage.codes_until_decided(replay) <= {ReturnCode.NONCE_REUSED, ReturnCode.SIGN_EXPIRED}
    stage.accepted()
    assert stage.inserts(name) == 0


def test_a_redis_that_comes_back_empty_refuses_what_was_signed_before_its_birth(stage: Stage) -> None:
    """It knows no nonce, so it vouches for no time but that after its birth; also where a client's clock was ahead."""
    carried_out = [stage.accepted(), stage.accepted(ahead=AHEAD_SECONDS)]
    name, never_sent = stage.creation()
    stage.store.kill()
    stage.store.lose_data()
    stage.store.start()
    for request in (*carried_out, never_sent):
        assert stage.codes_until_decided(request) == {ReturnCode.SIGN_EXPIRED}
    fresh = stage.accepted()
    assert stage.send_at_once(fresh) == {ReturnCode.NONCE_REUSED: AT_ONCE}
    assert stage.inserts(name) == 0
    eventually(lambda: stage.check() == {"status": "ok"}, 10, "satisfaction")


def test_a_redis_that_begins_to_evict_stops_everything_until_it_is_set_right(stage: Stage) -> None:
    """Whoever changes the policy of a running server hears of it, and meanwhile nothing depends on what it keeps."""

    def codes() -> set[int]:
        requests = [signed(stage.person.credential, "GET", DEMOS) for _ in range(AT_ONCE)]
        return {send(stage.platform.port, request).code for request in requests}

    stage.accepted()
    with redis.Redis.from_url(stage.store.url) as administrator:
        administrator.config_set("maxmemory-policy", "allkeys-lru")
        try:
            eventually(lambda: codes() == {ReturnCode.UPSTREAM_UNAVAILABLE}, 30, "refusals from every worker")
            eventually(lambda: stage.check()["status"] == "failed", 10, "a complaint about the nonces")
            said = "maxmemory-policy is allkeys-lru, not noeviction"
            eventually(lambda: said in stage.platform.log("gateway-web"), 10, "a line in the log")
        finally:
            administrator.config_set("maxmemory-policy", "noeviction")
    eventually(lambda: codes() == {ReturnCode.SUCCESS}, 30, "every worker at work again")


def test_the_platform_does_not_start_on_a_redis_that_evicts(tmp_path: Path) -> None:
    """One line says why, and not the password."""
    with running(RedisServer(policy="allkeys-lru")) as evicting:
        settings = {**embedded_settings(), "GATEWAY_NONCES_URL": evicting.url}
        platform = Platform(tmp_path, settings, service="gateway")
        with pytest.raises(ServerFailed) as failed, platform:
            pass
    said = str(failed.value)
    assert "gateway-web stopped at its start" in said
    assert "the Redis of the nonces would evict them: maxmemory-policy is allkeys-lru, not noeviction" in said
    assert evicting.url not in said
