"""The environment comes from the committed files alone."""

import subprocess
from pathlib import Path

import pytest
from deploy.local import environment
from deploy.local.environment import EnvironmentFailed

ROOT = Path(__file__).parents[2]


def test_the_installer_is_pinned_with_every_hash(tmp_path: Path) -> None:
    """It is the one package that pip fetches, so pip has to be told what to expect."""
    lock = (
        "ruff==1.0 \\\n    --hash=sha256:aa\nuv==0.9.1 \\\n    --hash=sha256:bb \\\n    --hash=sha256:cc\nzipp==1 \\\n"
    )
    (tmp_path / "requirements.lock").write_text(lock)
    version, requirement = environment.locked(tmp_path, "uv")
    assert version == "0.9.1"
    assert requirement == "uv==0.9.1 \\\n    --hash=sha256:bb \\\n    --hash=sha256:cc\n"


def test_a_lock_without_the_installer_is_told(tmp_path: Path) -> None:
    """Installing whatever is newest would be worse."""
    (tmp_path / "requirements.lock").write_text("")
    with pytest.raises(EnvironmentFailed, match="make lock"):
        environment.locked(tmp_path, "uv")


def test_everything_that_is_installed_unbuilt_is_in_the_lock() -> None:
    """Constraints pin only what they name."""
    for name in (*environment.BUILD_PACKAGES, *environment.RUNTIME_PACKAGES, "uv"):
        assert environment.locked(ROOT, name)[0]


def test_running_needs_no_test_package() -> None:
    """Real servers' drivers and fuzzers have no business on a machine that only runs the platform."""
    running = {folder.name for folder in environment.packages(ROOT, "runtime")}
    assert {"gateway", "identity", "resources", "audit", "common", "protocol", "client"} <= running
    assert {folder.name for folder in environment.packages(ROOT, "full")} - running == {"testing"}


def test_make_lists_its_commands() -> None:
    """One obvious command for everything, and `make` alone says which."""
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in (
        "run",
        "test",
        "test-unit",
        "check",
        "fmt",
        "contracts",
        "migrate",
        "migration",
        "fuzz",
        "bench",
        "clean",
    ):
        assert f"make {target} " in listed
