"""A request that signing makes valid must not be counted as one that was to be refused."""

from types import SimpleNamespace
from typing import Any

import pytest
from schemathesis.core.parameters import ParameterLocation

from signet_testing.fuzz.hooks import is_worth_sending

REQUIRED = ["X-Content-SHA256", "X-Sign", "X-Timestamp"]


def case(headers: dict[str, str], location: ParameterLocation = ParameterLocation.HEADER) -> Any:
    """A case that claims to lack some of what is required."""
    mutation = SimpleNamespace(
        keywords=("required",), parameter=None, parameter_location=location, original_value=REQUIRED
    )
    meta = SimpleNamespace(phase=SimpleNamespace(data=SimpleNamespace(mutations=(mutation,))))
    return SimpleNamespace(meta=meta, body={}, headers=headers)


@pytest.mark.parametrize("kept", [REQUIRED, ["X-Content-SHA256", "X-Sign"], ["X-Content-SHA256"]])
def test_lacking_only_what_the_signer_adds_is_not_worth_sending(kept: list[str]) -> None:
    """It arrives whole."""
    assert not is_worth_sending(None, case(dict.fromkeys(kept, "a")))


@pytest.mark.parametrize("kept", [[], ["X-Sign"], ["X-Sign", "X-Timestamp"]])
def test_lacking_another_header_is_worth_sending(kept: list[str]) -> None:
    """Nobody adds the digest."""
    assert is_worth_sending(None, case(dict.fromkeys(kept, "a")))


def test_what_a_body_lacks_is_not_looked_for_in_the_headers() -> None:
    """Nobody adds to a body."""
    assert is_worth_sending(None, case(dict.fromkeys(REQUIRED, "a"), ParameterLocation.BODY))
