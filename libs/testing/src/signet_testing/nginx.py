"""A private nginx that runs a given configuration."""

import contextlib
import signal
import socket
from collections.abc import Sequence

from signet_testing.free_ports import LOOPBACK
from signet_testing.packages import NGINX
from signet_testing.server import Server


class NginxServer(Server):
    """Runs `configuration` in the foreground with its temporary folder as prefix, ready when `port` accepts.

    The configuration listens on loopback `port` (take one from `free_port()`), keeps the pid file and the temporary
    paths relative, and says `daemon off`.
    """

    name = "nginx"
    stop_signal = signal.SIGQUIT  # finishes the requests under way

    def __init__(self, configuration: str, port: int) -> None:
        super().__init__()
        self.port = port
        self._configuration = configuration

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{LOOPBACK}:{self.port}"

    def _prepare(self) -> None:
        # The worker process gives up root and must still reach its temporary paths.
        self.folder.chmod(0o711)
        self._write_private("nginx.conf", self._configuration)

    def _command(self) -> Sequence[str]:
        return [str(NGINX.find("nginx")), "-p", f"{self.folder}/", "-c", "nginx.conf", "-e", "stderr"]

    def _ready(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, self.port), timeout=2):
            return True
        return False
