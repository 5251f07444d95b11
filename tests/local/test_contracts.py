"""Contracts and code must not drift apart unseen."""

from pathlib import Path

from deploy.local import contracts

FILES = {"openapi/demo.yaml": "openapi: 3.1.0\n", "asyncapi.yaml": "asyncapi: 3.0.0\n", "events/a.v1.json": "{}\n"}


def test_what_was_written_has_not_drifted(tmp_path: Path) -> None:
    """Otherwise every check would fail, and soon nobody would look."""
    contracts.write(tmp_path, FILES)
    assert contracts.drift(tmp_path, FILES) == []


def test_a_changed_contract_is_shown_line_by_line(tmp_path: Path) -> None:
    """The reviewer sees what clients will see."""
    contracts.write(tmp_path, FILES)
    lines = contracts.drift(tmp_path, FILES | {"openapi/demo.yaml": "openapi: 3.1.1\n"})
    assert "-openapi: 3.1.0" in lines
    assert "+openapi: 3.1.1" in lines


def test_a_contract_of_nothing_is_told_and_removed(tmp_path: Path) -> None:
    """A removed service must not go on promising operations."""
    contracts.write(tmp_path, FILES)
    left = {path: text for path, text in FILES.items() if path != "events/a.v1.json"}
    assert contracts.drift(tmp_path, left) == ["contracts/events/a.v1.json describes nothing that exists"]

    contracts.write(tmp_path, left)

    assert contracts.drift(tmp_path, left) == []


def test_a_missing_contract_is_drift(tmp_path: Path) -> None:
    """A new event must not go unpublished."""
    assert "+{}" in contracts.drift(tmp_path, FILES)
