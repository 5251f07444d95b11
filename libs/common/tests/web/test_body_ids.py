"""An id or any whole number in a body is whatever JSON Schema calls an integer, and nothing else."""

from typing import Annotated

import pytest
from pydantic import Field, ValidationError

from signet_common.web.schemas import MAX_ID, WHOLE, BodyId, BodyModel, BodyWhole


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


class Numbers(BodyModel):
    balance: BodyWhole = 0
    priority: Annotated[int, Field(ge=1, le=5), WHOLE] = 1


def test_whole_numbers_keep_to_their_limits_and_export_them() -> None:
    """A limit that the contract does not show is one that clients and the fuzzer run into."""
    assert Numbers.model_validate({"balance": -MAX_ID, "priority": 5.0}) == Numbers(balance=-MAX_ID, priority=5)
    for refused in ({"balance": MAX_ID + 1}, {"balance": 0.5}, {"priority": 0}, {"priority": True}):
        with pytest.raises(ValidationError):
            Numbers.model_validate(refused)
    exported = Numbers.model_json_schema()["properties"]["priority"]
    assert (exported["type"], exported["minimum"], exported["maximum"]) == ("integer", 1, 5)
