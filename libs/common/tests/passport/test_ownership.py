"""Which things a caller reaches: whatever the scope does not widen stays narrow."""

import pytest

from signet_common.passport import Passport, owner_filter


def caller(scope: str, user_id: int | None) -> Passport:
    return Passport("gateway", "resources", "r1", "GET", "/", "", user_id=user_id, scope=scope)


@pytest.mark.parametrize("scope", ["own", "", "ANY", "new"])
def test_any_scope_but_any_reaches_what_is_the_callers(scope: str) -> None:
    assert owner_filter(caller(scope, 7)) == 7


@pytest.mark.parametrize("user_id", [7, None])
def test_scope_any_reaches_everything(user_id: int | None) -> None:
    assert owner_filter(caller("any", user_id)) is None


@pytest.mark.parametrize("scope", ["own", ""])
def test_a_caller_that_is_no_user_owns_nothing(scope: str) -> None:
    """None would mean everybody's; an id below 1 is nobody's."""
    owner = owner_filter(caller(scope, None))
    assert owner is not None
    assert owner < 1
