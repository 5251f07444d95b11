"""What must be true before anything is started, so that a refusal leaves nothing behind."""

import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local import ports
from deploy.local.errors import PreflightFailed
from deploy.local.layout import Home

PREDECESSOR_SECONDS = 30
"""How long a stopping instance of the same folder may take before it counts as running."""


def check_port(port: int) -> None:
    """Raises PreflightFailed if nobody can listen on it."""
    try:
        free = ports.is_free(port)
    except PermissionError:
        raise PreflightFailed(f"port {port} needs root: set SIGNET_PORT to a number above 1023") from None
    if not free:
        raise PreflightFailed(f"port {port} is taken: stop what listens on it or set SIGNET_PORT to another one")


def create_home(home: Home) -> None:
    """Raises PreflightFailed if the folder cannot be made or written."""
    try:
        home.create()
        for folder in (home.folder, home.run, home.log, home.secrets):
            _write_something(folder)
    except OSError as refused:
        raise PreflightFailed(
            f"{refused.filename or home.folder} cannot be used ({refused.strerror}): "
            "make it yours or set SIGNET_HOME to another folder"
        ) from None


def _write_something(folder: Path) -> None:
    probe = folder / f".writable.{os.getpid()}"
    probe.touch()
    probe.unlink()


@contextmanager
def alone(home: Home) -> Iterator[None]:
    """Hold the folder for one instance; the kernel lets go of the lock however the holder ends.

    Raises PreflightFailed while another instance runs on it, or is still stopping after its launcher was killed.
    """
    descriptor = os.open(home.run / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PreflightFailed(_in_use(home)) from None
        _await_predecessor(home)
        home.remove_stale_sockets()
        yield
    finally:
        os.close(descriptor)


def _await_predecessor(home: Home) -> None:
    deadline = time.monotonic() + PREDECESSOR_SECONDS
    while _answers(home.control):
        if time.monotonic() > deadline:
            raise PreflightFailed(_in_use(home))
        time.sleep(0.2)


def _answers(path: Path) -> bool:
    """Whether a supervisord listens there."""
    try:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(str(path))
    except OSError:
        return False
    return True


def check_keyring_may_be_new(keyring: Path, service: str, revision: str | None) -> None:
    """Raises PreflightFailed when a new keyring would make the secrets of an existing database unreadable."""
    if revision is not None:
        raise PreflightFailed(f"{keyring} is missing, and the secrets in {service}'s database need it: restore it")


def _in_use(home: Home) -> str:
    return f"another instance is running in {home.folder}: stop it or set SIGNET_HOME to another folder"
