"""Become one process of the instance: read its specification, tie its life to its parent's, and exec it.

A script of its own, started with `python -I -S`, so that it costs a few milliseconds. Specifications are private files:
no setting has to survive the quoting of another program's configuration, or shows in a list of processes.
"""

import ctypes
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import NoReturn

PR_SET_PDEATHSIG = 1
LEFTOVER_SECONDS = 3.0


def main(specification: Path) -> NoReturn:
    end_with_parent()
    end_leftovers(specification.with_suffix(".group"))
    wanted = json.loads(specification.read_text())
    command: list[str] = wanted["command"]
    os.execvpe(command[0], command, {**os.environ, **wanted["environment"]})


def end_with_parent() -> None:
    """Ask Linux to send SIGTERM when the parent dies, however it dies; elsewhere ordered shutdown has to do."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def end_leftovers(remembered: Path) -> None:
    """End the workers that outlived a killed predecessor, because they still hold its port; then take its place.

    supervisord makes every process the leader of a group. A group without its leader can only be that predecessor's: no
    process receives a number that still names a group.
    """
    if remembered.exists():
        group = int(remembered.read_text())
        deadline = time.monotonic() + LEFTOVER_SECONDS
        while not _lives(group) and _signal_group(group, signal.SIGTERM) and time.monotonic() < deadline:
            time.sleep(0.05)
        if not _lives(group):
            _signal_group(group, signal.SIGKILL)
    if os.getpgrp() == os.getpid():
        _replace(remembered, str(os.getpid()))


def _replace(path: Path, text: str) -> None:
    """Whoever is killed in the middle of it must not leave a file that its successor cannot read.

    A script that is started with `-I` finds no `layout.write_private`; nor is it worth a flush, since a boot ends all.
    """
    draft = path.with_suffix(".draft")
    draft.write_text(text)
    draft.replace(path)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _signal_group(group: int, number: signal.Signals) -> bool:
    """Whether there was anybody to hear it."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    main(Path(sys.argv[1]))
