"""Platforms that may be broken: each test file has its own, on each bus."""

from collections.abc import Iterator

import pytest

from signet_testing.platform import Platform
from signet_testing.profiles import PROFILES, profile_settings
from signet_testing.rabbitmq import RabbitMqServer


@pytest.fixture(scope="session", params=PROFILES)
def profile(request: pytest.FixtureRequest) -> str:
    """On which bus, and with which databases."""
    return str(request.param)


@pytest.fixture(scope="session")
def broker(profile: str, request: pytest.FixtureRequest) -> Iterator[RabbitMqServer | None]:
    """What may be killed beside processes; None where the bus is a file. It runs again afterwards."""
    if profile == "embedded":
        yield None
        return
    server: RabbitMqServer = request.getfixturevalue("rabbitmq")
    yield server
    if not server.running:
        server.start()


@pytest.fixture(scope="session")
def platform(
    profile: str,
    broker: RabbitMqServer | None,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Platform]:
    """A platform of their own for these tests, because nobody else wants one whose processes die."""
    settings = profile_settings(profile, request)
    with Platform(tmp_path_factory.mktemp(f"chaos-{profile}"), settings) as running:
        if broker is not None:
            broker.settle()
        yield running
