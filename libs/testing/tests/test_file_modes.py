"""What tests of privacy look with must see."""

import os
from pathlib import Path

import pytest

from signet_testing.file_modes import mode, open_to_others


def test_whatever_others_may_touch_is_found(tmp_path: Path) -> None:
    """At any depth, folders too; links say nothing of their own."""
    private, folder = tmp_path / "private", tmp_path / "folder"
    folder.mkdir(0o711)
    inside = folder / "inside"
    for path, allowed in ((private, 0o600), (inside, 0o640)):
        path.touch()
        path.chmod(allowed)
    (tmp_path / "link").symlink_to(private)
    assert sorted(open_to_others(tmp_path)) == [folder, inside]
    assert mode(inside) == 0o640


def test_what_vanishes_while_it_is_looked_for_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A running platform makes and removes files all the time."""
    (tmp_path / "gone").touch(0o666)
    look = Path.lstat

    def too_late(path: Path) -> os.stat_result:
        path.unlink()
        return look(path)

    monkeypatch.setattr(Path, "lstat", too_late)
    assert open_to_others(tmp_path) == []
