"""One private server process: started, awaited, stopped, and never left behind.

Every server leads its own session, so Ctrl-C in the terminal reaches pytest alone and pytest ends the servers in its
own order. Should this process die without any chance to clean up, a watching shell sees its pipe close, kills the
server's process group and removes what it was told to remove.
"""

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

POLL_SECONDS = 0.05
END_SECONDS = 30.0
"""How long killed processes are waited for: the kernel frees their memory first."""
LOG_TAIL_LINES = 30
WATCH = 'read -r word; [ "$word" = ended ] || { kill -KILL "-$1"; [ -z "$2" ] || { sleep 1; rm -rf -- "$2"; }; }'


class ServerFailed(Exception):
    """A server ended while starting or was not ready in time; the message carries the end of its log."""


@dataclass(slots=True)
class ServerProcess:
    """A process group led by `command`, with stdout and stderr appended to `log`."""

    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Beside PATH, all that the server sees: nothing that the developer has set for a server of their own leaks in."""
    remove_if_orphaned: Path | None = None
    """A folder that the watcher removes when this process dies first."""
    folder: Path | None = None
    """Where it runs; where this process runs if not given."""
    _process: "subprocess.Popen[bytes] | None" = field(default=None, init=False, repr=False)
    _watcher: "subprocess.Popen[bytes] | None" = field(default=None, init=False, repr=False)

    @property
    def pid(self) -> int:
        """The id of the process and of its group; raises ServerFailed when it is not running."""
        if self._process is None:
            raise ServerFailed(f"{self.name} is not running")
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the leading process has been started and has not ended."""
        return self._process is not None and not self._ended()

    def start(self, ready: Callable[[], bool], timeout: float = 90.0) -> None:
        """Start and wait until `ready()`; raises ServerFailed after `timeout` seconds or when the process ends."""
        if self._process is not None:
            raise ServerFailed(f"{self.name} was started already")
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                list(self.command),
                env=private_environment(self.environment),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._watcher = self._watch(self._process.pid)
        try:
            self._await(ready, time.monotonic() + timeout)
        except BaseException:
            self.kill()
            raise

    def stop(self, how: signal.Signals = signal.SIGTERM, timeout: float = 30.0) -> None:
        """Ask the leading process to end, wait, then kill whatever is left of its group. Stopping twice is harmless."""
        if self._process is None:
            return
        self._process.send_signal(how)
        deadline = time.monotonic() + timeout
        while not self._ended() and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        self.kill()

    def kill(self) -> None:
        """SIGKILL the whole group and every descendant that left it, as a crash or the kernel's memory killer would.

        Returns when all of them have ended: until then they hold ports, memory and names against their successor.
        """
        if self._process is None:
            return
        # The leader has not been reaped yet, so neither its id nor its group's can belong to anybody else.
        with _handles(descendants(self._process.pid)) as victims:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            for victim in victims:
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(victim, signal.SIGKILL)
            self._process.wait()
            _await_end(victims)
        self._process = None
        self._dismiss_watcher()

    def log_tail(self) -> str:
        """The last lines of the log, for error messages."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:])

    def _await(self, ready: Callable[[], bool], deadline: float) -> None:
        while not ready():
            if self._ended():
                raise ServerFailed(f"{self.name} ended while starting:\n{self.log_tail()}")
            if time.monotonic() > deadline:
                raise ServerFailed(f"{self.name} was not ready in time:\n{self.log_tail()}")
            time.sleep(POLL_SECONDS)

    def _ended(self) -> bool:
        if self._process is None or self._process.returncode is not None:
            return True
        return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def _watch(self, group: int) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            ["/bin/sh", "-c", WATCH, "watch", str(group), str(self.remove_if_orphaned or "")],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _dismiss_watcher(self) -> None:
        if self._watcher is not None:
            self._watcher.communicate(b"ended\n")
            self._watcher = None


@contextlib.contextmanager
def _handles(processes: Iterable[int]) -> Iterator[list[int]]:
    """A file descriptor for each that still runs, pidfd_open(2): unlike a number it never names another process."""
    with contextlib.ExitStack() as opened:
        found: list[int] = []
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                found.append(os.pidfd_open(process))
                opened.callback(os.close, found[-1])
        yield found


def _await_end(handles: Iterable[int]) -> None:
    """Wait for processes that are nobody's children here; a descriptor is readable once its process has ended."""
    deadline = time.monotonic() + END_SECONDS
    for handle in handles:
        one = select.poll()
        one.register(handle, select.POLLIN)
        one.poll(max(0.0, deadline - time.monotonic()) * 1000)


def private_environment(additions: Mapping[str, str]) -> dict[str, str]:
    """PATH, a neutral locale and `additions`."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", **additions}


def descendants(pid: int) -> list[int]:
    """Children of children too, read from /proc; those that end meanwhile are simply not there."""
    found: list[int] = []
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, children.read_text().split()):
                found += [child, *descendants(child)]
    return found
