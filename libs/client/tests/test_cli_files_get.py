"""`signet files get`: a file is there whole and proven, or it is not there; nothing that was there is lost."""

import json
import os
import resource
import signal
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
from libs.client.tests.conftest import Signet
from libs.client.tests.fake_files import FakeFiles
from libs.client.tests.test_cli_endings import started

from signet.downloads import PIECE_BYTES

CONTENT = bytes(range(256)) * 20_000
COME = 30 * PIECE_BYTES


def part_of(files: FakeFiles, file_id: int, path: Path) -> Path:
    return path.with_name(f"{path.name}.{files.views[file_id]['sha256'][:8]}.part")


def test_files_are_fetched_into_a_folder_under_their_names(signet: Signet, files: FakeFiles, tmp_path: Path) -> None:
    """The folder is made; two files of one name both find a place, the same one each time."""
    for content in (b"first", b"", b"third"):
        files.add("день.txt", content)
    files.add("День.TXT", b"fourth")
    into = tmp_path / "new" / "folder"
    for fetched in ("4 fetched", "0 fetched, 4 there already"):
        result = signet("files", "get", "--all", "--into", str(into))
        assert result.exit_code == 0, result.output
        assert result.stderr == f"{fetched}\n"
        assert {path.name: path.read_bytes() for path in into.iterdir()} == {
            "день.txt": b"first",
            "день (2).txt": b"",
            "день (3).txt": b"third",
            "День (4).TXT": b"fourth",
        }
    assert len(files.requests("GET", "/content")) == 4  # Whether an empty one may be read is not decided here either.


def test_a_name_never_leads_out_of_the_folder(signet: Signet, files: FakeFiles, tmp_path: Path) -> None:
    """The platform's word for a file is somebody else's text."""
    into = tmp_path / "into"
    for name in ("../evil", "/etc/passwd", "..", ".bashrc", "a\x1b[2J\u202egpj.exe", "a/../../b"):
        files.add(name, name.encode())
    assert signet("files", "get", "--all", "--into", str(into)).exit_code == 0
    assert {path.name for path in into.iterdir()} == {
        "_.._evil", "_etc_passwd", "file-3", "_.bashrc", "a_[2J_gpj.exe", "a_.._.._b",
    }  # fmt: skip
    assert [path.name for path in tmp_path.iterdir() if path.name != "config"] == ["into"]


@pytest.mark.parametrize("sha256", ["../../up" + "0" * 56, "\0" * 64, "a:b" + "0" * 61, "A" * 64, "0" * 63, ""])
def test_neither_does_its_digest(signet: Signet, files: FakeFiles, tmp_path: Path, sha256: str) -> None:
    """It is part of the name under which the file comes, and it stops nobody else's file from coming."""
    files.add("a", b"first")
    files.views[1]["sha256"] = sha256
    files.add("b", b"second")
    result = signet("files", "get", "1", "2", "--into", str(tmp_path / "into"))
    assert (result.exit_code, [path.name for path in (tmp_path / "into").iterdir()]) == (6, ["b"])
    assert "does not say what it has to hash to" in result.stderr


def test_another_file_is_replaced_only_by_force(signet: Signet, files: FakeFiles, tmp_path: Path) -> None:
    """What lies there may be the only copy of something."""
    files.add("a", b"new")
    (tmp_path / "a").write_bytes(b"old")
    refused = signet("files", "get", "1", "--into", str(tmp_path))
    assert (refused.exit_code, (tmp_path / "a").read_bytes()) == (74, b"old")
    assert "--force" in refused.stderr
    assert signet("files", "get", "1", "--into", str(tmp_path), "--force").exit_code == 0
    assert (tmp_path / "a").read_bytes() == b"new"


def test_one_file_is_fetched_to_a_path(signet: Signet, files: FakeFiles, tmp_path: Path) -> None:
    """With a name of one's own."""
    files.add("a", b"x")
    result = signet("files", "get", "1", "-o", str(tmp_path / "mine"), "--json")
    assert json.loads(result.stdout)["files"][0]["path"] == str(tmp_path / "mine")
    assert (tmp_path / "mine").read_bytes() == b"x"


