"""What the real servers are called on disk and in Debian, and how to get the missing ones.

Nothing here starts a server. Programs are looked for where Debian puts them and then on PATH; installing is a
separate, explicit step (`python -m signet_testing.install`), so that a test run never changes a machine by surprise.
"""

import contextlib
import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

LOCK_FILE = Path("/run/signet-testing-install.lock")
POLICY_FILE = Path("/usr/sbin/policy-rc.d")
POLICY = "#!/bin/sh\n# Written while test servers are being installed: none of them may start by itself.\nexit 101\n"


class ServerMissing(Exception):
    """A program that a real server needs is not on this machine."""


class InstallFailed(Exception):
    """Debian's packages could not be installed; the message says why."""


@dataclass(frozen=True, slots=True)
class Software:
    """One piece of software: its Debian packages and the programs that must be found for it to be usable."""

    name: str
    packages: tuple[str, ...]
    programs: tuple[str, ...]
    """Absolute globs (the newest match wins) or names to be found on PATH and in the sbin folders."""

    def missing(self) -> tuple[str, ...]:
        """The programs that are not on this machine."""
        return tuple(program for program in self.programs if _locate(program) is None)

    def find(self, program: str) -> Path:
        """The path of one of `programs`, named by its last component. Raises ServerMissing."""
        pattern = next(candidate for candidate in self.programs if candidate.rsplit("/", 1)[-1] == program)
        found = _locate(pattern)
        if found is None:
            raise ServerMissing(f"{self.name}: {program} is not installed (python -m signet_testing.install)")
        return found


RABBITMQ = Software(
    "rabbitmq",
    ("rabbitmq-server",),
    ("/usr/lib/rabbitmq/bin/rabbitmq-server", "/usr/lib/rabbitmq/bin/rabbitmqctl", "epmd"),
)
MARIADB = Software("mariadb", ("mariadb-server",), ("mariadbd", "mariadb-install-db"))
POSTGRESQL = Software(
    "postgresql", ("postgresql",), ("/usr/lib/postgresql/*/bin/postgres", "/usr/lib/postgresql/*/bin/initdb")
)
REDIS = Software("redis", ("redis-server",), ("redis-server",))
NGINX = Software("nginx", ("nginx",), ("nginx",))
WRK = Software("wrk", ("wrk",), ("wrk",))

SERVERS = (RABBITMQ, MARIADB, POSTGRESQL, REDIS, NGINX)
SOFTWARE = {software.name: software for software in (*SERVERS, WRK)}


def install(wanted: Sequence[Software], report: Callable[[str], None]) -> None:
    """Install the Debian packages of `wanted`; raises InstallFailed with what stood in the way.

    One process at a time does this on a machine; the others wait and then find nothing left to do.
    """
    reason = _cannot_install()
    if reason:
        raise InstallFailed(reason)
    with _one_at_a_time(), _services_stay_down():
        packages = [package for software in wanted if software.missing() for package in software.packages]
        if not packages:
            return
        report("reading the lists of Debian's packages")
        update = _apt("update")
        report(f"installing {', '.join(packages)}")
        result = _apt("install", "--yes", "--no-install-recommends", *packages)
        if result.returncode:
            problem = result if update.returncode == 0 else update
            raise InstallFailed(f"apt-get failed: {_last_lines(problem.stderr or problem.stdout)}")


def _cannot_install() -> str:
    if os.geteuid() != 0:
        return "not root, so nothing can be installed"
    if not Path("/etc/debian_version").exists() or shutil.which("apt-get") is None:
        return "not Debian, so its packages cannot be installed"
    return ""


def _apt(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    command = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=300", *arguments]
    return subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    with LOCK_FILE.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _services_stay_down() -> Iterator[None]:
    """Debian starts what it installs unless policy-rc.d says no; one that is already there is left as it is."""
    if POLICY_FILE.exists():
        yield
        return
    POLICY_FILE.write_text(POLICY)
    POLICY_FILE.chmod(0o755)
    try:
        yield
    finally:
        POLICY_FILE.unlink(missing_ok=True)


def _locate(program: str) -> Path | None:
    if program.startswith("/"):
        matches = sorted(Path("/").glob(program.lstrip("/")), key=_version_order)
        return matches[-1] if matches else None
    found = shutil.which(program, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin:/usr/sbin:/sbin"]))
    return Path(found) if found else None


def _version_order(path: Path) -> tuple[int, ...]:
    """Sorts /usr/lib/postgresql/9.6 before /usr/lib/postgresql/15."""
    return tuple(int(part) for component in path.parts for part in component.split(".") if part.isdigit())


def _last_lines(text: str, count: int = 3) -> str:
    return " | ".join(line.strip() for line in text.strip().splitlines()[-count:])
