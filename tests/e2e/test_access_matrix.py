"""Every operation of every contract, for every seeded role, on one's own object and on another's.

What must come out follows from two things alone: the permission that the contract asks for, and the permissions that
the role is shown with. An operation that a service adds is in the matrix as soon as it is in its contract.
"""

import json
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from signet_protocol.return_codes import ReturnCode
from signet_testing.access import OBJECTS, OWNERLESS, Cast, Member, as_session, request_of, thing
from signet_testing.contract_operations import ContractOperation, read_operations
from signet_testing.platform import Platform
from signet_testing.raw_http import RawAnswer, RawRequest, send
from signet_testing.signed_api import SignedApi

pytestmark = pytest.mark.e2e

ON_ONE_PROFILE = pytest.mark.parametrize("platform", ["embedded"], indirect=True)
"""Who may do what is decided in processes that do not know the profile; what they read is proven on every engine."""
OPERATIONS = list(read_operations(Path(__file__).parents[2] / "contracts" / "openapi"))
SIGNED = [operation for operation in OPERATIONS if not operation.public]
ROLES = ("administrator", "operator", "auditor", "user", None)
Permissions = Iterable[Mapping[str, str]]


@dataclass(frozen=True)
class Stage:
    """A platform, and what its roles are shown to permit."""

    cast: Cast
    roles: Mapping[str, Permissions]


@pytest.fixture(scope="module")
def stage(platform: Platform) -> Stage:
    admin = SignedApi(platform.port, platform.first_run.credential)
    shown = admin.call("GET", "/api/v1/roles?per_page=100").envelope["data"]["roles"]
    return Stage(Cast(admin, OPERATIONS), {role["role_name"]: role["permissions"] for role in shown})


def widest_scope(held: Permissions, wanted: str) -> str | None:
    """The reference: look at each permission and remember the best."""
    best = None
    for permission in held:
        if permission["name"] in (wanted, "*:*"):
            if permission["scope"] == "any":
                return "any"
            best = "own"
    return best


def name_of(operation: ContractOperation) -> str:
    return operation.name


@pytest.mark.parametrize("operation", OPERATIONS, ids=name_of)
def test_every_operation_says_who_may_call_it(operation: ContractOperation) -> None:
    """Neither a permission nor public: nobody has thought about it. Both: somebody has thought wrongly."""
    assert (operation.permission is not None) != operation.public, f"{operation.method} {operation.path}"
    kind = operation.object_kind
    assert kind is None or kind in OBJECTS, f"say in signet_testing.access.OBJECTS how somebody comes by a {kind}"


@ON_ONE_PROFILE
@pytest.mark.parametrize("operation", OPERATIONS, ids=name_of)
def test_nobody_gets_in_without_a_credential(stage: Stage, operation: ContractOperation) -> None:
    """A public operation may say no for its own reasons, but asks for no signature."""
    target = operation.path.replace("{", "").replace("}", "")
    body = json.dumps(operation.minimal_body()).encode() if operation.body_schema else b""
    fresh = (("X-Timestamp", str(int(time.time()))), ("X-Nonce", secrets.token_hex(16)))
    headers = (*fresh, *([("Content-Type", "application/json")] if body else []))
    answer = send(stage.cast.admin.port, RawRequest(operation.method, target, headers, body))
    if operation.public:
        assert answer.code not in {ReturnCode.AUTH_PARAMS_REQUIRED, ReturnCode.SIGN_REQUIRED}
        assert answer.code // 1000 not in {403, 404, 405}
    else:
        assert answer.code == ReturnCode.AUTH_PARAMS_REQUIRED


@ON_ONE_PROFILE
@pytest.mark.parametrize("role", ROLES, ids=str)
@pytest.mark.parametrize("operation", SIGNED, ids=name_of)
def test_a_role_reaches_what_its_permissions_say_and_nothing_else(
    stage: Stage, operation: ContractOperation, role: str | None
) -> None:
    """No permission: 403 by kind. Out of scope: as if there were nothing. Otherwise it is done."""
    assert operation.permission is not None
    scope = widest_scope(stage.roles[role] if role else (), operation.permission)
    for whose in ("own", "other") if concerns_somebody(operation) else ("own",):
        actor, owner, made = players(stage.cast, operation, role, whose)
        answer = perform(stage.cast, operation, actor, owner, made)
        told = (operation.name, role, scope, whose, answer)
        if scope is None:
            assert answer.code == refused(operation), told
        elif operation.listed_kind:
            assert_lists(operation.listed_kind, made, answer, visible=whose == "own" or scope == "any", scope=scope)
        elif whose == "other" and scope == "own":
            assert answer.code == ReturnCode.RESOURCE_NOT_FOUND, told
        else:
            assert answer.code == ReturnCode.SUCCESS, (*told, "does it need an entry in signet_testing.access.BODIES?")


def refused(operation: ContractOperation) -> ReturnCode:
    """The code for who lacks the permission: reading, making, or changing is what they may not do."""
    if operation.permission is not None and operation.permission.endswith(":create"):
        return ReturnCode.RESOURCE_CREATE_FORBIDDEN
    reads = operation.method == "GET"
    return ReturnCode.RESOURCE_ACCESS_FORBIDDEN if reads else ReturnCode.RESOURCE_WRITE_FORBIDDEN


def concerns_somebody(operation: ContractOperation) -> bool:
    """Whether the outcome depends on whose thing it is about."""
    kind = operation.object_kind or operation.listed_kind
    return operation.names_a_user or (kind is not None and kind not in OWNERLESS)


def players(
    cast: Cast, operation: ContractOperation, role: str | None, whose: str
) -> tuple[Member, Member, int | str | None]:
    """Who calls, whose thing it is about, and the thing's id; all of them new, so that no case disturbs another."""
    kind = operation.object_kind or operation.listed_kind
    with_password = kind == "session_id" or "session" in operation.path or operation.name == "changePassword"
    actor = cast.member(password=with_password)
    owner = actor if whose == "own" else cast.member(password=with_password)
    made = None if operation.object_kind is None and kind in OWNERLESS else thing(cast, operation, owner)
    if whose == "other":
        owner = cast.settle(owner, None)  # nobody manages somebody who may do more than they may themselves
    actor = cast.settle(actor, role)
    return as_session(cast, actor) if operation.path.endswith("/current") else actor, owner, made


def perform(
    cast: Cast, operation: ContractOperation, actor: Member, owner: Member, made: int | str | None
) -> RawAnswer:
    """Make the request as the contract says it, about the owner's thing."""
    assert actor.credential is not None
    return cast.admin.as_(actor.credential).call(operation.method, *request_of(operation, actor, owner, made))


def assert_lists(kind: str, made: int | str | None, answer: RawAnswer, *, visible: bool, scope: str) -> None:
    """With scope `own` one's own things are listed and another's are not; with `any` there is no such limit."""
    if not visible and answer.code == ReturnCode.RESOURCE_NOT_FOUND:
        return
    assert answer.code == ReturnCode.SUCCESS, answer
    if kind in OWNERLESS or scope == "any":
        return
    assert made is not None, f"say in signet_testing.access.OBJECTS how somebody comes by a {kind}"
    (items,) = [part for part in answer.envelope["data"].values() if isinstance(part, list)]
    assert (made in [item[kind] for item in items]) is visible, answer
