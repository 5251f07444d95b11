"""An explanation that disagreed with the grants would be worse than none."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from signet_identity.domain.credentials import ApiKey
from signet_identity.domain.explanation import Outcome, Standing, explain
from signet_identity.domain.permissions import EVERYTHING, Permission, Rights, Scope
from signet_identity.domain.roles import Role
from signet_identity.domain.users import State, User

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OPERATIONS = ("demo:create", "demo:query", "user:query")
ADA = User(1, "ada", None, None, None, State.ACTIVE, (), None, None, 1, NOW, None, NOW, None)
KEY = ApiKey(1, 1, "ak_x", "laptop", None, None, State.ACTIVE, None, None, 1, NOW, 1, NOW, 1)

permissions = st.builds(Permission, st.sampled_from((*OPERATIONS, EVERYTHING)), st.sampled_from(Scope))
held_roles = st.lists(st.lists(permissions, max_size=4).map(tuple), max_size=3)
limits = st.none() | st.lists(st.sampled_from(OPERATIONS)).map(tuple)


def roles(held: list[tuple[Permission, ...]]) -> list[Role]:
    return [Role(n, f"role{n}", "", one, 1, NOW, None, NOW, None) for n, one in enumerate(held)]


@given(held_roles, limits, st.sampled_from(State), st.sampled_from(State), st.sampled_from((*OPERATIONS, "made:up")))
def test_an_explanation_says_what_a_grant_would(held, limit, user_state, key_state, permission) -> None:
    """Same rows, same answer: allowed, and the scope."""
    key = replace(KEY, permissions=limit, api_key_state=key_state)
    standing = Standing(replace(ADA, user_state=user_state), roles(held), key)
    told = explain(permission, standing, OPERATIONS, NOW)
    rights = Rights.of(one for role in held for one in role)
    granted = (rights if key.limit is None else rights.intersection(key.limit)).expanded(OPERATIONS)
    works = State.INACTIVE not in (user_state, key_state)
    assert told.scope == (granted.get(permission) if works else None)
    assert told.allowed is (told.scope is not None)
    assert told.steps[-1].rule == "decision"


def test_the_steps_name_what_decides() -> None:
    """Whoever asks wants to know which role to change, or which key to use."""
    standing = Standing(ADA, roles([(Permission("demo:query", Scope.OWN),), ()]), replace(KEY, permissions=()))
    told = explain("demo:query", standing, OPERATIONS, NOW)
    outcomes = [(step.rule, step.outcome) for step in told.steps]
    assert ("role", Outcome.ALLOWS) in outcomes
    assert ("role", Outcome.SILENT) in outcomes
    assert ("limit", Outcome.REFUSES) in outcomes
    assert not told.allowed
