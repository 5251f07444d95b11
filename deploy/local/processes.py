"""What runs, with which command and which settings: the one place where the services are wired to each other.

Everything that a service is told arrives in variables with its own prefix. A variable that is already set wins over the
default made here, which is how an instance is moved to MariaDB, PostgreSQL or RabbitMQ.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from deploy.local import keys
from deploy.local.layout import ROOT
from deploy.local.options import SERVICES, STATEFUL, Options

CONTRACTS = ROOT / "contracts"
GUNICORN_SETTINGS = ROOT / "deploy" / "gunicorn" / "gunicorn.conf.py"


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
    port: int | None = None
    stop_signal: str = "TERM"


def settings(
    service: str, options: Options, master: bytes, ports: Mapping[str, int], environ: Mapping[str, str]
) -> dict[str, str]:
    """The settings of `service`, by variable name."""
    prefix = f"{service.upper()}_"
    defaults = _gateway(options, master, ports) if service == "gateway" else _stateful(service, options, master)
    chosen = {name: value for name, value in environ.items() if name.startswith(prefix)}
    return {prefix + name: value for name, value in defaults.items()} | chosen


def common(environ: Mapping[str, str]) -> dict[str, str]:
    """What every process inherits: the environment without any service's settings, which are not their business."""
    prefixes = tuple(f"{service.upper()}_" for service in SERVICES)
    return {name: value for name, value in environ.items() if not name.startswith(prefixes)}


def plan(options: Options, master: bytes, ports: Mapping[str, int], environ: Mapping[str, str]) -> list[Process]:
    """Every process of the instance; `ports` names the web process of every service and listens on loopback only."""
    services = SERVICES if options.service is None else (options.service,)
    processes = []
    for service in services:
        environment = settings(service, options, master, ports, environ)
        processes.append(_web(service, environment, options, ports[service]))
        if service in STATEFUL:
            processes.append(_background(service, environment))
    return processes


def _gateway(options: Options, master: bytes, ports: Mapping[str, int]) -> dict[str, str]:
    return {
        "BUS_URL": f"sqlite:{options.home.bus}",
        "NONCES_URL": f"sqlite:{options.home.nonces}",
        "CONTRACTS_DIR": str(CONTRACTS),
        "PASSPORT_ISSUES": keys.issued(master, STATEFUL),
        "UPSTREAMS": ",".join(f"{service}=http://127.0.0.1:{ports[service]}" for service in STATEFUL),
        "ACCESS_LOG": str(options.home.log / "access.log"),
        # Only the nginx of this instance stands before the gateway, on this machine.
        "TRUSTED_PROXIES": "127.0.0.1/32" if options.nginx else "",
    }


def _stateful(service: str, options: Options, master: bytes) -> dict[str, str]:
    common_settings = {
        "DATABASE_URL": f"sqlite:///{options.home.database(service)}",
        "BUS_URL": f"sqlite:{options.home.bus}",
        "PASSPORT_ACCEPTS": keys.accepted(master, service),
    }
    if service == "identity":
        common_settings |= {"KEYRING": str(options.home.keyring), "CONTRACTS_DIR": str(CONTRACTS)}
    return common_settings


def _web(service: str, environment: Mapping[str, str], options: Options, port: int) -> Process:
    workers = options.gateway_workers if service == "gateway" else 1
    return Process(
        name=f"{service}-web",
        command=(
            sys.executable, "-m", "gunicorn", "--config", str(GUNICORN_SETTINGS), "--bind", f"127.0.0.1:{port}",
            f"signet_{service}.entrypoints.web:create()",
        ),
        layer=Layer.GATEWAY if service == "gateway" else Layer.WEB,
        environment={**environment, "WEB_CONCURRENCY": str(workers)},
        port=port,
    )  # fmt: skip


def _background(service: str, environment: Mapping[str, str]) -> Process:
    command = (sys.executable, "-m", f"signet_{service}.entrypoints.background")
    return Process(name=f"{service}-background", command=command, layer=Layer.BACKGROUND, environment=environment)
