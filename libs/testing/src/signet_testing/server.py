"""What all private servers have in common: a folder, a port, and a life that may be ended and begun again."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from signet_testing.free_ports import LOOPBACK, free_port
from signet_testing.process import ServerFailed, ServerProcess, private_environment


class Server(ABC):
    """A server on one loopback port whose data lives in one temporary folder.

    `start()`, `stop()` and `kill()` may follow each other any number of times on the same port and data; `close()`
    ends it for good and removes the folder. Used as a context manager it is started and closed.
    """

    name: ClassVar[str]
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM

    def __init__(self) -> None:
        self.port = free_port()
        self.folder = _temporary_folder(self.name)
        self._prepared = False
        self._process: ServerProcess | None = None

    def start(self) -> None:
        """Start and return when it answers. Raises ServerMissing, ServerFailed."""
        if not self._prepared:
            self._prepare()
            self._prepared = True
        if self._process is None:
            self._process = ServerProcess(
                name=self.name,
                command=self._command(),
                log=self.folder / "server.log",
                environment=self._environment(),
                remove_if_orphaned=self.folder,
            )
        self._process.start(self._ready)

    def stop(self) -> None:
        """End it in order; its data stays."""
        if self._process is not None:
            self._process.stop(self.stop_signal)

    def kill(self) -> None:
        """End it with SIGKILL; its data stays as the crash left it."""
        if self._process is not None:
            self._process.kill()

    def close(self) -> None:
        """End it and remove its folder."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def running(self) -> bool:
        """Whether its process is alive."""
        return self._process is not None and self._process.running

    @property
    def pid(self) -> int:
        """The id of its leading process; raises ServerFailed when it is not running."""
        if self._process is None:
            raise ServerFailed(f"{self.name} is not running")
        return self._process.pid

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @abstractmethod
    def _prepare(self) -> None:
        """Make the configuration and the empty data, once."""

    @abstractmethod
    def _command(self) -> Sequence[str]:
        """The program in the foreground."""

    def _environment(self) -> Mapping[str, str]:
        return {}

    @abstractmethod
    def _ready(self) -> bool:
        """Whether it answers its own protocol, not merely accepts connections."""

    def _write_private(self, name: str, text: str) -> Path:
        """A file that only the server's user can read: it may hold a password."""
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(text)
        return path

    def _run(self, *command: str) -> None:
        """Run a preparing program to its end; raises ServerFailed with what it printed."""
        result = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            env=private_environment({}),
            cwd=self.folder,
        )
        if result.returncode:
            raise ServerFailed(f"{self.name}: {Path(command[0]).name} failed:\n{result.stdout[-4000:]}")


def exchange(port: int, question: bytes, size: int) -> bytes:
    """Send `question` to a loopback port and return up to `size` bytes of the answer, nothing if there is none."""
    with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=2) as connection:
        connection.sendall(question)
        return connection.recv(size)
    return b""


def unprivileged_account() -> pwd.struct_passwd | None:
    """Who servers that refuse root run as: `postgres` or `nobody`; None when this process is not root."""
    if os.geteuid() != 0:
        return None
    with contextlib.suppress(KeyError):
        return pwd.getpwnam("postgres")
    return pwd.getpwnam("nobody")


def _temporary_folder(name: str) -> Path:
    """A private folder whose parents everybody may pass, since a server may run as another user than this process."""
    preferred = Path(tempfile.gettempdir()).resolve()
    passable = all(folder.stat().st_mode & 0o001 for folder in (preferred, *preferred.parents))
    return Path(tempfile.mkdtemp(prefix=f"signet-{name}-", dir=preferred if passable else "/tmp"))
