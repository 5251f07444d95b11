"""`signet files` on a running platform: what is put is what is got, whatever it is called and however large it is."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from signet.downloads import PIECE_BYTES
from signet_testing.platform import Platform

pytestmark = pytest.mark.e2e

SIGNET = Path(sys.executable).with_name("signet")
NAMES = ("with space", "данные 🙂.dcm", "a&b=c+d#e%41;f", "-dash", "x" * 240 + ".txt")


class Terminal:
    """The command, as the first administrator."""

    def __init__(self, platform: Platform, folder: Path) -> None:
        self._environment = {
            "PATH": "/usr/bin:/bin",
            "LC_ALL": "C.UTF-8",
            "XDG_CONFIG_HOME": str(folder / "config"),
            "SIGNET_FIRST_RUN": str(platform.home / "first-run.json"),
        }

    def __call__(self, *arguments: object, status: int = 0) -> Any:
        """Run `signet --json files …`, and return what it answers."""
        command = [SIGNET, "--json", "files", *map(str, arguments)]
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == status, (done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        return json.loads(done.stdout) if done.stdout else None


@pytest.fixture
def files(platform: Platform, tmp_path: Path) -> Terminal:
    return Terminal(platform, tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files of every length at which something ends, under names that are none of the easy ones."""
    folder = tmp_path / "put"
    (folder / "below").mkdir(parents=True)
    for number, size in enumerate((0, 1, PIECE_BYTES, PIECE_BYTES + 1, 5 * 1024**2)):
        (folder / "below" / NAMES[number]).write_bytes(os.urandom(size))
    (folder / "link").symlink_to("/etc/passwd")
    return folder


def stored(files: Terminal, path: Path) -> int:
    """Put one file, and return its id."""
    file_id: int = files("put", path)["files"][0]["file"]["file_id"]
    return file_id


def test_a_folder_comes_back_as_it_was_put(files: Terminal, folder: Path, tmp_path: Path) -> None:
    """Under the names that it had, where those are safe; what is there already is not fetched again."""
    put = files("put", folder)
    assert {Path(entry["path"]).name for entry in put["files"]} == set(NAMES)
    assert put["links"] == [str(folder / "link")]
    ids = [entry["file"]["file_id"] for entry in put["files"]]
    for fetched in (True, False):
        got = files("get", *ids, "--into", tmp_path / "got")
        assert {entry["fetched"] for entry in got["files"]} == {fetched}
    for put_entry, got_entry in zip(put["files"], got["files"], strict=True):
        assert Path(got_entry["path"]).read_bytes() == Path(put_entry["path"]).read_bytes()
    assert files("put", folder, "--skip-stored")["files"] == []


def test_a_download_is_gone_on_with_from_what_lies_there(files: Terminal, folder: Path, tmp_path: Path) -> None:
    """Whether it is the rest of the same, or turns out to be of something else."""
    content = (folder / "below" / NAMES[4]).read_bytes()
    file_id, target = stored(files, folder / "below" / NAMES[4]), tmp_path / "got"
    part = target.with_name(f"got.{hashlib.sha256(content).hexdigest()[:8]}.part")
    for beginning in (content[: 3 * 1024**2 + 7], b"something else", content):
        part.write_bytes(beginning)
        files("get", file_id, "--output", target)
        assert target.read_bytes() == content
        assert not part.exists()
        target.unlink()


def test_a_name_that_the_platform_refuses_keeps_nothing_else(files: Terminal, folder: Path) -> None:
    """The others are stored, and the exit status tells."""
    (folder / "con").write_bytes(b"x")
    put = files("put", folder, status=2)
    assert put["failed"] == [str(folder / "con")]
    assert len(put["files"]) == len(NAMES)
    assert files("put", folder / "con", "--name", "console")["files"][0]["file"]["file_name"] == "console"


def test_a_file_is_deleted_brought_back_verified_and_destroyed(files: Terminal, folder: Path, tmp_path: Path) -> None:
    """The whole of its life, under keys that are rotated meanwhile."""
    file_id = stored(files, folder / "below" / NAMES[3])
    files("rm", file_id)
    files("get", file_id, "--into", tmp_path, status=2)
    assert file_id in [file["file_id"] for file in files("ls", "--deleted", "--name", NAMES[3])["files"]]
    assert files("verify", file_id)["verdicts"] == {"intact": 1}
    assert files("undelete", file_id)["file_state"] == "active"
    assert files("rotate-keys")["finished"]
    assert {key["data_keys"] for key in files("keys")["keys"] if key["standing"] != "current"} == {0}
    files("get", file_id, "--output", tmp_path / "got")
    assert files("rename", file_id, "other")["file_name"] == "other"
    files("rm", file_id, "--permanently", status=2)
    files("rm", file_id, "--permanently", "--yes")
    files("get", file_id, "--into", tmp_path, status=4)
    files("info", file_id, status=4)


def test_a_quota_is_kept(files: Terminal, folder: Path) -> None:
    """What is over it is refused before it is stored, and the limit can be taken back."""
    try:
        assert files("quota", "--limit", "1")["own_limit"]
        assert files("put", folder / "below" / NAMES[2], status=1)["files"] == []
    finally:
        assert not files("quota", "--default-limit")["own_limit"]
