"""What the person who types `make run` may choose, all of it by environment variables."""

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import which

from deploy.local.errors import SettingRefused
from deploy.local.layout import ROOT, Home

SERVICES = tuple(sorted(project.parent.name for project in ROOT.glob("services/*/pyproject.toml")))
STATEFUL = tuple(service for service in SERVICES if (ROOT / "services" / service / "migrations").is_dir())
"""The services with a database and a background process."""

KNOWN = ("SIGNET_HOME", "SIGNET_PORT", "SIGNET_NGINX", "SIGNET_GATEWAY_WORKERS")


@dataclass(frozen=True, slots=True)
class Options:
    """One instance: where it lives, what it listens on, and which service it is if it runs alone."""

    home: Home
    port: int
    gateway_workers: int = 1
    nginx: str | None = None
    service: str | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def stateful(self) -> tuple[str, ...]:
        """The services whose databases this instance migrates."""
        return STATEFUL if self.service is None else tuple({self.service} & set(STATEFUL))


def read_options(environ: Mapping[str, str], service: str | None = None) -> Options:
    """Raises SettingRefused, naming the variable."""
    _refuse_misspelt(environ)
    if service is not None and service not in SERVICES:
        raise SettingRefused(f"SERVICE={service} is unknown: choose one of {', '.join(SERVICES)}")
    return Options(
        home=Home(Path(environ.get("SIGNET_HOME") or ROOT / "var").expanduser().absolute()),
        port=_number(environ, "SIGNET_PORT", 8080, 65535),
        gateway_workers=_number(environ, "SIGNET_GATEWAY_WORKERS", 1, 64),
        nginx=_nginx(environ) if service is None else None,
        service=service,
    )


def _refuse_misspelt(environ: Mapping[str, str]) -> None:
    """The command line reads SIGNET_* variables too, so only what was surely meant for us is refused."""
    for name in sorted(environ):
        if name.startswith("SIGNET_") and name not in KNOWN:
            for close in difflib.get_close_matches(name, KNOWN, n=1, cutoff=0.8):
                raise SettingRefused(f"unknown setting {name}: did you mean {close}?")


def _number(environ: Mapping[str, str], name: str, default: int, highest: int) -> int:
    text = environ.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= highest):
        raise SettingRefused(f"malformed setting {name}={text}: it takes a number from 1 to {highest}")
    return int(text)


def _nginx(environ: Mapping[str, str]) -> str | None:
    """The nginx to put in front: where it is installed, unless switched off. Debian keeps it out of users' PATH."""
    choice = environ.get("SIGNET_NGINX") or "on"
    if choice not in ("on", "off"):
        raise SettingRefused(f"malformed setting SIGNET_NGINX={choice}: it takes on or off")
    path = os.pathsep.join([environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])
    return which("nginx", path=path) if choice == "on" else None
