"""What must hold before anything starts."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from deploy.local import ports, preflight
from deploy.local.errors import PreflightFailed
from deploy.local.layout import Home, write_private


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.create()
    return home


def test_a_taken_port_is_named() -> None:
    """Whoever reads the line must know what to change."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(PreflightFailed, match=f"port {port} is taken.*SIGNET_PORT"):
            preflight.check_port(port)
    preflight.check_port(port)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A file in the way stops root too, whom no permission stops."""
    (tmp_path / "file").write_text("")
    with pytest.raises(PreflightFailed, match=r"cannot be written.*SIGNET_HOME"):
        preflight.create_home(Home(tmp_path / "file" / "home"))


def test_the_folders_are_private(home: Home) -> None:
    """They hold keys and databases."""
    assert {path.stat().st_mode & 0o777 for path in (home.run, home.log, home.secrets)} == {0o700}


def test_a_second_instance_in_the_same_folder_is_refused(home: Home) -> None:
    """Two supervisords would fight for the same databases and configuration."""
    with preflight.alone(home):
        other = (
            "import sys; from pathlib import Path\n"
            "from deploy.local import preflight; from deploy.local.layout import Home\n"
            "with preflight.alone(Home(Path(sys.argv[1]))): pass"
        )
        refused = subprocess.run(
            [sys.executable, "-c", other, home.folder], capture_output=True, text=True, check=False
        )
        assert "another instance is running" in refused.stderr
    with preflight.alone(home):
        pass


def test_private_files_are_private_from_the_start_and_replaced_whole(tmp_path: Path) -> None:
    """A reader sees the old text or the new one, and nobody else sees either."""
    path = tmp_path / "secret"
    before = os.umask(0)
    try:
        write_private(path, "one")
        write_private(path, "two")
    finally:
        os.umask(before)
    assert path.read_text() == "two"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_internal_ports_are_free_different_and_not_the_public_one() -> None:
    """Instances side by side draw their ports from the same range."""
    public = ports.INTERNAL_PORTS[0]
    chosen = ports.choose(50, avoid=public)
    assert len(set(chosen)) == 50
    assert public not in chosen
    assert all(ports.is_free(port) for port in chosen)
