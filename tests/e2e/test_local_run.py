"""`make run`, as somebody who has just cloned the repository meets it: what it refuses, what it leaves behind."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

from signet_testing.file_modes import open_to_others
from signet_testing.free_ports import free_port

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
START_SECONDS = 90
ALONE = [sys.executable, "-m", "deploy.local", "run", "--service", "resources"]
"""One service has all kinds of processes, and is up in a third of the time."""


def environment(home: Path, port: int, **more: str) -> dict[str, str]:
    return {**os.environ, "SIGNET_HOME": str(home), "SIGNET_PORT": str(port), **more}


def refused(home: Path, port: int, **more: str) -> str:
    """The one line of a start that must not succeed; nothing may be left running."""
    command = [sys.executable, "-m", "deploy.local", "run"]
    ended = subprocess.run(
        command, cwd=ROOT, env=environment(home, port, **more), capture_output=True, text=True, timeout=START_SECONDS,
        check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1, ended.stderr
    assert living(home) == []
    return ended.stderr


def living(home: Path) -> list[int]:
    """Every process that was started for this home folder and still runs."""
    wanted = f"SIGNET_HOME={home}".encode()
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (path / "environ").read_bytes().split(b"\0"):
                found.append(int(path.name))
        except OSError:
            continue
    return found


def eventually(condition: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def status(port: int, path: str) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


class Running:
    """An instance in the foreground, as a terminal has it."""

    def __init__(self, home: Path, port: int, command: list[str], **more: str) -> None:
        self.home = home
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.launcher = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment(home, port, **more),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []

    def wait_until_ready(self) -> None:
        assert self.launcher.stdout is not None
        for line in self.launcher.stdout:
            self.lines.append(line.rstrip())
            if " is ready: " in line:
                return
        raise AssertionError("\n".join(self.lines))

    def stop(self, number: int = signal.SIGTERM) -> int:
        if self.launcher.poll() is None:
            self.launcher.send_signal(number)
        exit_code = self.launcher.wait(60)
        assert self.launcher.stdout is not None
        self.launcher.stdout.close()
        return exit_code


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def _start(name: str = "home", command: list[str] | None = None, **more: str) -> Running:
        default = [sys.executable, "-m", "deploy.local", "run"]
        started.append(Running(tmp_path / name, free_port(), command or default, **more))
        started[-1].wait_until_ready()
        return started[-1]

    yield _start
    for running in started:
        running.stop()


def test_a_first_start_ends_ready_and_a_second_keeps_the_keys_and_the_administrator(
    start: Callable[..., Running],
) -> None:
    """The whole promise of the one command, as a person types it. Whoever wrote down the password needs it tomorrow."""
    running = start(command=["make", "run"])
    written = running.home / "first-run.json"

    assert running.lines[-1] == f"Signet is ready: {running.url}"
    before = json.loads(written.read_text())
    assert set(before) >= {"url", "user_name", "password", "api_key", "secret"}
    assert before["url"] == running.url
    assert written.stat().st_mode & 0o777 == 0o600
    assert open_to_others(running.home) == []
    keys = {path.name: path.read_bytes() for path in (running.home / "secrets").iterdir()}

    running.stop()
    eventually(lambda: living(running.home) == [])
    again = start()

    assert json.loads((again.home / "first-run.json").read_text()) == before | {"url": again.url}
    assert {path.name: path.read_bytes() for path in (again.home / "secrets").iterdir()} == keys


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_ordered_stop_succeeds_and_leaves_nothing(start: Callable[..., Running], number: int) -> None:
    """A supervisor of the launcher reads the exit code."""
    running = start(command=ALONE)
    assert running.stop(number) == 0
    assert living(running.home) == []
    assert [path for path in running.home.rglob("*") if path.is_socket()] == []


def test_a_killed_process_comes_back(start: Callable[..., Running]) -> None:
    """One process that dies must not end the others."""
    running = start(command=ALONE)
    processes = running.home / "run" / "processes"
    for name in ("resources-web", "resources-background"):
        victim = int((processes / f"{name}.group").read_text())
        os.kill(victim, signal.SIGKILL)
        eventually(lambda name=name, victim=victim: int((processes / f"{name}.group").read_text()) != victim)
    eventually(lambda: status(running.port, "/readyz") == 200, 60)


def test_nothing_outlives_a_killed_launcher(start: Callable[..., Running]) -> None:
    """A closed laptop or an impatient kill -9 must not leave servers behind."""
    running = start(command=ALONE)
    assert len(living(running.home)) >= 5, "launcher, supervisord, master, worker, background"
    running.stop(signal.SIGKILL)
    eventually(lambda: living(running.home) == [], 60)


def test_two_instances_live_side_by_side_and_none_twice(start: Callable[..., Running]) -> None:
    """Different folder and port are all that it takes; the same folder is refused."""
    first = start("one", ALONE)
    second = start("two", ALONE)
    assert status(first.port, "/readyz") == status(second.port, "/readyz") == 200
    third = subprocess.run(
        [sys.executable, "-m", "deploy.local", "run"], cwd=ROOT, env=environment(first.home, free_port()),
        capture_output=True, text=True, timeout=START_SECONDS, check=False,
    )  # fmt: skip
    assert third.returncode == 1
    assert "another instance is running" in third.stderr
    assert status(first.port, "/readyz") == 200


def test_one_service_runs_alone(start: Callable[..., Running]) -> None:
    """A team works on its service without the others."""
    running = start(command=ALONE)
    assert running.lines[-1] == f"Signet resources is ready: {running.url}"
    assert status(running.port, "/readyz") == 200
    assert status(running.port, "/api/v1/demos") == 401
    assert not (running.home / "identity.sqlite3").exists()


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    """Before anything was started."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert f"port {port} is taken" in refused(tmp_path / "home", port)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A file in its place refuses root as well."""
    (tmp_path / "home").write_text("")
    assert str(tmp_path / "home") in refused(tmp_path / "home", free_port())


def test_a_database_from_a_newer_version_is_named(tmp_path: Path) -> None:
    """An old program must not touch it, and must not start half of the platform."""
    home = tmp_path / "home"
    home.mkdir()
    with closing(sqlite3.connect(home / "audit.sqlite3")) as connection, connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        connection.execute("INSERT INTO alembic_version VALUES ('from_the_future')")
    line = refused(home, free_port())
    assert "audit" in line
    assert "from_the_future" in line


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SIGNET_PORT", "http"),
        ("SIGNET_HOMES", "x"),
        ("RESOURCES_DATABSE_URL", "x"),
        ("GATEWAY_MAX_BODY_BYTES", "many"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, name: str, value: str) -> None:
    """Whatever process reads it, its name has to reach the terminal."""
    assert name in refused(tmp_path / "home", free_port(), **{name: value})
