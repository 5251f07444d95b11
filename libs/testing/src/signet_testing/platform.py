"""The whole platform, started as `make run` starts it, in a folder and on a port of its own."""

import configparser
import contextlib
import json
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy

from supervisor.xmlrpc import SupervisorTransport

from signet import ApiKeyCredential, Client
from signet_testing.doors import Door, door_of
from signet_testing.eventually import eventually
from signet_testing.free_ports import LOOPBACK, free_port
from signet_testing.process import ServerProcess, descendants
from signet_testing.root import ROOT

COMMAND = (sys.executable, "-m", "deploy.local", "run")
UP_SECONDS = 40.0


@dataclass(frozen=True, slots=True)
class FirstRun:
    """What the platform wrote for its first administrator."""

    url: str
    user_name: str
    password: str = field(repr=False)
    api_key: str
    secret: str = field(repr=False)
    sealing_key: str = ""

    @property
    def credential(self) -> ApiKeyCredential:
        """The administrator's API key."""
        return ApiKeyCredential(self.api_key, self.secret)


class Platform:
    """One instance in `home`, which is made if need be and stays; `settings` are environment variables.

    `start()` and `stop()` may follow each other; as a context manager it is started and stopped. The processes see
    PATH, a neutral locale and `settings`, so nothing that the developer has set for an instance of their own leaks in.
    With `service` that one alone is started, as `make run SERVICE=…` does.
    """

    def __init__(self, home: Path, settings: Mapping[str, str], *, service: str = "") -> None:
        self.home = home
        self.port = free_port()
        home.mkdir(parents=True, exist_ok=True)
        self.output = home / "output.log"
        self._ready = (f"\nSignet {service} is ready: " if service else "\nSignet is ready: ").encode()
        self._process = ServerProcess(
            name="platform",
            command=(*COMMAND, "--service", service) if service else COMMAND,
            log=self.output,
            environment={**settings, "SIGNET_HOME": str(home), "SIGNET_PORT": str(self.port)},
            folder=ROOT,
        )

    @property
    def url(self) -> str:
        """Where clients find it: nginx if it stands in front, the gateway otherwise."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def first_run(self) -> FirstRun:
        """The first administrator."""
        return FirstRun(**json.loads((self.home / "first-run.json").read_text()))

    def client(self, credential: ApiKeyCredential | None = None, **options: Any) -> Client:
        """The SDK, as the first administrator unless a credential is given; `options` are the client's own."""
        return Client(self.url, credential or self.first_run.credential, **options)

    def start(self) -> None:
        """Return when it says that it is ready. Raises ServerFailed with what it said instead."""
        already_said = self.output.stat().st_size if self.output.exists() else 0
        self._process.start(lambda: self._ready in b"\n" + self._said_since(already_said))

    def stop(self) -> None:
        """End it in order, as Ctrl-C does."""
        self._process.stop(signal.SIGTERM, timeout=60)

    def __enter__(self) -> "Platform":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def processes(self) -> dict[str, int]:
        """Name → id of every process that supervisord has running now."""
        try:
            found = self._supervisor.getAllProcessInfo()
        except (OSError, HTTPException, Fault):
            return {}
        return {process["name"]: process["pid"] for process in found if process["statename"] == "RUNNING"}

    def process(self, name: str) -> int:
        """The id of one process; waits for it while supervisord restarts it."""
        return eventually(lambda: self.processes().get(name, 0), UP_SECONDS, f"{name} running")

    def kill(self, name: str) -> int:
        """SIGKILL one process together with its workers, as the kernel's memory killer would; returns its id."""
        pid = self.process(name)
        for victim in (pid, *descendants(pid)):
            _kill(victim)
        return pid

    def kill_worker(self, name: str) -> int:
        """SIGKILL one worker of a web process, which its master has to notice; returns the worker's id."""
        worker = eventually(lambda: descendants(self.process(name)), UP_SECONDS, f"a worker of {name}")[0]
        _kill(worker)
        return worker

    def settings_of(self, process: str) -> dict[str, str]:
        """The settings that a process was started with: tests forge what only an insider could."""
        return dict(self._specification(process)["environment"])

    def door_of(self, process: str) -> Door:
        """Where a web process listens: its socket, or the public port if it stands outermost."""
        command = self._specification(process)["command"]
        return door_of(command[command.index("--bind") + 1])

    def log(self, process: str) -> str:
        """What a process has written."""
        path = self.home / "log" / f"{process}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def files(self) -> dict[Path, bytes]:
        """What every file of its home holds; whatever is gone before it is read is left out."""
        held: dict[Path, bytes] = {}
        for path in self.home.rglob("*"):
            with contextlib.suppress(FileNotFoundError):
                if path.is_file():
                    held[path] = path.read_bytes()
        return held

    @property
    def _supervisor(self) -> Any:
        """A new connection for every call: a transport that once failed to connect never tries again."""
        configuration = configparser.RawConfigParser()
        configuration.read(self.home / "run" / "supervisord.conf")
        socket = configuration["unix_http_server"]["file"]
        transport = SupervisorTransport(None, None, f"unix://{socket}")
        return ServerProxy("http://127.0.0.1", transport=transport).supervisor

    def _specification(self, process: str) -> Any:
        return json.loads((self.home / "run" / "processes" / f"{process}.json").read_text())

    def _said_since(self, position: int) -> bytes:
        with self.output.open("rb") as output:
            output.seek(position)
            return output.read()


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
