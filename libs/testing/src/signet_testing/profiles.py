"""The two ways to run the platform that the tests know, as settings and as pytest fixtures.

embedded  what `make run` gives on a bare machine: SQLite, the bus in a file, the gateway facing clients
full      identity, audit and scheduler on PostgreSQL, resources and files on MariaDB, RabbitMQ with a user per service,
          nginx in front
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from signet_testing.broker_users import create_service_users
from signet_testing.mariadb import MariaDbServer
from signet_testing.packages import NGINX, ServerMissing
from signet_testing.platform import Platform
from signet_testing.plugin import skip_or_fail
from signet_testing.postgresql import PostgreSqlServer
from signet_testing.rabbitmq import RabbitMqServer

COMMON = {
    # More than one, because what a single worker gets right by itself several get right only together.
    "SIGNET_GATEWAY_WORKERS": "3",
    # All tests come from one address, and these limits are per address and minute.
    "GATEWAY_PUBLIC_RATE": "6000",
    "GATEWAY_UNKNOWN_RATE": "6000",
    "GATEWAY_REFUSAL_RATE": "6000",
}

PROFILES = ["embedded", pytest.param("full", marks=pytest.mark.servers)]


def embedded_settings() -> Mapping[str, str]:
    """No server at all."""
    return {**COMMON, "SIGNET_NGINX": "off"}


def full_settings(rabbitmq: RabbitMqServer, mariadb: MariaDbServer, postgresql: PostgreSqlServer) -> Mapping[str, str]:
    """Empty databases and an empty virtual host, so that several instances share the servers and nothing else."""
    return {
        **COMMON,
        "SIGNET_NGINX": "on",
        "IDENTITY_DATABASE_URL": postgresql.create_database(),
        "RESOURCES_DATABASE_URL": mariadb.create_database(),
        "FILES_DATABASE_URL": mariadb.create_database(),
        "SCHEDULER_DATABASE_URL": postgresql.create_database(),
        "AUDIT_DATABASE_URL": postgresql.create_database(),
        **{f"{service.upper()}_BUS_URL": url for service, url in create_service_users(rabbitmq).items()},
    }


def profile_settings(name: str, request: pytest.FixtureRequest) -> Mapping[str, str]:
    """The settings of a profile; the servers that it needs are started, or the test is skipped without them."""
    if name == "embedded":
        return embedded_settings()
    try:
        NGINX.find("nginx")
    except ServerMissing as missing:
        skip_or_fail(missing)
    return full_settings(*(request.getfixturevalue(server) for server in ("rabbitmq", "mariadb", "postgresql")))


@pytest.fixture(scope="session", params=PROFILES)
def platform(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A running platform, shared by the tests of a session; one that kills something starts its own instead."""
    home: Path = tmp_path_factory.mktemp(request.param)
    with Platform(home, profile_settings(request.param, request)) as running:
        yield running
