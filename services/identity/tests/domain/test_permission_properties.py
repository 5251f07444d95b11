"""Rights, checked against a reference that is too simple to be wrong: it asks each permission about each single act.

The product folds permissions into one scope per name and compares those; the reference never folds anything.
"""

from collections.abc import Iterable

from hypothesis import example, given
from hypothesis import strategies as st

from signet_identity.domain.permissions import EVERYTHING, Permission, Rights, Scope

RESOURCES = ("demo", "user")
VERBS = ("create", "query", "dance")
NAMES = tuple(f"{resource}:{verb}" for resource in RESOURCES for verb in VERBS)
TOMORROWS = "file:fold"
"""An operation that no contract names yet: only the wildcard reaches it."""

permissions = st.builds(Permission, st.sampled_from((*NAMES, EVERYTHING)), st.sampled_from(Scope))
roles = st.lists(st.lists(permissions, max_size=5), max_size=4)
operations = st.sets(st.sampled_from(NAMES))


def may(held: Iterable[Permission], operation: str, *, own: bool) -> bool:
    """The reference: is there one permission that names the operation, or all of them, and reaches the object?"""
    for permission in held:
        named = permission.name in (operation, EVERYTHING)
        if named and (own or permission.scope == Scope.ANY):
            return True
    return False


def flat(held: Iterable[Iterable[Permission]]) -> list[Permission]:
    return [permission for role in held for permission in role]


def says_yes(scope: str | None, *, own: bool) -> bool:
    """How gateway and services read what a grant says of one operation."""
    return scope == "any" or (scope == "own" and own)


@given(roles, operations)
@example([[Permission(EVERYTHING, Scope.OWN)], [Permission("demo:query", Scope.ANY)]], {"demo:query"})
def test_a_grant_allows_what_some_role_allows_and_nothing_else(held: list[list[Permission]], known: set[str]) -> None:
    """An operation that the contracts do not name is reached by naming it, never through the wildcard."""
    named = [permission for permission in flat(held) if permission.name != EVERYTHING]
    granted = Rights.of(flat(held)).expanded(known)
    for operation in NAMES:
        for own in (True, False):
            expected = may(flat(held) if operation in known else named, operation, own=own)
            assert says_yes(granted.get(operation), own=own) is expected, (operation, own)


@given(roles, operations)
def test_no_star_ever_leaves_in_a_grant(held: list[list[Permission]], known: set[str]) -> None:
    """The gateway compares names; a star there would be the name of nothing, or of everything."""
    granted = Rights.of(flat(held)).expanded(known)
    assert not [name for name in granted if "*" in name]
    assert set(granted.values()) <= {"own", "any"}


@given(roles, roles)
def test_covering_means_that_no_single_act_is_missing(
    mine: list[list[Permission]], yours: list[list[Permission]]
) -> None:
    """Whoever may hand out a role could have done every act of it themselves, tomorrow's operations included."""
    acts = [(operation, own) for operation in (*NAMES, TOMORROWS) for own in (True, False)]
    lacking = [act for act in acts if may(flat(yours), act[0], own=act[1]) and not may(flat(mine), act[0], own=act[1])]
    assert Rights.of(flat(mine)).covers(Rights.of(flat(yours))) is not bool(lacking)


@given(roles, st.randoms())
def test_neither_order_nor_repetition_of_roles_matters(held: list[list[Permission]], chance: object) -> None:
    """Rows come in whatever order a database likes."""
    shuffled = flat(held) * 2
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert Rights.of(shuffled) == Rights.of(flat(held))


@given(roles, roles)
def test_another_role_never_takes_anything_away(held: list[list[Permission]], more: list[list[Permission]]) -> None:
    """There are no negative permissions; a rule that subtracts would make the order of checks matter."""
    assert Rights.of(flat(held) + flat(more)).covers(Rights.of(flat(held)))


@given(roles, roles)
def test_a_limited_key_may_do_what_its_user_and_its_limit_both_allow(
    held: list[list[Permission]], limit: list[list[Permission]]
) -> None:
    """Neither more than the user may at the moment, nor more than the key was made for; and nothing less."""
    both = Rights.of(flat(held)).intersection(Rights.of(flat(limit)))
    left = [Permission(name, scope) for name, scope in both.scopes.items()]
    for operation in (*NAMES, TOMORROWS):
        for own in (True, False):
            expected = may(flat(held), operation, own=own) and may(flat(limit), operation, own=own)
            assert may(left, operation, own=own) is expected, (operation, own)
