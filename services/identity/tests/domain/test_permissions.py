"""Rights decide who may hand out what: an error here is an escalation."""

import pytest

from signet_identity.domain.permissions import Permission, Rights, Scope
from signet_identity.domain.roles import ADMINISTRATOR, SEEDED_ROLES


def rights(**scopes: Scope) -> Rights:
    return Rights.of(Permission(name.replace("__", ":"), scope) for name, scope in scopes.items())


EVERYTHING = Rights.of([Permission("*:*", Scope.ANY)])


def test_any_wins_over_own_whichever_role_comes_first() -> None:
    """Two roles unite: the order in which rows are read must not change what somebody may do."""
    own, any_ = Permission("demo:query", Scope.OWN), Permission("demo:query", Scope.ANY)
    assert Rights.of([own, any_]).scopes == Rights.of([any_, own]).scopes == {"demo:query": Scope.ANY}


@pytest.mark.parametrize(
    ("holder", "other", "covered"),
    [
        (rights(demo__query=Scope.ANY), rights(demo__query=Scope.OWN), True),
        (rights(demo__query=Scope.OWN), rights(demo__query=Scope.ANY), False),
        (rights(demo__query=Scope.OWN), rights(demo__query=Scope.OWN), True),
        (rights(demo__query=Scope.ANY), rights(demo__query=Scope.ANY, demo__delete=Scope.OWN), False),
        (rights(demo__query=Scope.ANY), EVERYTHING, False),
        (EVERYTHING, rights(demo__query=Scope.ANY, made__up=Scope.ANY), True),
        (EVERYTHING, EVERYTHING, True),
        (rights(), rights(), True),
    ],
)
def test_rights_cover_exactly_what_they_contain(holder: Rights, other: Rights, covered: bool) -> None:
    """This comparison alone keeps users from granting what they lack."""
    assert holder.covers(other) is covered


STAR_OWN = Rights.of([Permission("*:*", Scope.OWN), Permission("demo:query", Scope.ANY)])


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        (rights(demo__query=Scope.ANY), rights(demo__query=Scope.OWN), {"demo:query": "own"}),
        (rights(demo__query=Scope.OWN), rights(demo__query=Scope.ANY, demo__delete=Scope.ANY), {"demo:query": "own"}),
        (EVERYTHING, rights(demo__query=Scope.ANY), {"demo:query": "any"}),
        (EVERYTHING, EVERYTHING, {"*:*": "any"}),
        (STAR_OWN, EVERYTHING, {"*:*": "own", "demo:query": "any"}),
        (STAR_OWN, rights(demo__query=Scope.ANY, made__up=Scope.ANY), {"demo:query": "any", "made:up": "own"}),
        (rights(demo__query=Scope.ANY), rights(demo__delete=Scope.ANY), {}),
        (rights(), EVERYTHING, {}),
    ],
)
def test_an_intersection_is_what_both_allow(one: Rights, other: Rights, both: dict[str, str]) -> None:
    """A key held to a subset does no more than its user may, and no more than the subset names."""
    assert one.intersection(other).scopes == other.intersection(one).scopes == both
    assert one.covers(one.intersection(other))
    assert other.covers(one.intersection(other))


def test_the_wildcard_becomes_the_operations_that_the_contracts_name() -> None:
    """The gateway compares concrete names, so no star may reach it."""
    assert EVERYTHING.expanded({"demo:create", "record:query"}) == {"demo:create": "any", "record:query": "any"}


def test_concrete_rights_stay_as_they_are_when_expanded() -> None:
    """Only the wildcard reads the contracts: others must not grow with them."""
    assert rights(demo__query=Scope.OWN).expanded({"demo:create"}) == {"demo:query": "own"}


def test_only_the_administrator_is_seeded_with_everything() -> None:
    """A star slipped into another seeded role would be an escalation in every installation."""
    holders = [name for name, seed in SEEDED_ROLES.items() if Rights.of(seed.permissions).covers(EVERYTHING)]
    assert holders == [ADMINISTRATOR]


@pytest.mark.parametrize("role", SEEDED_ROLES)
def test_a_seeded_role_names_each_permission_once(role: str) -> None:
    """Two scopes of one permission would be two answers to one question."""
    names = [permission.name for permission in SEEDED_ROLES[role].permissions]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("role", ["operator", "auditor"])
def test_whoever_looks_after_the_files_of_others_reads_none_of_them(role: str) -> None:
    """What a file holds is its owner's: care of it takes its name, its state and a proof that it is whole."""
    seeded = Rights.of(SEEDED_ROLES[role].permissions)
    assert seeded.scope_of("file:query") is seeded.scope_of("file:verify") is Scope.ANY
    for beyond in ("file:download", "file:delete", "file_key:rotate"):
        assert seeded.scope_of(beyond) is not Scope.ANY


def test_jobs_are_run_by_operators_and_looked_at_by_auditors() -> None:
    """They do the work of the whole platform, and tell of everybody's: an ordinary user has nothing to do with them."""
    about_jobs = ("job:", "run:", "schedule:", "mail:")
    held = {
        role: {permission.name for permission in seed.permissions if permission.name.startswith(about_jobs)}
        for role, seed in SEEDED_ROLES.items()
    }
    assert {"job:run", "run:cancel", "schedule:delete", "mail:create"} < held["operator"]
    assert held["auditor"] == {name for name in held["operator"] if name.endswith(":query")}
    assert held["user"] == set()
