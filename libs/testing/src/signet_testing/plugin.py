"""The pytest plugin of the workspace: real servers as fixtures, each started on first use and once per run.

A test that uses one of them is marked `servers` by itself. Where the server is not installed the test is skipped
with the reason; with CI=true it fails instead. A test that kills a server must start it again.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import pytest
from hypothesis import settings

from signet_testing.mariadb import MariaDbServer
from signet_testing.nginx import NginxServer
from signet_testing.packages import ServerMissing
from signet_testing.postgresql import PostgreSqlServer
from signet_testing.rabbitmq import RabbitMqServer
from signet_testing.redis import RedisServer
from signet_testing.server import Server

pytest_plugins = ["signet_testing.profiles"]

AnyServer = TypeVar("AnyServer", bound=Server)

SERVER_FIXTURES = frozenset({"rabbitmq", "mariadb", "postgresql", "redis_server", "nginx_factory"})
DATABASES = [
    "sqlite",
    pytest.param("mariadb", marks=pytest.mark.servers),
    pytest.param("postgresql", marks=pytest.mark.servers),
]


@pytest.hookimpl(tryfirst=True)
def pytest_configure() -> None:
    """Let no example of Hypothesis have a time limit; a profile that the command line names still comes after this."""
    settings.register_profile("signet", settings.get_profile(settings.get_current_profile_name()), deadline=None)
    settings.load_profile("signet")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark whatever uses a server, before `-m` selects by marker."""
    for item in items:
        if SERVER_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.servers)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Split the tests of whole platforms in two, which `--dist loadscope` asks for."""
    if config.getvalue("dist") != "loadscope":
        return None
    from signet_testing.halves import Halves

    return Halves(config, log)


@pytest.fixture(scope="session")
def rabbitmq() -> Iterator[RabbitMqServer]:
    """A broker; `create_vhost()` gives a test one that is empty."""
    with running(RabbitMqServer()) as server:
        yield server


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDbServer]:
    """A MariaDB; `create_database()` gives a test its own."""
    with running(MariaDbServer(durable=False)) as server:
        yield server


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSqlServer]:
    """A PostgreSQL; `create_database()` gives a test its own."""
    with running(PostgreSqlServer(durable=False)) as server:
        yield server


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """A Redis with `noeviction`; a test that wants it empty flushes it."""
    with running(RedisServer()) as server:
        yield server


@pytest.fixture
def nginx_factory() -> Iterator[Callable[[str, int], NginxServer]]:
    """Starts an nginx from a configuration and the port that it listens on; all end with the test."""
    with ExitStack() as servers:
        yield lambda configuration, port: servers.enter_context(running(NginxServer(configuration, port)))


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """SQLAlchemy URL of an empty database: the test runs on SQLite, MariaDB and PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'test.sqlite3'}"
        return
    server: MariaDbServer | PostgreSqlServer = request.getfixturevalue(request.param)
    url = server.create_database()
    yield url
    server.drop_database(url)


@contextmanager
def running(server: AnyServer) -> Iterator[AnyServer]:
    """Start it, or skip what needs it where it is not installed, which in CI is a failure."""
    with ExitStack() as running:
        try:
            running.enter_context(server)
        except ServerMissing as missing:
            skip_or_fail(missing)
        yield server


def skip_or_fail(missing: ServerMissing) -> NoReturn:
    """End a test whose server is not installed."""
    if os.environ.get("CI") == "true":
        pytest.fail(str(missing), pytrace=False)
    pytest.skip(str(missing))
