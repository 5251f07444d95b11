"""nginx in front of the gateway, where it is installed; nothing but speed and limits depends on it."""

from pathlib import Path
from string import Template

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


def processes(options: Options, gateway_port: int) -> list[Process]:
    """The nginx process, its configuration written; nothing if the gateway faces the public port itself."""
    if options.nginx is None:
        return []
    folder = options.home.run / "nginx"
    folder.mkdir(mode=0o700, exist_ok=True)
    write_private(folder / "nginx.conf", configuration(options.port, gateway_port))
    command = (options.nginx, "-p", f"{folder}/", "-c", "nginx.conf", "-e", "stderr")
    return [Process("nginx", command, Layer.FRONT, port=options.port, stop_signal="QUIT")]


def configuration(public_port: int, gateway_port: int, contracts: Path = CONTRACTS) -> str:
    """The template, filled in for this machine alone: loopback, no TLS, the gateway writes the access log."""
    return Template(TEMPLATE.read_text()).substitute(
        LIMITS,
        listen=f"127.0.0.1:{public_port}",
        tls="",
        gateway=f"127.0.0.1:{gateway_port}",
        access_log="off",
        error_log="stderr",
        stream_locations=stream_locations(contracts),
    )
