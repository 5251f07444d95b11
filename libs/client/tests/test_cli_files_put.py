"""`signet files put`: what is stored is what was read, and whatever is not stored is told."""

import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest
from libs.client.tests.conftest import Signet
from libs.client.tests.exchanges import Reply
from libs.client.tests.fake_files import FakeFiles


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two files, one below, and a link to what lies outside."""
    folder = tmp_path / "scans"
    (folder / "below").mkdir(parents=True)
    (folder / "a.dcm").write_bytes(b"first")
    (folder / "below" / "a.dcm").write_bytes(b"second")
    (tmp_path / "outside").write_bytes(b"not to be sent")
    (folder / "link").symlink_to(tmp_path / "outside")
    (folder / "below" / "loop").symlink_to(folder)
    return folder


def test_a_file_is_sent_and_its_id_is_told(signet: Signet, files: FakeFiles, tmp_path: Path) -> None:
    """Its name is nobody's key."""
    path = tmp_path / "день.txt"
    path.write_bytes(b"hello")
    result = signet("files", "put", str(path))
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[1].split() == ["1", "5", str(path)]
    assert (files.views[1]["file_name"], files.contents[1]) == ("день.txt", b"hello")
    assert result.stderr == "1 stored\n"


def test_an_empty_file_is_a_file(signet: Signet, files: FakeFiles, tmp_path: Path) -> None:
    """Nothing to send is not nothing to store."""
    (tmp_path / "empty").touch()
    assert signet("files", "put", str(tmp_path / "empty"), "--name", "other").exit_code == 0
    assert (files.views[1]["file_name"], files.contents[1]) == ("other", b"")


def test_a_folder_is_sent_with_all_that_is_in_it_but_links(signet: Signet, files: FakeFiles, folder: Path) -> None:
    """A link can lead anywhere, even in circles; that it was passed over is said."""
    result = signet("files", "put", str(folder), "--json")
    told = json.loads(result.stdout)
    assert result.exit_code == 0, result.output
    assert [(entry["path"], entry["file"]["file_id"]) for entry in told["files"]] == [
        (str(folder / "a.dcm"), 1),
        (str(folder / "below" / "a.dcm"), 2),
    ]
    assert told["links"] == [str(folder / "link"), str(folder / "below" / "loop")]
    assert list(files.contents.values()) == [b"first", b"second"]
    assert "links passed over: 2" in signet("files", "put", str(folder)).stderr


def test_a_link_that_is_named_is_followed(signet: Signet, files: FakeFiles, folder: Path) -> None:
    """Who names it means what it leads to."""
    assert signet("files", "put", str(folder / "link")).exit_code == 0
    assert (files.views[1]["file_name"], files.contents[1]) == ("link", b"not to be sent")


def test_a_file_that_fails_does_not_stop_the_others(signet: Signet, files: FakeFiles, folder: Path) -> None:
    """But the summary names it, and the exit status is not 0."""
    os.mkfifo(folder / "b.fifo")
    files.refusals["c.dcm"] = Reply(code=413002, message="8 bytes are left")
    (folder / "c.dcm").write_bytes(b"too large")
    result = signet("files", "put", str(folder), str(folder / "gone"))
    assert result.exit_code == 2
    assert "b.fifo: It is a pipe" in result.stderr
    assert "c.dcm: 413002 8 bytes are left" in result.stderr
    assert "signet files quota" in result.stderr
    assert "gone: It cannot be read: No such file or directory." in result.stderr
    assert "2 stored" in result.stderr
    assert "3 failed" in result.stderr
    assert len(files.contents) == 2


@pytest.mark.parametrize("kind", ["fifo", "socket", "device", "absent"])
def test_what_is_no_file_is_named_at_once(signet: Signet, files: FakeFiles, tmp_path: Path, kind: str) -> None:
    """Opening a pipe would wait for ever."""
    path = tmp_path / kind
    if kind == "fifo":
        os.mkfifo(path)
    if kind == "device":
        path = Path("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listening:
        if kind == "socket":
            listening.bind(str(path))
        result = signet("files", "put", str(path))
    assert result.exit_code == 2
    assert result.stderr.startswith(f"signet: {path}: It ")
    assert files.contents == {}


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="no /proc here")
def test_what_cannot_be_read_to_its_end_is_named(signet: Signet, files: FakeFiles) -> None:
    """It opens like any file, and then it does not give its bytes."""
    result = signet("files", "put", "/proc/self/mem")
    assert result.exit_code == 2
    assert "/proc/self/mem: An upload is read twice" in result.stderr
    assert files.contents == {}


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser reads everything")
def test_what_may_not_be_read_is_named(signet: Signet, files: FakeFiles, folder: Path) -> None:
    """A folder as well as a file."""
    (folder / "a.dcm").chmod(0)
    (folder / "below").chmod(0)
    result = signet("files", "put", str(folder))
    (folder / "below").chmod(0o700)
    assert (result.exit_code, result.stderr.count("Permission denied")) == (2, 2)
    assert files.contents == {}