def test_a_file_that_appears_meanwhile_is_not_replaced(
    signet: Signet, files: FakeFiles, gateway: Any, tmp_path: Path
) -> None:
    """Between the look and the last byte there may be minutes."""
    files.add("a", b"from there")

    def answer(request: Any) -> Any:
        if request.target.endswith("/content"):
            (tmp_path / "a").write_bytes(b"of somebody else")
        return files(request)

    gateway.behind = answer
    result = signet("files", "get", "1", "--into", str(tmp_path))
    assert (result.exit_code, (tmp_path / "a").read_bytes()) == (74, b"of somebody else")


def test_a_transfer_that_breaks_off_is_gone_on_with(signet: Signet, files: FakeFiles, tmp_path: Path) -> None:
    """In the same command, from where it broke: a large file may never come in one piece."""
    files.add("a", CONTENT)
    files.breaks = [COME, COME]
    assert signet("files", "get", "1", "--into", str(tmp_path)).exit_code == 0
    assert (tmp_path / "a").read_bytes() == CONTENT
    asked = [sent.headers.get("range") for sent in files.requests("GET", "/content")]
    assert asked == [None, f"bytes={COME}-", f"bytes={2 * COME}-"]
    assert [path.name for path in tmp_path.iterdir() if path.name != "config"] == ["a"]


def test_what_has_come_outlives_the_command(signet: Signet, files: FakeFiles, tmp_path: Path) -> None:
    """The next one asks for the rest, under the condition that it is the rest of the same."""
    files.add("a", CONTENT)
    files.breaks = [COME, 0, 0, 0]
    broken = signet("files", "get", "1", "--into", str(tmp_path))
    assert broken.exit_code == 6
    assert "Run it again" in broken.stderr
    part = part_of(files, 1, tmp_path / "a")
    assert part.read_bytes() == CONTENT[:COME]
    assert not (tmp_path / "a").exists()
    files.asked.clear()
    assert signet("files", "get", "1", "--into", str(tmp_path)).exit_code == 0
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert not part.exists()
    [sent] = files.requests("GET", "/content")
    assert (sent.headers["range"], sent.headers["if-range"]) == (f"bytes={COME}-", f'"{files.views[1]["sha256"]}"')


def test_a_part_is_forgotten_where_the_whole_comes_instead(signet: Signet, files: FakeFiles, tmp_path: Path) -> None:
    """The answer to If-Range may be everything."""
    files.add("a", CONTENT)
    part_of(files, 1, tmp_path / "a").write_bytes(CONTENT[:1000])
    files.whole_only = True
    assert signet("files", "get", "1", "--into", str(tmp_path)).exit_code == 0
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert len(files.requests("GET", "/content")) == 1


@pytest.mark.parametrize("rubbish", [b"rubbish", bytes(len(CONTENT)), bytes(len(CONTENT) + 1)])
def test_a_part_of_something_else_is_begun_anew(
    signet: Signet, files: FakeFiles, tmp_path: Path, rubbish: bytes
) -> None:
    """Only the SHA-256 of the whole tells, so it is fetched once more."""
    files.add("a", CONTENT)
    part_of(files, 1, tmp_path / "a").write_bytes(rubbish)
    assert signet("files", "get", "1", "--into", str(tmp_path)).exit_code == 0
    assert (tmp_path / "a").read_bytes() == CONTENT


@pytest.mark.parametrize("other", [b"jello", b"hello, longer"])
def test_what_hashes_to_something_else_is_removed(
    signet: Signet, files: FakeFiles, tmp_path: Path, other: bytes
) -> None:
    """And the exit status says that it was no break; nothing of it may be taken for the file."""
    files.add("a", b"hello")
    files.contents[1] = other
    result = signet("files", "get", "1", "--into", str(tmp_path))
    assert result.exit_code == 7
    assert "signet files verify 1" in result.stderr
    assert [path.name for path in tmp_path.iterdir() if path.name != "config"] == []


def test_what_the_platform_refuses_leaves_nothing_behind(signet: Signet, files: FakeFiles, tmp_path: Path) -> None:
    """No empty file, and the others come all the same; the exit status is the first one's."""
    files.add("a", b"hello", file_state="deleted")
    files.add("b", b"hello")
    result = signet("files", "get", "9", "1", "2", "--into", str(tmp_path))
    assert result.exit_code == 4
    assert "signet files undelete 1" in result.stderr
    assert "1 fetched, 2 failed" in result.stderr
    assert [path.name for path in tmp_path.iterdir() if path.name != "config"] == ["b"]


