"""One platform with two doors: nginx, and the gateway's own port. Every bypass is tried at both.

Safety never depends on nginx, so what it happens to stop has to be stopped without it as well; and what it rewrites,
merges or pools must not open what the gateway had shut.
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from signet import ApiKeyCredential, Client
from signet_protocol.return_codes import ReturnCode
from signet_testing.attacker import Attacker
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
    def port(self) -> int:
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
    """A platform for all bypasses, with nginx in front where it is installed."""
    try:
        NGINX.find("nginx")
        front = "on"
    except ServerMissing:
        front = "off"
    settings = {**embedded_settings(), "SIGNET_NGINX": front}
    with Platform(tmp_path_factory.mktemp("fortress"), settings) as running:
        yield running


@pytest.fixture(scope="session")
def people(fortress: Platform) -> tuple[Person, Person]:
    """The attacker and the victim: two ordinary users."""
    with fortress.client() as admin:
        assert isinstance(admin, Client)
        return add_person(admin, "user"), add_person(admin, "user")


@pytest.fixture(params=["gateway", pytest.param("nginx", marks=pytest.mark.servers)])
def stage(request: pytest.FixtureRequest, fortress: Platform, people: tuple[Person, Person]) -> Stage:
    """The attacker and the victim at one of the two doors."""
    gateway = fortress.port_of("gateway-web")
    port = gateway
    if request.param == "nginx":
        try:
            NGINX.find("nginx")
        except ServerMissing as missing:
            skip_or_fail(missing)
        port = fortress.port
    attacker, victim = people
    credential = fortress.first_run.credential
    assert isinstance(credential, ApiKeyCredential)
    return Stage(
        attacker=Attacker(port, attacker.credential),
        victim=Attacker(port, victim.credential),
        person=attacker,
        watcher=SignedApi(gateway, credential),
        platform=fortress,
    )


@pytest.fixture
def loot() -> str:
    """The name of a demo that an attack would create."""
    return f"x{secrets.token_hex(6)}"
