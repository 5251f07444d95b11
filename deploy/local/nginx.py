"""nginx in front of the gateway, where it is installed; nothing but speed and limits depends on it."""

from deploy.local.layout import ROOT
from deploy.local.options import Options
from deploy.local.processes import Process

TEMPLATE = ROOT / "deploy" / "nginx" / "nginx.conf.template"


def processes(options: Options, gateway_port: int) -> list[Process]:
    """The nginx process and its configuration, or nothing if the gateway faces the public port itself."""
    if options.nginx is None:
        return []
    folder = options.home.run / "nginx"
    folder.mkdir(mode=0o700, exist_ok=True)
    return []
