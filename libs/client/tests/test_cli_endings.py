"""How the command ends when the world around it does not play along, run as its own process."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SIGNET = Path(sys.executable).with_name("signet")
DEMO = {
    "demo_id": 7, "demo_name": "数", "demo_state": "active", "version": 1, "created_at": "2026-01-01T00:00:00Z",
}  # fmt: skip
MANY = {"demos": [DEMO] * 100, "page": 1, "per_page": 100, "has_more": False}


def started(
    signet: Any,
    *arguments: str,
    stdin: Any = subprocess.DEVNULL,
    stdout: Any = subprocess.PIPE,
    stderr: Any = subprocess.PIPE,
    **more: str,
) -> subprocess.Popen[bytes]:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(signet.config), "LC_ALL": "C.UTF-8"}
    environment |= {name: value for name, value in signet.environment.items() if value is not None} | more
    return subprocess.Popen([SIGNET, *arguments], env=environment, stdout=stdout, stderr=stderr, stdin=stdin)


def test_a_reader_that_has_had_enough_is_no_failure_to_speak_of(signet: Any, gateway: Any) -> None:
    """`signet … | head` is not followed by a complaint."""
    gateway.reply(MANY)
    read, write = os.pipe()
    os.close(read)
    with started(signet, "demos", "list", "--json", stdout=write) as process:
        os.close(write)
        assert process.communicate(timeout=30)[1] == b""
    assert process.returncode == 141


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_an_answer_that_cannot_be_written_is_a_failure(signet: Any, gateway: Any) -> None:
    """A script must not go on with half a file."""
    gateway.reply(MANY)
    with Path("/dev/full").open("wb") as full, started(signet, "demos", "list", stdout=full) as process:
        complaint = process.communicate(timeout=30)[1].decode()
    assert process.returncode == 74
    assert complaint == "signet: the output cannot be written: No space left on device\n"


def test_a_terminal_without_the_letter_still_shows_the_answer(signet: Any, gateway: Any) -> None:
    """Escaped, as everything that it cannot show."""
    gateway.reply(DEMO)
    with started(signet, "demos", "get", "7", PYTHONIOENCODING="ascii") as process:
        shown = process.communicate(timeout=30)[0]
    assert process.returncode == 0
    assert rb"\u6570" in shown


def test_an_interruption_is_told_and_leaves_no_traceback(signet: Any) -> None:
    """And it says what is not known: whether the change was made."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with started(signet, "--url", url, "demos", "create", "a") as process:
            silent.accept()
            process.send_signal(signal.SIGINT)
            complaint = process.communicate(timeout=30)[1].decode()
    assert process.returncode == 130
    assert complaint == "Interrupted. A change that was on its way may have been made.\n"


def test_text_that_is_not_utf8_is_named_and_not_quoted(signet: Any) -> None:
    """It may be a password."""
    with started(signet, "demos", "create", os.fsdecode(b"\xff\xfe")) as process:
        complaint = process.communicate(timeout=30)[1].decode()
    assert process.returncode == 2
    assert complaint == "signet: The request holds text that is not UTF-8.\n"


def test_nothing_is_asked_where_nobody_sits(signet: Any, gateway: Any) -> None:
    """The next line of input may be the password, which must not end up as somebody's name."""
    signet.forget_environment()
    for arguments, wanted in (((), "--url"), (("--url", signet.url), "the user")):
        result = signet(*arguments, "login", stdin="hunter2\n")
        assert result.exit_code == 2
        assert wanted in result.stderr
        assert "hunter2" not in result.output
    assert gateway.received == []


@pytest.mark.parametrize(
    ("code", "headers", "step"),
    [
        (401011, {}, "signet password forgot"),
        (403001, {}, "signet access explain"),
        (412001, {}, "Read it again"),
        (429001, {"retry-after": "3600"}, "Try again in 3600 s."),
        (500001, {}, "logs"),
    ],
)
def test_an_error_says_what_to_do_next(
    signet: Any, gateway: Any, code: int, headers: dict[str, str], step: str
) -> None:
    """The code alone tells nobody."""
    gateway.reply(code=code, headers=headers)
    assert step in signet("demos", "get", "7").stderr


def test_every_error_is_json_where_json_was_asked_for(signet: Any) -> None:
    """A script reads one form, whoever has failed."""
    result = signet("--url", "http://127.0.0.1:1", "demos", "list", "--json")
    told = json.loads(result.stderr)
    assert (result.exit_code, told["return_code"], told["data"]) == (6, None, None)
    assert "127.0.0.1:1" in told["return_msg"]


def test_signing_in_again_needs_no_address(signet: Any, gateway: Any) -> None:
    """It is advised when a session is over, so the profile's gateway must do."""
    session = {"session_id": 9, "user_id": 1, "token": "st_x", "secret": "s", "expires_at": "2036-01-01T12:00:00Z"}
    url = signet.url
    signet.forget_environment()
    for arguments in (("--url", url, "login", "ada"), ("login", "ada")):
        gateway.reply(session)
        assert signet(*arguments, stdin="password of ada\n").exit_code == 0
    assert len(gateway.received) == 2


def test_more_pages_are_announced_for_every_list(signet: Any, gateway: Any) -> None:
    """A table that ends looks complete."""
    for command, plural in ((("audit", "search"), "records"), (("roles", "list"), "roles")):
        gateway.reply({plural: [], "page": 1, "per_page": 1, "has_more": True})
        assert "more with --page" in signet(*command).stderr
