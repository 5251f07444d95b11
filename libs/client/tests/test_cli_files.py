"""The other commands of `signet files`: what they ask for, what they say, and how they end."""

import json
import os
import pty
import subprocess
from contextlib import suppress
from typing import Any

import pytest
from libs.client.tests.conftest import Signet
from libs.client.tests.fake_files import FakeFiles
from libs.client.tests.test_cli_endings import started


def test_files_are_listed_by_every_condition(signet: Signet, files: FakeFiles) -> None:
    """Sizes as people write them; all conditions go into the request."""
    files.add("scan.dcm", b"x")
    result = signet(
        "files", "ls", "--name", "scan", "--type", "image/png", "--user-id", "4", "--min-size", "1",
        "--max-size", "10M", "--from", "2026-01-01", "--to", "2026-01-31", "--page", "1", "--count",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "scan.dcm" in result.stdout
    assert files.asked[0].target.partition("?")[2] == (
        "file_name=scan&media_type=image%2Fpng&created_by=4&size_min=1&size_max=10485760"
        "&create_date_start=2026-01-01&create_date_end=2026-01-31&page=1&per_page=20&count=true"
    )


def test_deleted_files_are_listed_with_the_day_they_go(signet: Signet, files: FakeFiles) -> None:
    """Until then they can be brought back."""
    files.add("gone", b"x", file_state="deleted", due_at="2026-02-01T00:00:00Z")
    files.add("here", b"x")
    listed = signet("files", "ls", "--deleted").stdout
    assert "2026-02-01" in listed
    assert "here" not in listed
    assert json.loads(signet("files", "ls", "--json").stdout)["files"][0]["file_name"] == "here"


@pytest.mark.parametrize("size", ["", "-1", "1.5G", "10X", "G", "٣"])
def test_a_size_that_is_none_is_bad_usage(signet: Signet, files: FakeFiles, size: str) -> None:
    """It is not guessed."""
    assert signet("files", "ls", "--min-size", size).exit_code == 2
    assert files.asked == []


def test_a_file_is_shown_renamed_deleted_and_brought_back(signet: Signet, files: FakeFiles) -> None:
    """Its owner sees it in every state."""
    files.add("a", b"x")
    assert "sha256" in signet("files", "info", "1").stdout
    assert signet("files", "rename", "1", "b", "--if-match", "1").exit_code == 0
    assert (files.asked[-1].json, files.asked[-1].headers["if-match"]) == ({"file_name": "b"}, '"1"')
    removed = signet("files", "rm", "1")
    assert (removed.exit_code, files.views[1]["file_state"]) == (0, "deleted")
    assert "signet files undelete 1" in removed.stderr
    assert signet("files", "undelete", "1").exit_code == 0
    assert files.views[1]["file_state"] == "active"


def test_one_that_cannot_be_deleted_does_not_keep_the_others(signet: Signet, files: FakeFiles) -> None:
    """What was done stands in the answer."""
    for _ in range(2):
        files.add("a", b"x")
    result = signet("files", "rm", "1", "9", "2", "--json")
    assert result.exit_code == 4
    assert json.loads(result.stdout) == {"file_ids": [1, 2], "permanently": False, "failed": ["file 9"]}
    assert json.loads(result.stderr)["about"] == "file 9"
    assert signet("files", "rm", "1", "2", "--if-match", "1").exit_code == 2


def test_nothing_is_destroyed_unless_somebody_says_yes(signet: Signet, files: FakeFiles) -> None:
    """Nobody can bring it back; where nobody can be asked, only --yes will do."""
    files.add("a", b"x")
    assert signet("files", "rm", "1", "--permanently", stdin="y\n").exit_code == 2
    assert files.asked == []
    assert signet("files", "rm", "1", "--permanently", "--yes").exit_code == 0
    assert files.views == {}


@pytest.mark.parametrize(("answer", "status", "left"), [(b"n\n", 130, 1), (b"y\n", 0, 0)])
def test_somebody_at_a_terminal_is_asked(
    signet: Signet, files: FakeFiles, answer: bytes, status: int, left: int
) -> None:
    """Only a yes is one."""
    files.add("a", b"x")
    ours, theirs = pty.openpty()
    with started(signet, "files", "rm", "1", "--permanently", stdin=theirs, stderr=subprocess.STDOUT) as process:
        os.write(ours, answer)
        said = process.communicate(timeout=30)[0].decode()
    assert (process.returncode, len(files.views)) == (status, left)
    assert "Nobody can bring" in said


def test_verification_names_each_file_that_is_not_what_was_stored(signet: Signet, files: FakeFiles) -> None:
    """Deleted ones too: they may be wanted back. One that was erased meanwhile is no loss."""
    for name in ("fine", "bent", "cut", "erased"):
        files.add(name, b"x")
    files.views[3]["file_state"] = "deleted"
    files.verdicts = {2: "damaged", 3: "missing"}
    files.erased = {4}
    result = signet("files", "verify")
    assert (result.exit_code, result.stdout) == (7, signet("files", "verify", "--all").stdout)
    assert [line.split() for line in result.stdout.splitlines()[1:]] == [
        ["2", "damaged", "1", "active", "bent"],
        ["3", "missing", "1", "deleted", "cut"],
    ]
    assert result.stderr == "1 damaged, 1 erased meanwhile, 1 intact, 1 missing\n"
    told = json.loads(signet("files", "verify", "2", "--json").stdout)
    assert (told["verdicts"], told["unfit"][0]["file"]["file_name"]) == ({"damaged": 1}, "bent")


def test_verification_of_what_is_intact_is_success(signet: Signet, files: FakeFiles) -> None:
    """Of a file that is not there it is not."""
    files.add("fine", b"x")
    assert signet("files", "verify", "1").exit_code == 0
    result = signet("files", "verify", "1", "9")
    assert (result.exit_code, result.stdout) == (4, "")
    assert "1 intact, 1 not verified" in result.stderr
    assert signet("files", "verify", "1", "--all").exit_code == 2


def test_a_file_brought_back_while_others_are_verified_is_verified(
    signet: Signet, files: FakeFiles, gateway: Any
) -> None:
    """When the active ones are listed it is deleted, and when the deleted ones are, it is active."""
    files.add("back", b"x", file_state="deleted")

    def answer(request: Any) -> Any:
        reply = files(request)
        if request.target.startswith("/api/v1/files?") and "deleted" not in request.target:
            files.views[1]["file_state"] = "active"
        return reply

    gateway.behind = answer
    assert "1 intact" in signet("files", "verify", "--all").stderr
    assert len(files.requests("GET", "/verification")) == 1


def step(done: int, *, finished: bool = False, unreadable: tuple[int, ...] = ()) -> dict[str, object]:
    told = {"current": "k2", "done": done, "total": 20, "after": done, "finished": finished}
    return {**told, "unreadable": list(unreadable)}


def test_keys_are_rotated_to_the_end(signet: Signet, gateway: Any) -> None:
    """Batch by batch, and at the end it says so."""
    gateway.reply(step(10))
    gateway.reply(step(20, finished=True))
    result = signet("files", "rotate-keys")
    assert (result.exit_code, result.stderr) == (0, "The keys of all files are under k2.\n")
    assert [sent.json for sent in gateway.received] == [{"after": 0}, {"after": 10}]


def test_a_rotation_that_is_broken_off_says_how_to_go_on(signet: Signet, gateway: Any) -> None:
    """What has been done stays done."""
    gateway.reply(step(10))
    gateway.reply(code=500001)
    result = signet("files", "rotate-keys")
    assert result.exit_code == 1
    assert "10 of 20" in result.stderr
    assert "Run it again" in result.stderr


def test_keys_that_do_not_open_are_named(signet: Signet, gateway: Any) -> None:
    """Those files are lost unless the key is found."""
    for _ in range(2):
        gateway.reply(step(10, unreadable=(3,)))
        gateway.reply(step(19, finished=True, unreadable=(3, 12)))
    said = signet("files", "rotate-keys").stderr
    assert "under k2, but for some." in said
    assert "blobs do not open: 3, 12." in said
    result = signet("files", "rotate-keys", "--json")
    assert result.exit_code == 7
    assert json.loads(result.stdout) == {
        "current": "k2",
        "done": 19,
        "total": 20,
        "finished": True,
        "unreadable": [3, 12],
    }


def test_keys_are_listed(signet: Signet, gateway: Any) -> None:
    """And a rotation that waits to be finished is told."""
    key = {"key_id": "k1", "standing": "superseded", "superseded_at": "2026-01-01T00:00:00Z", "data_keys": 5}
    gateway.reply({"keys": [key], "rotating": True})
    result = signet("files", "keys")
    assert "superseded" in result.stdout
    assert "signet files rotate-keys" in result.stderr


def test_a_quota_is_shown_and_changed(signet: Signet, gateway: Any) -> None:
    """One's own by default; the limit of everybody is null on the wire."""
    quota = {"user_id": 1, "used_bytes": 10, "limit_bytes": 99, "own_limit": False}
    gateway.reply({"user_id": 1, "user_name": "admin", "user_state": "active"})
    for _ in range(3):
        gateway.reply(quota)
    assert "used_bytes" in signet("files", "quota").stdout
    assert signet("files", "quota", "--user-id", "4", "--limit", "1G").exit_code == 0
    assert signet("files", "quota", "--user-id", "4", "--default-limit").exit_code == 0
    assert signet("files", "quota", "--limit", "1G", "--default-limit").exit_code == 2
    assert [sent.target for sent in gateway.received[1:]] == [
        "/api/v1/file-quotas/1", "/api/v1/file-quotas/4", "/api/v1/file-quotas/4",
    ]  # fmt: skip
    assert [sent.json for sent in gateway.received[2:]] == [{"limit_bytes": 1024**3}, {"limit_bytes": None}]


@pytest.mark.parametrize(("code", "step"), [(410001, "copy"), (413002, "quota"), (500002, "verify"), (507001, "room")])
def test_an_error_of_files_says_what_to_do_next(signet: Signet, gateway: Any, code: int, step: str) -> None:
    """The code alone tells nobody."""
    gateway.reply(code=code)
    assert step in signet("files", "info", "7").stderr


def test_a_bar_is_shown_at_a_terminal_alone(signet: Signet, files: FakeFiles) -> None:
    """A log would hold ten thousand of them, and a script reads the answer; names never reach the terminal raw."""
    files.add("[red]a\x1b[2Jb", bytes(3_000_000))
    _, shown = at_a_terminal(signet, "files", "get", "1", "--into", str(signet.config))
    assert "[red]a\\x1b[2Jb" in shown
    assert "3.0" in shown
    said, shown = at_a_terminal(signet, "files", "get", "1", "--into", str(signet.config), "--force", "--json")
    assert json.loads(said)["files"]
    assert shown == ""


def at_a_terminal(signet: Signet, *command: str) -> tuple[bytes, str]:
    """What a command that succeeds says, and all that it shows at the terminal where its errors go."""
    ours, theirs = pty.openpty()
    with started(signet, *command, stderr=theirs, TERM="xterm") as process, os.fdopen(ours, "rb", 0) as terminal:
        os.close(theirs)
        shown = b""
        with suppress(OSError):  # what Linux says at the end of a terminal that everybody has left
            while piece := terminal.read(4096):
                shown += piece
        said = process.communicate(timeout=30)[0]
    assert process.returncode == 0
    return said, shown.decode()
