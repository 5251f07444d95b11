"""What must hold before anything starts."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from deploy.local import preflight
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
    with pytest.raises(PreflightFailed, match=r"cannot be used.*SIGNET_HOME"):
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


def test_sockets_live_in_the_home_where_their_paths_are_short_and_plain() -> None:
    """There they are found, and their folder is as private as the rest."""
    assert Home(Path("/srv/signet")).sockets == Path("/srv/signet/run")
    assert Home(Path("/srv/signet")).socket("resources") == Path("/srv/signet/run/resources.sock")


@pytest.mark.parametrize("name", ["long" * 25, "with space", "with,comma", "ümlaut", "semi;colon"])
def test_sockets_of_any_other_home_live_in_a_private_folder_of_its_own(tmp_path: Path, name: str) -> None:
    """The kernel takes 107 bytes, and these paths stand unquoted in two configurations and a setting."""
    home, other = Home(tmp_path / name), Home(tmp_path / f"{name}2")
    home.create()
    try:
        path = str(home.socket("resources"))
        assert re.fullmatch(r"[\w./-]{1,90}", path, re.ASCII)
        assert home.sockets.stat().st_mode & 0o777 == 0o700
        assert home.sockets != other.sockets
    finally:
        home.sockets.rmdir()


def test_a_temporary_folder_with_a_long_name_is_passed_by(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """TMPDIR may be as deep as the home."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / ("deep" * 25)))
    assert Home(tmp_path / ("long" * 25)).sockets.parent == Path("/tmp")


@pytest.mark.parametrize("trap", ["open", "link", "file"])
def test_a_folder_that_somebody_may_have_laid_in_wait_is_refused(tmp_path: Path, trap: str) -> None:
    """Its name can be guessed, and everybody may write beside it."""
    home = Home(tmp_path / ("long" * 25))
    if trap == "open":
        home.sockets.mkdir()
        home.sockets.chmod(0o755)
    elif trap == "link":
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        home.sockets.symlink_to(tmp_path / "elsewhere")
    else:
        home.sockets.write_text("")
    try:
        with pytest.raises(PreflightFailed, match="cannot be used"):
            preflight.create_home(home)
    finally:
        home.sockets.rmdir() if trap == "open" else home.sockets.unlink()


def test_stale_sockets_are_removed_by_whoever_holds_the_home_alone(home: Home) -> None:
    """A killed instance leaves them; one that runs must keep its own, whoever else tries to start."""
    for name in ("resources", "supervisor"):
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(str(home.socket(name)))
    with preflight.alone(home):
        assert not list(home.sockets.glob("*.sock"))
        with socket.socket(socket.AF_UNIX) as living:
            living.bind(str(home.socket("resources")))
        with pytest.raises(PreflightFailed), preflight.alone(home):
            pass
        assert home.socket("resources").exists()
