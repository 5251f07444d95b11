"""Bounded text in request models."""

from typing import Annotated

import pytest
from pydantic import ValidationError

from signet_common.web.schemas import BodyModel, MaxBytes


class Note(BodyModel):
    text: Annotated[str | None, MaxBytes(4)] = None


def test_null_passes_where_the_type_allows_it() -> None:
    """It has no bytes to count, and a TypeError in a validator is answered as our own failure."""
    assert Note.model_validate_json('{"text":null}').text is None


@pytest.mark.parametrize("text", ["abcde", "\u00e9\u00e9x", "a\x00"])
def test_an_optional_text_is_limited_all_the_same(text: str) -> None:
    with pytest.raises(ValidationError):
        Note(text=text)
