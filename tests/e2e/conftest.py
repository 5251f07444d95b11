"""What the end-to-end tests share beside the platform itself, which signet_testing starts."""

import secrets
from collections.abc import Iterator

import pytest

from signet import Client
from signet_testing.platform import Platform
from signet_testing.signed_api import SignedApi


@pytest.fixture(scope="session")
def admin(platform: Platform) -> Iterator[Client]:
    """The SDK as the first administrator, signing with the API key of first-run.json."""
    with platform.client() as client:
        yield client


@pytest.fixture
def api(platform: Platform) -> SignedApi:
    """Raw signed requests as the first administrator."""
    return SignedApi(platform.port, platform.first_run.credential)


@pytest.fixture
def demo_name() -> str:
    """A name that nobody has used: at most 15 bytes."""
    return f"e{secrets.token_hex(6)}"
