"""Values that are called valid and are refused by right would make every failure doubtful."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signet_testing.fuzz import formats


def document(name: str) -> dict[str, object]:
    return {"paths": {"/x": {"get": {"parameters": [{"schema": {"type": "string", "format": name}}]}}}}


@given(st.data())
def test_limit_in_bytes_holds_for_every_script(data: st.DataObject) -> None:
    """Fifteen characters may well be sixty bytes."""
    text = data.draw(formats.up_to_bytes(15))
    assert 1 <= len(text.encode()) <= 15


def test_every_format_of_a_contract_has_values() -> None:
    """Any limit is understood, without a list of them here."""
    assert set(formats.strategies([document("utf8-max-77-bytes"), document("date")])) == {"utf8-max-77-bytes"}


def test_unknown_format_stops_the_run() -> None:
    """Left out silently, its field would never be tested with valid data."""
    with pytest.raises(LookupError, match="signet-unheard-of"):
        formats.strategies([document("signet-unheard-of")])
