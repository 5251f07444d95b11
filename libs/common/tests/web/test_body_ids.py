"""An id in a body is whatever JSON Schema calls an integer, and nothing else."""

import pytest
from pydantic import ValidationError

from signet_common.web.schemas import MAX_ID, BodyId, BodyModel


class Body(BodyModel):
    user_id: BodyId


@pytest.mark.parametrize("value", [7, 7.0])
def test_whole_number_is_an_id_however_it_is_written(value: object) -> None:
    """Some JSON writers know no integers."""
    assert Body.model_validate({"user_id": value}).user_id == 7


@pytest.mark.parametrize("value", [7.5, "7", True, 0, MAX_ID + 1, 1e300, float("inf"), None])
def test_anything_else_is_refused(value: object) -> None:
    """No value is guessed from another type."""
    with pytest.raises(ValidationError):
        Body.model_validate({"user_id": value})
