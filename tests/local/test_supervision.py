"""supervisord and the launcher, with tiny processes in the place of services."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from deploy.local.layout import Home
from deploy.local.processes import Layer, Process
from deploy.local.supervision import Supervisor

from signet_testing.free_ports import free_port

LISTEN = (
    "import os, socket, sys, time\n"
    "listener = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
    "if os.fork() == 0: time.sleep(60)\n"
    "print('listening', os.environ['DEMO_SECRET'], flush=True); time.sleep(60)\n"
)


def eventually(condition: Callable[[], object], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def python(name: str, code: str, *arguments: str, layer: Layer = Layer.WEB, **environment: str) -> Process:
    return Process(name=name, command=(sys.executable, "-c", code, *arguments), layer=layer, environment=environment)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A folder with everything in its name that a configuration file could trip over, too long for a socket."""
    home = Home(tmp_path / 'it\'s 100% of a "home"' / ("long" * 25))
    home.create()
    return home


@pytest.fixture
def start(home: Home) -> Iterator[Callable[..., Supervisor]]:
    started: list[Supervisor] = []

    def _start(*processes: Process) -> Supervisor:
        started.append(Supervisor.start(home, processes, os.environ))
        started[-1].wait_until_up()
        return started[-1]

    yield _start
    for supervisor in started:
        supervisor.end()


def pid_of(home: Home, name: str) -> int:
    return int((home.run / "processes" / f"{name}.group").read_text())


def running(supervisor: Supervisor, *names: str) -> bool:
    return all(supervisor.states().get(name) == "RUNNING" for name in names)


def test_a_process_receives_settings_that_no_quoting_could_carry(home: Home, start: Callable[..., Supervisor]) -> None:
    """Passwords in database URLs hold whatever they hold."""
    secret = "p%40ss \"word' ; # %(here)s, x=y"
    supervisor = start(
        python(
            "web", "import os, time; print(os.environ['DEMO_SECRET'], flush=True); time.sleep(60)", DEMO_SECRET=secret
        )
    )
    eventually(lambda: supervisor.last_words("web") == secret)
    assert secret not in (home.run / "supervisord.conf").read_text()
    private = [*(home.run / "processes").iterdir(), home.run / "supervisord.conf"]
    assert all(path.stat().st_mode & 0o077 == 0 for path in private)


def test_a_killed_process_comes_back_although_its_child_holds_the_port(
    home: Home, start: Callable[..., Supervisor]
) -> None:
    """The workers of a killed master go on listening, and the new master could never bind."""
    supervisor = start(python("web", LISTEN, str(free_port()), DEMO_SECRET="x"))
    eventually(lambda: running(supervisor, "web"))
    first = pid_of(home, "web")

    os.kill(first, signal.SIGKILL)

    eventually(lambda: pid_of(home, "web") != first and running(supervisor, "web"))


def test_processes_stop_when_told_and_supervisord_with_the_rest(home: Home, start: Callable[..., Supervisor]) -> None:
    """Layers are stopped one after the other, so one may be stopped while another works."""
    sleep = "import time; time.sleep(60)"
    supervisor = start(python("web", sleep), python("background", sleep, layer=Layer.BACKGROUND))
    eventually(lambda: running(supervisor, "web", "background"))
    background = pid_of(home, "background")

    supervisor.stop(["web"])
    assert supervisor.states() == {"web": "STOPPED", "background": "RUNNING"}
    supervisor.stop(["web"])
    supervisor.end()

    assert gone(background)
    assert not supervisor.alive()
    assert supervisor.states() == {}


def test_a_process_that_cannot_start_is_told_by_its_last_words(home: Home, start: Callable[..., Supervisor]) -> None:
    """The reason has to reach the terminal, whatever Gunicorn or another start wrote around it."""
    home.process_log("web").write_text("of another start\n")
    code = "import sys; print('missing setting X'); print('{\"message\": \"Shutting down\"}'); sys.exit(2)"
    supervisor = start(python("web", code))
    assert supervisor.last_words("web") in ("", "missing setting X")
    eventually(lambda: supervisor.states().get("web") == "BACKOFF")
    assert supervisor.last_words("web") == "missing setting X"


def test_what_a_service_said_counts_more_than_the_traceback_after_it(
    home: Home, start: Callable[..., Supervisor]
) -> None:
    """Gunicorn fails in its own way when a second worker fails while it is ending because of the first."""
    code = "import sys; print('signet-gateway: missing setting X', file=sys.stderr, flush=True); 1 / 0"
    supervisor = start(python("web", code))
    eventually(lambda: supervisor.states().get("web") == "BACKOFF")
    assert supervisor.last_words("web") == "signet-gateway: missing setting X"


@pytest.mark.skipif(
    sys.platform != "linux" and os.environ.get("CI") != "true", reason="only Linux tells a child that its parent died"
)
@pytest.mark.parametrize("victim", ["launcher", "supervisord"])
def test_nothing_outlives_a_killed_parent(home: Home, victim: str) -> None:
    """An orphan would hold the port and the databases against the next start."""
    code = (
        "import os, sys, time; from pathlib import Path; from deploy.local.layout import Home\n"
        "from deploy.local.processes import Layer, Process; from deploy.local.supervision import Supervisor\n"
        "command = (sys.executable, '-c', 'import time; time.sleep(60)')\n"
        "supervisor = Supervisor.start(Home(Path.cwd()), [Process('web', command, Layer.WEB)], os.environ)\n"
        "supervisor.wait_until_up(); print('up', flush=True); time.sleep(60)\n"
    )
    root = str(Path(__file__).parents[2])
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=home.folder, env={**os.environ, "PYTHONPATH": root}, stdout=subprocess.PIPE
    ) as launcher:
        assert launcher.stdout is not None
        assert launcher.stdout.readline() == b"up\n"
        eventually((home.run / "processes" / "web.group").exists)
        process, daemon = pid_of(home, "web"), pid_of(home, "supervisord")

        os.kill(launcher.pid if victim == "launcher" else daemon, signal.SIGKILL)

        eventually(lambda: gone(process) and gone(daemon))
        launcher.kill()
