"""Grants as the gateway gets them, out of a real database, against a reference that only reads what was set up.

The rules of `test_permission_properties` are about values; here roles, keys and accounts are rows that change after the
key was made, and what counts is how they stand at the moment of the grant.
"""

import secrets
from dataclasses import dataclass

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

OPERATIONS = ("demo:create", "user:query", "user:update", "role:query")
SCOPES = ("own", "any")
Role = frozenset[tuple[str, str]]

roles = st.frozensets(st.tuples(st.sampled_from(OPERATIONS), st.sampled_from(SCOPES)), max_size=5)
several = st.lists(roles, max_size=3)


@dataclass(frozen=True)
class Case:
    """What somebody has at first, what a key of theirs is limited to, and what becomes of it all."""

    first: list[Role]
    limit: frozenset[str] | None
    limit_later: frozenset[str] | None
    now: list[Role]
    user_active: bool
    key_active: bool
    narrowed: Role | None
    """What the first of today's roles holds in the end, where somebody changes the role itself."""


cases = st.builds(
    Case,
    first=several,
    limit=st.none() | st.frozensets(st.sampled_from(OPERATIONS), min_size=1),
    limit_later=st.none() | st.frozensets(st.sampled_from(OPERATIONS), min_size=1),
    now=several,
    user_active=st.sampled_from((True, True, True, False)),
    key_active=st.sampled_from((True, True, True, False)),
    narrowed=st.none() | roles,
)


def may(case: Case, operation: str, *, own: bool) -> bool:
    """The reference: nobody inactive; within the key's limit; and some role of this moment says so."""
    if not case.user_active or not case.key_active:
        return False
    limit = case.limit if case.limit_later is None else case.limit_later
    if limit is not None and operation not in limit:
        return False
    held = list(case.now)
    if held and case.narrowed is not None:
        held[0] = case.narrowed
    return any((operation, "any") in role or (own and (operation, "own") in role) for role in held)


@settings(
    max_examples=20,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # an example costs a dozen requests, and shrinking tries hundreds
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(case=cases)
def test_a_grant_says_what_roles_key_and_account_say_at_this_moment(sqlite_api, case):
    """Neither what they said when the key was made, nor a part of it."""
    grant, explained = granted(sqlite_api, case)
    active = (grant["user_state"], grant["credential_state"]) == ("active", "active")
    for operation in OPERATIONS:
        scope = grant["permissions"].get(operation)
        for own in (True, False):
            allowed = active and (scope == "any" or (scope == "own" and own))
            assert allowed is may(case, operation, own=own), (operation, own, grant)
        assert explained[operation] is may(case, operation, own=True), operation


def granted(api, case):
    """Set it up through the views, in the order in which it would happen; the grant, and how access is explained."""
    first, now = ([made_role(api, role) for role in roles] for roles in (case.first, case.now))
    user = api.user(name(), *(role["role_name"] for role in first))["user_id"]
    limit = {} if case.limit is None else {"permissions": sorted(case.limit)}
    key = api.data("POST", "/api/v1/api-keys", {"user_id": user, **limit})
    path = f"/api/v1/api-keys/{key['api_key_id']}"
    if case.limit_later is not None:
        api.data("PATCH", path, {"permissions": sorted(case.limit_later)})
    api.data("PATCH", f"/api/v1/users/{user}", {"roles": [role["role_name"] for role in now]})
    if now and case.narrowed is not None:
        api.data("PATCH", f"/api/v1/roles/{now[0]['role_id']}", {"permissions": listed(case.narrowed)})
    if not case.key_active:
        api.data("DELETE", path)
    if not case.user_active:
        api.data("PATCH", f"/api/v1/users/{user}", {"user_state": "inactive"})
    grant = api.data("POST", "/internal/grants", {"kind": "api_key", "credential": key["api_key"]})
    asked = f"user_id={user}&api_key_id={key['api_key_id']}"
    explain = f"/api/v1/access/explain?{asked}&permission="
    return grant, {operation: api.data("GET", explain + operation)["allowed"] for operation in OPERATIONS}


def made_role(api, role):
    return api.data("POST", "/api/v1/roles", {"role_name": name(), "permissions": listed(role)})


def listed(role):
    return [{"permission": permission, "scope": scope} for permission, scope in sorted(role)]


def name():
    return f"n{secrets.token_hex(6)}"
