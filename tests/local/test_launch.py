"""What every process of an instance does before it becomes that process."""

import os
from pathlib import Path

import pytest
from deploy.local.launch import end_leftovers

NOBODY = str(2**22 + 1)
"""Above the largest process id that Linux gives."""


def test_a_kill_while_a_process_takes_its_place_spoils_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its successors read that file first: an empty one would let none of them start."""
    remembered = tmp_path / "web.group"
    remembered.write_text(NOBODY)

    def killed(path: Path, _text: str) -> None:
        path.touch()
        os.truncate(path, 0)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(os, "getpgrp", os.getpid)
        patched.setattr(Path, "write_text", killed)
        with pytest.raises(KeyboardInterrupt):
            end_leftovers(remembered)
    assert remembered.read_text() == NOBODY
