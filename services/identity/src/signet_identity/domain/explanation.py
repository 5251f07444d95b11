"""Why somebody may do something, or may not: the same rules as a grant, told one at a time."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from signet_identity.domain.credentials import ApiKey
from signet_identity.domain.permissions import EVERYTHING, Rights, Scope, nearest
from signet_identity.domain.roles import Role
from signet_identity.domain.users import State, User


class Outcome(StrEnum):
    """What a rule says: go on, stop, here is something, or nothing here."""

    PASSES = "passes"
    REFUSES = "refuses"
    ALLOWS = "allows"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Step:
    """One rule and what it says, in words for people."""

    rule: str
    outcome: Outcome
    detail: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer, and each step on the way to it."""

    permission: str
    user_id: int
    allowed: bool
    scope: Scope | None
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """Somebody's rights of the moment. `api_key` is the key they would sign with; None: a session."""

    user: User
    roles: Sequence[Role]
    api_key: ApiKey | None


def explain(permission: str, standing: Standing, operations: Collection[str], now: datetime) -> Explanation:
    """Say whether a permission is held, and why. Everything is denied that nothing allows."""
    steps = [_operation(permission, operations), _user(standing.user)]
    steps += [_role(role, permission) for role in standing.roles]
    united = Rights.of(held for role in standing.roles for held in role.permissions)
    steps.append(_union(united.scope_of(permission)))
    steps += _credential(permission, standing.api_key, now)
    refused = any(step.outcome is Outcome.REFUSES for step in steps)
    scope = None if refused else united.scope_of(permission)
    verdict = f"allowed, scope {scope}" if scope else "denied"
    steps.append(Step("decision", Outcome.ALLOWS if scope else Outcome.REFUSES, verdict))
    return Explanation(permission, standing.user.user_id, scope is not None, scope, tuple(steps))


def _operation(permission: str, operations: Collection[str]) -> Step:
    if permission in operations:
        return Step("operation", Outcome.PASSES, f"a contract asks for {permission}")
    told = f"no contract asks for {permission}: there is nothing to allow{nearest(permission, operations)}"
    return Step("operation", Outcome.REFUSES, told)


def _user(user: User) -> Step:
    outcome = Outcome.PASSES if user.user_state is State.ACTIVE else Outcome.REFUSES
    return Step("user_state", outcome, f"the user {user.user_name} is {user.user_state}")


def _role(role: Role, permission: str) -> Step:
    named, star = role.rights.scopes.get(permission), role.rights.scopes.get(EVERYTHING)
    if star is not None and named is not Scope.ANY:
        detail = f"{role.role_name} holds {EVERYTHING}, which includes {permission}, scope {star}"
        return Step("role", Outcome.ALLOWS, detail)
    if named is not None:
        return Step("role", Outcome.ALLOWS, f"{role.role_name} holds {permission}, scope {named}")
    return Step("role", Outcome.SILENT, f"{role.role_name} does not hold {permission}")


def _union(scope: Scope | None) -> Step:
    if scope is None:
        return Step("union", Outcome.REFUSES, "no role of the user allows it, and what nothing allows is denied")
    return Step("union", Outcome.ALLOWS, f"together the roles allow it, the widest scope being {scope}")


def _credential(permission: str, api_key: ApiKey | None, now: datetime) -> list[Step]:
    if api_key is None:
        return [Step("credential", Outcome.PASSES, "no API key limits it: a session has all the rights of its user")]
    state = api_key.state_at(now)
    named = f"the API key {api_key.key_name!r}"
    steps = [
        Step("credential", Outcome.PASSES if state is State.ACTIVE else Outcome.REFUSES, f"{named} is {state}"),
    ]
    if api_key.limit is None:
        return [*steps, Step("limit", Outcome.PASSES, f"{named} has all the rights of its user")]
    if api_key.limit.scope_of(permission) is None:
        return [*steps, Step("limit", Outcome.REFUSES, f"{named} is limited to other permissions")]
    return [*steps, Step("limit", Outcome.PASSES, f"{named} is limited to a few permissions, {permission} among them")]
