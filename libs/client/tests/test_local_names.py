"""Whatever a file is called there, here it is one harmless name."""

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signet.cli.local_names import LocalNames, part_name, safe_name


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("scan of 3 May.dcm", "scan of 3 May.dcm"),
        ("数据🙂.txt", "数据🙂.txt"),
        ("a/b\\c", "a_b_c"),
        ("a\0b\nc\x7f\u202e\u2028\ud800", "a_b_c____"),
        ("..", "file-7"),
        (" . ", "file-7"),
        ("", "file-7"),
        (".profile", "_.profile"),
        ("-rf", "_-rf"),
        ("~root", "_~root"),
        ("con.txt", "_con.txt"),
        ("LPT1", "_LPT1"),
        ("Console", "Console"),
        ("dot.", "dot"),
        ("a.9f86d081.Part", "a.9f86d081.Part_"),
        ("e\u0301", "\u00e9"),
        ("x" * 300 + ".dcm", "x" * 251 + ".dcm"),
        ("数" * 100, "数" * 85),
    ],
)
def test_a_name_becomes_safe(name: str, safe: str) -> None:
    """Each by a rule of its own."""
    assert safe_name(name, 7) == safe


LIKELY = ["a", "A", "a.part", "a (1)", "a (2)", "a (2.1)", ".", "x" * 255, "x" * 251 + " (1)"]


def test_a_name_that_stands_for_another_already_is_not_given_twice() -> None:
    """Somebody may have called a file as this one calls the second of a kind."""
    names = LocalNames()
    assert [names.give(name, file_id) for file_id, name in enumerate(["a (2)", "a", "a"])] == ["a (2)", "a", "a (2.1)"]


@given(st.lists(st.text(max_size=300) | st.sampled_from(LIKELY), max_size=20))
def test_every_name_is_one_component_and_nobody_elses(names: list[str]) -> None:
    """For any text that a platform may answer with."""
    given_names = LocalNames()
    safe = [given_names.give(name, file_id) for file_id, name in enumerate(names)]
    assert len({name.casefold() for name in safe}) == len(names)
    for name in safe:
        assert PurePosixPath(name).parts == (name,)
        assert name not in {".", ".."}
        assert name.isprintable()
        assert len(name.encode()) <= 255
        assert not name.endswith(".part")
        assert not name.startswith((".", "-", "~"))


@pytest.mark.parametrize("name", ["a", "x" * 255, "数" * 85])
def test_what_is_incomplete_is_called_by_its_content(name: str) -> None:
    """So that the rest of one file is never put behind another."""
    digest = "9f86d081" + "0" * 56
    part = part_name(name, digest)
    assert part.endswith(".9f86d081.part")
    assert len(part.encode()) <= 255
