"""Running the services' own commands, with stand-ins beside a stand-in interpreter."""

import os
import sys
import time
from pathlib import Path
from threading import Event, Timer

import pytest
from deploy.local import commands
from deploy.local.commands import Command
from deploy.local.errors import CommandFailed, Stopped


@pytest.fixture
def scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Console scripts lie beside the interpreter; here is an interpreter beside which there is room."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    return tmp_path


def script(folder: Path, service: str, body: str) -> None:
    path = folder / f"signet-{service}"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o700)


def test_commands_run_at_the_same_time_with_their_own_settings(scripts: Path) -> None:
    """Three migrations in a row would cost three times the imports."""
    for service, other in (("one", "two"), ("two", "one")):
        wait = f"while [ ! -e {scripts}/{other} ]; do sleep 0.05; done"
        script(scripts, service, f"echo $NAME $1 > {scripts}/{service}; {wait}")
    calls = [Command(name, ("db",), {"NAME": name, "PATH": os.environ["PATH"]}) for name in ("one", "two")]

    commands.run(calls, Event())

    assert (scripts / "one").read_text() == "one db\n"
    assert (scripts / "two").read_text() == "two db\n"


def test_a_refusal_is_told_in_the_commands_last_line_and_ends_the_others(scripts: Path) -> None:
    """Nothing may be left running after an error."""
    script(scripts, "one", "echo progress; echo 'one: database /x is at revision 9' >&2; exit 1")
    script(scripts, "two", f"echo $$ > {scripts}/pid; exec sleep 60")
    started = time.monotonic()

    with pytest.raises(CommandFailed, match=r"^one: database /x is at revision 9$"):
        commands.run([Command("two", (), {"PATH": os.environ["PATH"]}), Command("one", (), {})], Event())

    assert time.monotonic() - started < 30
    # It may have been ended before it could say who it was.
    if (scripts / "pid").exists() and (pid := (scripts / "pid").read_text()):
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), 0)


def test_a_command_without_a_word_is_named(scripts: Path) -> None:
    """Otherwise the line would end after the colon."""
    script(scripts, "one", "exit 3")
    with pytest.raises(CommandFailed, match="`signet-one db upgrade` failed without a word, exit code 3"):
        commands.run([Command("one", ("db", "upgrade"), {})], Event())


def test_a_command_that_is_not_installed_is_named(scripts: Path) -> None:
    """A half-made environment is mended by one command."""
    with pytest.raises(CommandFailed, match=r"signet-one cannot be run.*make clean"):
        commands.run([Command("one", (), {})], Event())


def test_ctrl_c_ends_commands_that_are_under_way(scripts: Path) -> None:
    """A migration that waits for a lock must not hold the terminal."""
    script(scripts, "one", "exec sleep 60")
    stop = Event()
    Timer(0.2, stop.set).start()
    with pytest.raises(Stopped):
        commands.run([Command("one", (), {"PATH": os.environ["PATH"]})], stop)
