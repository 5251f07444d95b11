"""The virtual environment of this checkout, made from the committed files alone.

Runs on the standard library of whatever Python started it, because nothing else is installed yet.
A stamp holds the hash of everything that decides what is installed, so a warm start asks no installer.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD_PACKAGES = ("editables", "hatchling")
"""What editable builds import; installed beforehand and pinned, because build isolation would fetch it unpinned."""
RUNTIME_PACKAGES = ("supervisor",)
DEVELOPMENT_ONLY = ("libs/testing",)


class EnvironmentFailed(Exception):
    """One line that says what is missing and what to do about it."""


def prepare(stage: str, root: Path = ROOT) -> None:
    """Make `.venv` hold what `stage` needs: `runtime` (what `make run` starts) or `full` (the tests and tools too).

    Raises EnvironmentFailed.
    """
    venv = root / ".venv"
    with _one_at_a_time(root):
        if any(_is_current(venv, each, root) for each in {stage, "full"}):
            return
        _create(venv)
        _install_uv(venv, root)
        if stage == "full":
            _say("Installing the pinned packages of requirements.lock")
            _uv(venv, root, "--require-hashes", "-r", "requirements.lock")
        else:
            _say("Installing what editable packages are built with")
            _uv(venv, root, "-c", "requirements.lock", *BUILD_PACKAGES)
        _say("Installing the packages of this workspace and what they need")
        _uv(venv, root, "-c", "requirements.lock", "--no-build-isolation", *RUNTIME_PACKAGES, *_editables(root, stage))
        _stamp(venv, stage).write_text(_digest(stage, root))
        _say("The environment is ready")


def packages(root: Path, stage: str) -> list[Path]:
    """The folders of the workspace's distributions that `stage` needs."""
    folders = sorted(path.parent for path in root.glob("*/*/pyproject.toml"))
    skipped = DEVELOPMENT_ONLY if stage == "runtime" else ()
    return [folder for folder in folders if folder.relative_to(root).as_posix() not in skipped]


def locked(root: Path, name: str) -> tuple[str, str]:
    """The version of `name` in requirements.lock and its requirement line with all hashes."""
    lines = iter((root / "requirements.lock").read_text().splitlines())
    for line in lines:
        if line.startswith(f"{name}=="):
            requirement = [line, *_continuation(line, lines)]
            return line.split("==")[1].split()[0], "\n".join(requirement) + "\n"
    raise EnvironmentFailed(f"requirements.lock does not name {name}: run `make lock`")


def _continuation(line: str, lines: Iterator[str]) -> Iterable[str]:
    while line.endswith("\\"):
        line = next(lines)
        yield line


@contextmanager
def _one_at_a_time(root: Path) -> Iterator[None]:
    """Two `make` commands in one checkout take turns; the lock sits on the folder itself and leaves no file behind."""
    folder = os.open(root, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("Waiting for another command that is installing into .venv")
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _stamp(venv: Path, stage: str) -> Path:
    return venv / f".signet-{stage}"


def _is_current(venv: Path, stage: str, root: Path) -> bool:
    try:
        return _stamp(venv, stage).read_text() == _digest(stage, root)
    except FileNotFoundError:
        return False


def _digest(stage: str, root: Path) -> str:
    """The folder counts too: editable installs and scripts hold absolute paths, so a moved checkout installs again."""
    digest = hashlib.sha256(f"{stage}\n{root}\n{sys.version_info[:2]}\n".encode())
    for path in [root / "requirements.lock", *(folder / "pyproject.toml" for folder in packages(root, stage))]:
        digest.update(path.relative_to(root).as_posix().encode() + b"\n" + path.read_bytes())
    return digest.hexdigest()


def _create(venv: Path) -> None:
    if _runs(venv):
        return
    for module in ("venv", "ensurepip"):
        try:
            __import__(module)
        except ImportError:
            package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
            raise EnvironmentFailed(
                f"Python's {module} module is missing: install it (on Debian or Ubuntu: apt install {package})"
            ) from None
    _say(f"Creating .venv with Python {sys.version.split()[0]}")
    _run([sys.executable, "-m", "venv", "--clear", str(venv)], "creating .venv")


def _runs(venv: Path) -> bool:
    """Whether an existing .venv is whole and of the version of the Python that is running this."""
    probe = "import sys, pip; print(*sys.version_info[:2])"
    try:
        found = subprocess.run([venv / "bin/python", "-c", probe], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return found.returncode == 0 and found.stdout.split() == [str(part) for part in sys.version_info[:2]]


def _install_uv(venv: Path, root: Path) -> None:
    version, requirement = locked(root, "uv")
    marker = venv / ".signet-uv"
    if marker.exists() and marker.read_text() == version and (venv / "bin/uv").exists():
        return
    _say(f"Installing uv {version}")
    with tempfile.TemporaryDirectory() as folder:
        pinned = Path(folder, "uv.txt")
        pinned.write_text(requirement)
        pip = [str(venv / "bin/python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        _run([*pip, "--require-hashes", "--no-deps", "-r", str(pinned)], f"installing uv {version}")
    marker.write_text(version)


def _editables(root: Path, stage: str) -> list[str]:
    return [argument for folder in packages(root, stage) for argument in ("-e", _with_extras(folder, root))]


def _with_extras(folder: Path, root: Path) -> str:
    """The editable requirement of one distribution, with everything that a service may ask of it."""
    extras = tomllib.loads((folder / "pyproject.toml").read_text())["project"].get("optional-dependencies", {})
    return f"./{folder.relative_to(root).as_posix()}" + (f"[{','.join(sorted(extras))}]" if extras else "")


def _uv(venv: Path, root: Path, *arguments: str) -> None:
    _run([str(venv / "bin/uv"), "pip", "install", "-q", "--python", str(venv / "bin/python"), *arguments],
         "installing packages", cwd=root)  # fmt: skip


def _run(command: list[str], doing: str, cwd: Path | None = None) -> None:
    """Run an installer that speaks only when it fails; its own words come before ours."""
    # A cache on another file system cannot be linked from; copying always works and is what uv falls back to.
    environment = {"UV_LINK_MODE": "copy", **os.environ}
    if subprocess.run(command, cwd=cwd, env=environment, check=False).returncode:
        raise EnvironmentFailed(f"{doing} failed: its message stands above; run the same command again to resume")


def _say(line: str) -> None:
    print(line, flush=True)


def main(stage: str) -> int:
    try:
        prepare(stage)
    except EnvironmentFailed as failed:
        print(f"signet: {failed}", file=sys.stderr)
        return 1
    except OSError as failed:
        print(f"signet: .venv cannot be prepared: {failed.strerror}: {failed.filename}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