def test_nothing_is_written_through_a_link(signet: Signet, files: FakeFiles, tmp_path: Path) -> None:
    """Whoever can write to the folder would choose what is overwritten."""
    files.add("a", b"hello")
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    part_of(files, 1, tmp_path / "a").symlink_to(victim)
    assert signet("files", "get", "1", "--into", str(tmp_path)).exit_code == 74
    assert victim.read_bytes() == b"precious"
    victim.unlink()
    assert signet("files", "get", "1", "--into", str(tmp_path)).exit_code == 74
    assert not victim.exists()
    victim.write_bytes(b"precious")
    part_of(files, 1, tmp_path / "a").unlink()
    os.link(victim, part_of(files, 1, tmp_path / "a"))
    assert signet("files", "get", "1", "--into", str(tmp_path)).exit_code == 74
    assert victim.read_bytes() == b"precious"


def test_two_commands_do_not_write_the_same_file(
    signet: Signet, files: FakeFiles, gateway: Any, tmp_path: Path
) -> None:
    """Each would prove what it has received, and neither what is on the disk."""
    files.add("a", b"hello")
    second = []

    def answer(request: Any) -> Any:
        if request.target.endswith("/content") and not second:
            second.append(None)
            with started(signet, "files", "get", "1", "--into", str(tmp_path)) as process:
                second[0] = process.communicate(timeout=30)[1].decode()
        return files(request)

    gateway.behind = answer
    assert signet("files", "get", "1", "--into", str(tmp_path)).exit_code == 0
    assert "by another command" in str(second[0])
    assert (tmp_path / "a").read_bytes() == b"hello"


def test_a_folder_that_is_none_is_named(signet: Signet, files: FakeFiles, tmp_path: Path) -> None:
    """Before anything is fetched."""
    files.add("a", CONTENT)
    (tmp_path / "file").touch()
    result = signet("files", "get", "1", "--into", str(tmp_path / "file"))
    assert (result.exit_code, files.asked) == (74, [])
    assert "file is no folder" in result.stderr


def test_a_disk_that_is_full_is_named_and_nothing_is_lost(signet: Signet, files: FakeFiles, tmp_path: Path) -> None:
    """A limit on the size of files fails in the same place, and once there is room it is gone on with."""
    files.add("a", CONTENT)
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (COME, most))
    try:
        result = signet("files", "get", "1", "--into", str(tmp_path))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    assert result.exit_code == 74
    assert result.stderr.startswith("signet: file 1: ")
    assert "cannot be written: File too large." in result.stderr
    assert not (tmp_path / "a").exists()
    assert signet("files", "get", "1", "--into", str(tmp_path)).exit_code == 0
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert "range" in files.asked[-1].headers


def test_an_interruption_keeps_what_has_come(signet: Signet, files: FakeFiles, gateway: Any, tmp_path: Path) -> None:
    """Ctrl-C is no reason to fetch gigabytes again."""
    files.add("a", CONTENT)
    files.breaks = [COME]
    running: Queue[Any] = Queue()

    def answer(request: Any) -> Any:
        if "range" in request.headers:
            process = running.get(timeout=30)
            process.send_signal(signal.SIGINT)
            process.wait(30)
        return files(request)

    gateway.behind = answer
    with started(signet, "files", "get", "1", "--into", str(tmp_path)) as process:
        running.put(process)
        complaint = process.communicate(timeout=30)[1].decode()
    assert process.returncode == 130
    assert "Interrupted." in complaint
    assert "Traceback" not in complaint
    assert part_of(files, 1, tmp_path / "a").stat().st_size == COME


@pytest.mark.parametrize(
    "arguments", [(), ("1", "--all"), ("1", "2", "-o", "x"), ("--all", "-o", "x"), ("1", "-o", "x", "--into", "y")]
)
def test_what_is_not_clear_is_bad_usage(signet: Signet, files: FakeFiles, arguments: tuple[str, ...]) -> None:
    """Before anything is asked for."""
    assert signet("files", "get", *arguments).exit_code == 2
    assert files.asked == []
