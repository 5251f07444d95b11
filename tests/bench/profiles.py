"""The platform as it is measured: everything on, nginx in front, one process of each kind."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.accounting import Root, Trees

from signet import Client
from signet_testing.platform import Platform
from signet_testing.postgresql import PostgreSqlServer

NAMES = ("sqlite", "postgresql")
PLATFORM = {
    "SIGNET_NGINX": "on",
    "GATEWAY_PUBLIC_RATE": "1000000",
    "GATEWAY_STREAMS_PER_USER": "128",
    "FILES_QUOTA_MIB": "1048576",
}
"""All load comes from one address and from one user, who may sign in, stream and store as much as is measured."""
STATEFUL = ("identity", "resources", "files", "audit", "scheduler")


@dataclass(frozen=True, slots=True)
class Measured:
    """A running platform. `trees` are its processes, `servers` those of the database, if there is one."""

    platform: Platform
    client: Client
    trees: Trees
    servers: Trees

    def audited(self, resource: str) -> int:
        """How many records of such objects the audit log holds."""
        query = {"resource": resource, "per_page": 1, "count": "true"}
        answer = self.client.connection.request("GET", "/api/v1/audit/records", query=query)
        assert isinstance(answer.data, Mapping)
        return int(answer.data["total"])


@contextmanager
def running(profile: str, home: Path) -> Iterator[Measured]:
    """Start it on empty databases."""
    with ExitStack() as stack:
        settings, servers = _SETTINGS[profile](stack)
        platform = stack.enter_context(Platform(home, {**PLATFORM, **settings}))
        client = stack.enter_context(platform.client())
        processes = platform.processes()
        trees = {name: Root(process) for name, process in processes.items()}
        trees["supervisord"] = Root(_parent(next(iter(processes.values()))), alone=True)
        yield Measured(platform, client, trees, servers)


def _sqlite(_stack: ExitStack) -> tuple[Mapping[str, str], Trees]:
    return {}, {}


def _postgresql(stack: ExitStack) -> tuple[Mapping[str, str], Trees]:
    server = stack.enter_context(PostgreSqlServer())
    settings = {f"{service.upper()}_DATABASE_URL": server.create_database() for service in STATEFUL}
    return settings, {"postgresql": Root(server.pid)}


_SETTINGS: Mapping[str, Callable[[ExitStack], tuple[Mapping[str, str], Trees]]] = {
    "sqlite": _sqlite,
    "postgresql": _postgresql,
}


def _parent(process: int) -> int:
    """The id of the parent: what starts every process of the platform is supervisord."""
    status = Path(f"/proc/{process}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("PPid:"))
