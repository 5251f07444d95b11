"""A real Gunicorn process with the strict worker on a free port, and raw sockets to it."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from signet_testing.free_ports import free_port

_CONFIGURATION = Path(__file__).parents[4] / "deploy" / "gunicorn" / "gunicorn.conf.py"
_START_SECONDS = 20
_STOP_SECONDS = 25


@dataclass(frozen=True)
class Answer:
    """A parsed answer: status, lower-case header names, body as received."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def envelope(self) -> dict[str, Any]:
        return dict(json.loads(self.body))


class Edge:
    """The running process."""

    def __init__(self, log: Path, *options: str, path: Path | None = None) -> None:
        self.log = log
        self.path = path
        self.port = free_port()
        address = f"127.0.0.1:{self.port}" if path is None else f"unix:{path}"
        command = [sys.executable, "-m", "gunicorn", "-c", str(_CONFIGURATION), "--bind", address]
        command += [*options, "--chdir", str(Path(__file__).parent), "echo_application:create()"]
        environment = {key: value for key, value in os.environ.items() if key != "WEB_CONCURRENCY"}
        with log.open("wb") as stderr:
            self.process = subprocess.Popen(command, stderr=stderr, stdout=stderr, env=environment)
        self._await_start()

    def connect(self) -> socket.socket:
        if self.path is not None:
            client = socket.socket(socket.AF_UNIX)
            client.settimeout(15)
            client.connect(str(self.path))
            return client
        return socket.create_connection(("127.0.0.1", self.port), timeout=15)

    def exchange(self, request: bytes) -> bytes:
        """Send bytes and return everything that comes back until the server closes; half-closes after sending."""
        with self.connect() as client:
            client.sendall(request)
            client.shutdown(socket.SHUT_WR)
            return read_to_end(client)

    def ask(self, request: bytes) -> Answer:
        return parse_answer(self.exchange(request))

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _await_start(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if self.exchange(b"GET / HTTP/1.0\r\n\r\n"):
                    return
            except OSError:
                time.sleep(0.05)
        self.stop()
        pytest.fail(f"gunicorn did not start: {self.log.read_text()}")


def read_to_end(client: socket.socket) -> bytes:
    received = b""
    while data := client.recv(65536):
        received += data
    return received


def read_answer(client: socket.socket) -> Answer:
    """Read one answer that has a Content-Length, leaving the connection open."""
    received = b""
    while b"\r\n\r\n" not in received:
        data = client.recv(65536)
        assert data, f"the connection ended after {received!r}"
        received += data
    answer = parse_answer(received)
    body = answer.body
    while len(body) < int(answer.headers["content-length"]):
        data = client.recv(65536)
        assert data, "the connection ended within a body"
        body += data
    return Answer(answer.status, answer.headers, body)


def parse_answer(received: bytes) -> Answer:
    head, _, body = received.partition(b"\r\n\r\n")
    status_line, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return Answer(int(status_line.split(" ")[1]), headers, body)


@pytest.fixture(scope="session")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """One process for all tests that leave it running."""
    running = Edge(tmp_path_factory.mktemp("edge") / "log")
    yield running
    running.stop()


@pytest.fixture
def start_edge(tmp_path: Path) -> Iterator[Callable[..., Edge]]:
    """Start processes of one's own, with options of Gunicorn."""
    started: list[Edge] = []

    def start(*options: str, path: Path | None = None) -> Edge:
        started.append(Edge(tmp_path / f"log-{len(started)}", *options, path=path))
        return started[-1]

    yield start
    for running in started:
        running.stop()


@pytest.fixture
def answer_of() -> Callable[[socket.socket], Answer]:
    """Reads one answer from a connection that stays open."""
    return read_answer


@pytest.fixture
def rest_of() -> Callable[[socket.socket], bytes]:
    """Reads a connection to its end."""
    return read_to_end
