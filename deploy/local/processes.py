"""What runs, with which command and which settings: the one place where the services are wired to each other.

Everything that a service is told arrives in variables with its own prefix. A variable that is already set wins over the
default made here, which is how an instance is moved to MariaDB, PostgreSQL or RabbitMQ.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from urllib.parse import quote

from deploy.local import addresses, keys
from deploy.local.commands import Command
from deploy.local.layout import ROOT
from deploy.local.options import SERVICES, STATEFUL, Options

CONTRACTS = ROOT / "contracts"
GUNICORN_SETTINGS = ROOT / "deploy" / "gunicorn" / "gunicorn.conf.py"
KEYRINGS = frozenset({"identity", "files", "scheduler"})
"""The services with secrets at rest."""


class Layer(IntEnum):
    """Who stands before whom; layers stop from the outside inwards, so that nothing is lost on the way."""

    BACKGROUND = 1
    WEB = 2
    GATEWAY = 3
    FRONT = 4


@dataclass(frozen=True, slots=True)
class Process:
    """One process under supervisord. `environment` comes on top of the common one and may hold secrets."""

    name: str
    command: tuple[str, ...]
    layer: Layer
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    address: str | None = None
    stop_signal: str = "TERM"


@dataclass(frozen=True, slots=True)
class Wiring:
    """How the services of one instance find and trust each other.

    `environ` holds the variables that are already set.
    """

    options: Options
    master: bytes = field(repr=False)
    environ: Mapping[str, str] = field(repr=False)

    def address(self, service: str) -> str:
        """Where its web process listens: on the public port who stands outermost, all others on a unix socket.

        A port inside the wall would be open to every user of the machine.
        """
        outermost = self.options.service or ("gateway" if self.options.nginx is None else None)
        if service == outermost:
            return addresses.on_loopback(self.options.port)
        return addresses.behind(self.options.home.socket(service))

    def settings(self, service: str) -> dict[str, str]:
        """The settings of `service`, by variable name."""
        prefix = f"{service.upper()}_"
        defaults = self._gateway() if service == "gateway" else self._stateful(service)
        chosen = {name: value for name, value in self.environ.items() if name.startswith(prefix)}
        return {prefix + name: value for name, value in defaults.items()} | chosen

    def database_url(self, service: str) -> str:
        return self.settings(service)[f"{service.upper()}_DATABASE_URL"]

    @property
    def sealing_keys(self) -> Path:
        """The file of the keys that bodies are sealed to."""
        return Path(self.settings("gateway")["GATEWAY_SEALING_KEYS"])

    def keyring(self, service: str) -> Path:
        """The file of the keys that the service's secrets at rest lie under."""
        return Path(self.settings(service)[f"{service.upper()}_KEYRING"])

    def command(self, service: str, *arguments: str) -> Command:
        """A call of `signet-<service>` with the settings that its processes have."""
        return Command(service, arguments, {**common(self.environ), **self.settings(service)})

    def plan(self) -> list[Process]:
        """Every process of ours."""
        services = SERVICES if self.options.service is None else (self.options.service,)
        webs = [self._web(service) for service in services]
        backgrounds = [self._background(service) for service in services if service in STATEFUL]
        return webs + backgrounds + [self._worker(service) for service in services if self._works_apart(service)]

    def _gateway(self) -> dict[str, str]:
        home = self.options.home
        return {
            "BUS_URL": f"sqlite:{quote(str(home.bus))}",
            "NONCES_URL": f"sqlite:{quote(str(home.nonces))}",
            "CONTRACTS_DIR": str(CONTRACTS),
            "PASSPORT_ISSUES": keys.issued(self.master, STATEFUL),
            "PASSPORT_ACCEPTS": keys.accepted(self.master, "gateway"),
            "UPSTREAMS": ",".join(f"{each}={addresses.upstream(self.address(each))}" for each in STATEFUL),
            "SEALING_KEYS": str(home.sealing_keys),
            "ACCESS_LOG": str(home.log / "access.log"),
            # Only the nginx of this instance may open the gateway's socket.
            "TRUSTED_PROXIES": "unix" if self.options.nginx else "",
        }

    def _stateful(self, service: str) -> dict[str, str]:
        home = self.options.home
        return {
            "DATABASE_URL": f"sqlite:///{home.database(service)}",
            "BUS_URL": f"sqlite:{quote(str(home.bus))}",
            "PASSPORT_ACCEPTS": keys.accepted(self.master, service),
            **({"KEYRING": str(home.keyring(service))} if service in KEYRINGS else {}),
            **({"CONTRACTS_DIR": str(CONTRACTS)} if service == "identity" else {}),
            **(self._calls_for_jobs() if service == "scheduler" else {}),
            **({"SMTP_URL": f"file:{home.mail}"} if service == "scheduler" else {}),
            **({"BLOBS_URL": f"file:{home.blobs}"} if service == "files" else {}),
        }

    def _calls_for_jobs(self) -> dict[str, str]:
        """Whom the scheduler asks for jobs, and with which keys."""
        asked = [service for service in SERVICES if service != "scheduler"]
        return {
            "PASSPORT_ISSUES": keys.issued(self.master, asked, keys.SCHEDULER),
            "UPSTREAMS": ",".join(f"{each}={addresses.upstream(self.address(each))}" for each in asked),
        }

    def _web(self, service: str) -> Process:
        address = self.address(service)
        workers = self.options.gateway_workers if service == "gateway" else 1
        return Process(
            name=f"{service}-web",
            command=(
                sys.executable, "-m", "gunicorn", "--config", str(GUNICORN_SETTINGS), "--bind", address,
                f"signet_{service}.entrypoints.web:create()",
            ),
            layer=Layer.GATEWAY if service == "gateway" else Layer.WEB,
            environment={**self.settings(service), "WEB_CONCURRENCY": str(workers)},
            address=address,
        )  # fmt: skip

    def _works_apart(self, service: str) -> bool:
        """Whether its jobs run in a process of their own, which a broker wakes; without one the background does."""
        return service == "scheduler" and not self.settings(service)["SCHEDULER_BUS_URL"].startswith("sqlite:")

    def _worker(self, service: str) -> Process:
        command = (sys.executable, "-m", f"signet_{service}.entrypoints.worker")
        return Process(f"{service}-worker", command, Layer.BACKGROUND, self.settings(service))

    def _background(self, service: str) -> Process:
        command = (sys.executable, "-m", f"signet_{service}.entrypoints.background")
        return Process(f"{service}-background", command, Layer.BACKGROUND, self.settings(service))


def common(environ: Mapping[str, str]) -> dict[str, str]:
    """What every process inherits: the environment without any service's settings, which are not their business."""
    prefixes = tuple(f"{service.upper()}_" for service in SERVICES)
    return {name: value for name, value in environ.items() if not name.startswith(prefixes)}
