"""nginx in front of the gateway, where it is installed; nothing but speed and limits depends on it."""

import os
import pwd
from pathlib import Path
from string import Template

from deploy.local.addresses import on_loopback
from deploy.local.layout import ROOT, write_private
from deploy.local.options import Options
from deploy.local.processes import CONTRACTS, Layer, Process
from deploy.local.stream_locations import stream_locations

TEMPLATE = ROOT / "deploy" / "nginx" / "nginx.conf.template"

LIMITS = {
    # A body of 1 MiB, sealed: the gateway has the exact limits.
    "max_body_bytes": "1398208",
    # One machine's own programs all come from one address: only floods are worth refusing here.
    "requests_per_second": "10000",
    "requests_burst": "20000",
    "connections_per_address": "512",
}


def processes(options: Options, gateway: str) -> list[Process]:
    """The nginx process, its configuration written; nothing if the gateway faces the public port itself."""
    if options.nginx is None:
        return []
    folder = options.home.run / "nginx"
    folder.mkdir(mode=0o700, exist_ok=True)
    write_private(folder / "nginx.conf", configuration(options.port, gateway))
    command = (options.nginx, "-p", f"{folder}/", "-c", "nginx.conf", "-e", "stderr")
    return [Process("nginx", command, Layer.FRONT, address=on_loopback(options.port), stop_signal="QUIT")]


def configuration(public_port: int, gateway: str, contracts: Path = CONTRACTS) -> str:
    """The template, filled in for this machine alone: loopback, no TLS, the gateway writes the access log."""
    return Template(TEMPLATE.read_text()).substitute(
        LIMITS,
        user=_user(),
        listen=on_loopback(public_port),
        tls="",
        gateway=gateway,
        access_log="off",
        error_log="stderr",
        stream_locations=stream_locations(contracts),
    )


def _user() -> str:
    """Who opens the gateway's socket, where nginx would make somebody else of its worker: that is, as root alone."""
    return f"user {pwd.getpwuid(0).pw_name};" if os.geteuid() == 0 else ""