@pytest.mark.parametrize(("after", "stored"), [(b"grown longer", 1), (b"", 0)])
def test_a_file_that_changes_while_it_is_sent_is_told(
    signet: Signet, files: FakeFiles, gateway: Any, tmp_path: Path, after: bytes, stored: int
) -> None:
    """What is stored may be neither what was there before nor what is there now."""
    path = tmp_path / "log"
    path.write_bytes(bytes(70_000))

    def change(request: Any) -> Reply:
        path.write_bytes(after)
        return Reply(code=400001, message="Another SHA-256.") if not stored else files(request)

    gateway.behind = change
    result = signet("files", "put", str(path))
    assert result.exit_code == 2
    assert "It changed while it was sent" in result.stderr
    assert ("file 1 holds" in result.stderr) == bool(stored)
    assert "Put it again." in result.stderr


def test_what_is_stored_as_something_else_is_damage(
    signet: Signet, gateway: Any, files: FakeFiles, tmp_path: Path
) -> None:
    """The exit status says so to a script."""
    (tmp_path / "a").write_bytes(b"hello")
    files.add("a", b"jello")
    gateway.reply(files.views[1])
    result = signet("files", "put", str(tmp_path / "a"))
    assert result.exit_code == 7
    assert "File 1" in result.stderr


def test_what_is_stored_already_is_passed_over_when_asked(signet: Signet, files: FakeFiles, folder: Path) -> None:
    """Otherwise everything is stored once more."""
    for _ in range(2):
        assert signet("files", "put", str(folder)).stderr.startswith("2 stored, ")
    result = signet("files", "put", str(folder), "--skip-stored")
    assert result.exit_code == 0, result.output
    assert "0 stored, 2 stored already" in result.stderr
    assert len(files.contents) == 4


@pytest.mark.parametrize(("name", "content"), [("aa.dcm", b"first"), ("a.dcm", b"fi?st"), ("a.dcm", b"first ")])
def test_nothing_is_passed_over_but_the_same_content_under_the_same_name(
    signet: Signet, files: FakeFiles, folder: Path, name: str, content: bytes
) -> None:
    """And it is sent whole, though it has been read to compare it."""
    files.add(name, content)
    assert signet("files", "put", str(folder / "a.dcm"), "--skip-stored").stderr == "1 stored\n"
    assert (files.views[2]["file_name"], files.contents[2]) == ("a.dcm", b"first")


def test_an_upload_whose_answer_was_lost_is_not_stored_twice(
    signet: Signet, files: FakeFiles, gateway: Any, tmp_path: Path
) -> None:
    """It is sent again under the same Idempotency-Key."""
    (tmp_path / "a").write_bytes(b"hello")
    gateway.reply(code=503001)
    assert signet("files", "put", str(tmp_path / "a")).exit_code == 0
    first, second = gateway.received
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]


def test_what_concerns_all_files_ends_the_command(signet: Signet, gateway: Any, files: FakeFiles, folder: Path) -> None:
    """Ten thousand refusals tell no more than one."""
    gateway.reply(code=403003)
    result = signet("files", "put", str(folder))
    assert result.exit_code == 1
    assert "not been tried" in result.stderr
    assert len(gateway.received) == 1
    assert files.contents == {}
    gateway.reply(code=403003)
    assert "not been tried" not in signet("files", "put", str(folder / "a.dcm")).stderr


def test_a_name_that_is_not_utf8_takes_another(signet: Signet, files: FakeFiles, tmp_path: Path) -> None:
    """It cannot be sent, and must not be guessed."""
    path = os.fsdecode(bytes(tmp_path) + b"/\xff")
    Path(path).write_bytes(b"x")
    refused = signet("files", "put", path)
    assert refused.exit_code == 2
    assert "--name" in refused.stderr
    assert signet("files", "put", path, "--name", "x").exit_code == 0
    assert files.views[1]["file_name"] == "x"


def test_a_name_that_is_refused_takes_another(signet: Signet, files: FakeFiles, tmp_path: Path) -> None:
    """What is wrong with it, and what to do, in one line."""
    (tmp_path / "CON").write_bytes(b"x")
    fault = {"field": "file_name", "message": "is the name of a device on Windows"}
    files.refusals["CON"] = Reply({"errors": [fault]}, code=400002)
    result = signet("files", "put", str(tmp_path / "CON"))
    assert result.exit_code == 2
    assert "Its name is the name of a device on Windows. Rename it, or" in result.stderr


def test_a_name_is_known_again_in_either_spelling(signet: Signet, files: FakeFiles, tmp_path: Path) -> None:
    """The platform keeps names in NFC; some file systems spell them in NFD."""
    (tmp_path / "e\u0301").write_bytes(b"x")
    files.add("\u00e9", b"x")
    assert "1 stored already" in signet("files", "put", str(tmp_path / "e\u0301"), "--skip-stored").stderr


def test_one_name_does_not_fit_many_files(signet: Signet, files: FakeFiles, folder: Path) -> None:
    """Nobody could tell them apart."""
    assert signet("files", "put", str(folder), "--name", "x").exit_code == 2
    assert signet("files", "put", str(folder / "a.dcm"), str(folder / "c"), "--name", "x").exit_code == 2
    assert files.asked == []
