"""Tests that share a platform have to meet in one process."""

import pytest

from signet_testing.halves import half_of


@pytest.mark.parametrize(
    ("test", "half"),
    [
        ("tests/chaos/test_bus_down.py::test_writes_go_on[full]", "killing"),
        ("services/files/tests/test_killed.py::test_whatever[a/tests/b::c]", "killing"),
        ("tests/e2e/bypasses/test_bodies.py::test_chunked[gateway]", "using"),
        ("tests/contract/test_fuzz.py::test_every_answer[chaos]", "using"),
    ],
)
def test_a_test_belongs_where_its_platforms_are(test: str, half: str) -> None:
    """Whatever stands in its parameters."""
    assert half_of(test) == half
