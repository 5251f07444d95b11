"""supervisord, which restarts what dies: its configuration, its life and what it knows about the processes.

It works in `$SIGNET_HOME` and the paths of its configuration are relative to that: spaces and percent signs then have
no say in where an instance may live.
"""

import json
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from http.client import HTTPException
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy

from deploy.local.errors import StartFailed
from deploy.local.layout import Home, write_private
from deploy.local.processes import Process
from supervisor.xmlrpc import SupervisorTransport

LAUNCH = Path(__file__).with_name("launch.py")
ACTIVE = ("STARTING", "RUNNING", "BACKOFF")
FALLEN = ("BACKOFF", "FATAL", "EXITED", "UNKNOWN")
STOP_SECONDS = 25
"""How long one process may take to finish what it is doing; more than Gunicorn grants its workers."""

DAEMON = """\
[supervisord]
logfile=log/supervisord.log
logfile_maxbytes=5MB
logfile_backups=1
pidfile=run/supervisord.pid
nodaemon=true
silent=true
umask=077

[unix_http_server]
file={socket}
chmod=0700

[supervisorctl]
serverurl=unix://{socket}

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""

PROGRAM = """
[program:{name}]
command={command}
priority={priority}
autorestart=true
startsecs=1
startretries=30
stopsignal={stop_signal}
stopwaitsecs={stop_seconds}
killasgroup=true
redirect_stderr=true
stdout_logfile=log/{name}.log
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=3
"""


class Supervisor:
    """A running supervisord and its remote control over a unix socket that only its owner may open."""

    def __init__(self, home: Home, daemon: subprocess.Popen[bytes], log_starts: Mapping[Path, int]) -> None:
        self._home = home
        self._daemon = daemon
        self._log_starts = log_starts

    @classmethod
    def start(cls, home: Home, processes: Iterable[Process], environment: Mapping[str, str]) -> "Supervisor":
        """Start supervisord and with it every process. Raises StartFailed."""
        _configure(home, processes)
        log_starts = {path: path.stat().st_size for path in home.log.glob("*.log")}
        command = [sys.executable, "-m", "supervisor.supervisord", "--configuration", "run/supervisord.conf"]
        specification = _specify(home, "supervisord", command, {})
        with (home.log / "supervisord.log").open("ab") as log:
            # Its own session: Ctrl-C reaches the launcher alone, which then stops everything in order.
            daemon = subprocess.Popen(
                [*_launcher(), specification], cwd=home.folder, env=dict(environment), stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True, umask=0o077,
            )  # fmt: skip
        return cls(home, daemon, log_starts)

    def wait_until_up(self, seconds: float = 10) -> None:
        """Raises StartFailed."""
        deadline = time.monotonic() + seconds
        while self.alive() and time.monotonic() < deadline:
            if self.states():
                return
            time.sleep(0.05)
        self.end()
        raise StartFailed(f"supervisord did not start: {self.last_words('supervisord')}")

    def alive(self) -> bool:
        return self._daemon.poll() is None

    def states(self) -> dict[str, str]:
        """Process name → supervisord's word for its state; empty while supervisord does not answer."""
        try:
            return {process["name"]: process["statename"] for process in self._control.getAllProcessInfo()}
        except (OSError, HTTPException, Fault):
            return {}

    def last_words(self, process: str) -> str:
        """Why a process stopped, as far as it wrote that down since this start."""
        path = self._home.process_log(process)
        try:
            with path.open("rb") as log:
                log.seek(self._log_starts.get(path, 0))
                return _reason(log.read().decode(errors="replace"))
        except OSError:
            return ""

    @property
    def _control(self) -> Any:
        """A new connection for every call: a transport that once failed to connect never tries again."""
        transport = SupervisorTransport(None, None, f"unix://{self._home.control}")
        return ServerProxy("http://127.0.0.1", transport=transport).supervisor

    def stop(self, names: Sequence[str]) -> None:
        """Stop these processes at the same time and wait for them; supervisord kills what does not listen."""
        for name in names:
            try:
                self._control.stopProcess(name, False)
            except (OSError, HTTPException, Fault):
                continue  # It was not running, or supervisord itself is gone.
        deadline = time.monotonic() + STOP_SECONDS + 5
        while time.monotonic() < deadline and any(self.states().get(name) in (*ACTIVE, "STOPPING") for name in names):
            time.sleep(0.05)

    def end(self) -> None:
        """Stop whatever still runs, then supervisord."""
        try:
            self._control.shutdown()  # supervisord notices a signal a second later
        except (OSError, HTTPException, Fault):
            self._daemon.terminate()
        try:
            self._daemon.wait(STOP_SECONDS * 2)
        except subprocess.TimeoutExpired:
            self._daemon.kill()
            self._daemon.wait()
        self._home.remove_stale_sockets()
        if self._home.sockets != self._home.run:
            shutil.rmtree(self._home.sockets, ignore_errors=True)


def _reason(text: str) -> str:
    """The line that most likely says why a process stopped.

    Services say it plainly, under their name, before they exit. Gunicorn adds JSON lines about its worker after that,
    and where several workers fail at once, a traceback of its own.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    plain = [line for line in lines if not line.startswith("{")][-40:]
    signed = [line for line in plain if line.startswith("signet-")]
    return (signed or plain or lines or [""])[-1][:300]


def _configure(home: Home, processes: Iterable[Process]) -> None:
    shutil.rmtree(home.run / "processes", ignore_errors=True)
    (home.run / "processes").mkdir(mode=0o700)
    text = DAEMON.format(socket=home.control)
    for process in processes:
        specification = _specify(home, process.name, process.command, process.environment)
        text += PROGRAM.format(
            name=process.name,
            command=shlex.join([*_launcher(), specification]).replace("%", "%%"),
            priority=int(process.layer),
            stop_signal=process.stop_signal,
            stop_seconds=STOP_SECONDS,
        )
    write_private(home.run / "supervisord.conf", text)


def _launcher() -> list[str]:
    return [sys.executable, "-I", "-S", str(LAUNCH)]


def _specify(home: Home, name: str, command: Sequence[str], environment: Mapping[str, str]) -> str:
    """Write down what `launch.py` becomes; returns the path, relative to the home folder."""
    path = home.run / "processes" / f"{name}.json"
    write_private(path, json.dumps({"command": list(command), "environment": dict(environment)}))
    return path.relative_to(home.folder).as_posix()
