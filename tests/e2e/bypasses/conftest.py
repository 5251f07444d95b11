"""Two platforms: one whose gateway is the public door, one with nginx in front. Every bypass is tried at both.

Safety never depends on nginx, so what it happens to stop has to be stopped without it as well; and what it rewrites,
merges or pools must not open what the gateway had shut.
"""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import pytest

from signet import ApiKeyCredential, Client
from signet_protocol.return_codes import ReturnCode
from signet_testing.attacker import Attacker
from signet_testing.doors import Door
from signet_testing.eventually import eventually
from signet_testing.packages import NGINX, ServerMissing
from signet_testing.people import Person, add_person
from signet_testing.platform import Platform
from signet_testing.plugin import skip_or_fail
from signet_testing.profiles import embedded_settings
from signet_testing.raw_http import RawAnswer
from signet_testing.signed_api import RECORDS, SignedApi

DEMOS = "/api/v1/demos"


@dataclass(frozen=True, slots=True)
class Stage:
    """What a test plays on: an attacker with few rights at one door, and a look behind the scenes."""

    attacker: Attacker
    victim: Attacker
    person: Person
    watcher: SignedApi
    platform: Platform

    @property
    def port(self) -> Door:
        """The door."""
        return self.attacker.port

    def exists(self, demo_name: str) -> bool:
        """Whether somebody has managed to create that demo."""
        found = self.watcher.call("GET", f"{DEMOS}?demo_name={demo_name}")
        assert found.code == ReturnCode.SUCCESS, found
        return bool(found.envelope["data"]["demos"])

    def record(self, answer: RawAnswer) -> dict[str, object]:
        """The audit record of an answered request: what the service itself saw of it."""
        return self.watcher.records(request_id=answer.headers["X-Request-Id"])[0]

    def echoes(self, answers: list[RawAnswer]) -> dict[str, dict[str, object]]:
        """The audit records of many answered requests, by request id."""
        wanted = {answer.headers["X-Request-Id"] for answer in answers}

        def search() -> dict[str, dict[str, object]]:
            page = self.watcher.call("GET", f"{RECORDS}?per_page=100&user_id={self.person.user_id}").envelope["data"]
            found = {record["request_id"]: record for record in page["records"]}
            return found if wanted <= found.keys() else {}

        return eventually(search, what="all audit records")

    def assert_nothing_lingers(self) -> None:
        """Everybody's next requests get their own answers, on whatever connections are pooled in between."""
        for _ in range(6):
            name = f"n{secrets.token_hex(6)}"
            answers = self.victim.converse(
                self.victim.forge("GET", f"{DEMOS}?demo_name={name}", headers=[("Connection", "close")]).wire()
            )
            assert [answer.code for answer in answers] == [ReturnCode.SUCCESS], answers
            assert answers[0].envelope["data"]["demos"] == []


@pytest.fixture(scope="session")
def fortress(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform for all bypasses, whose gateway faces everybody."""
    with Platform(tmp_path_factory.mktemp("fortress"), embedded_settings()) as running:
        yield running


@pytest.fixture(scope="session")
def moated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """Another one, with nginx in front."""
    try:
        NGINX.find("nginx")
    except ServerMissing as missing:
        skip_or_fail(missing)
    settings = {**embedded_settings(), "SIGNET_NGINX": "on"}
    with Platform(tmp_path_factory.mktemp("moated"), settings) as running:
        yield running


@pytest.fixture(scope="session")
def cast() -> Callable[[Platform], Stage]:
    """Two ordinary users, one of them the attacker, at the door of a platform: the same at each of its tests."""

    @cache
    def at(platform: Platform) -> Stage:
        with platform.client() as admin:
            assert isinstance(admin, Client)
            attacker, victim = add_person(admin, "user"), add_person(admin, "user")
        credential = platform.first_run.credential
        assert isinstance(credential, ApiKeyCredential)
        return Stage(
            attacker=Attacker(platform.port, attacker.credential),
            victim=Attacker(platform.port, victim.credential),
            person=attacker,
            watcher=SignedApi(platform.port, credential),
            platform=platform,
        )

    return at


@pytest.fixture(params=["gateway", pytest.param("nginx", marks=pytest.mark.servers)])
def stage(request: pytest.FixtureRequest, cast: Callable[[Platform], Stage]) -> Stage:
    """The attacker and the victim at one of the two doors."""
    return cast(request.getfixturevalue("fortress" if request.param == "gateway" else "moated"))


@pytest.fixture
def loot() -> str:
    """The name of a demo that an attack would create."""
    return f"x{secrets.token_hex(6)}"
